/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Where media may be fetched from. The access token travels with the request,
 * so a URL that Meta's answer, or a redirect, names is used only when its
 * origin stands on a list (Cloud API, media download).
 */

#ifndef LAPOR_MEDIA_ALLOW_H
#define LAPOR_MEDIA_ALLOW_H


#include <stdbool.h>
#include <stddef.h>


struct lapor_allow;


/*
 * list: origins as https, colon, two slashes, a host, and perhaps a port,
 * separated by blanks or commas. "*.example.com" for a host is any host below
 * it, but not itself. NULL and a reason in err when one of them is none.
 */
struct lapor_allow *lapor_allow_new(const char *list, char *err, size_t size);
void lapor_allow_free(struct lapor_allow *a);

/* Adds one more origin, that of a URL; -1 when it is none. */
int lapor_allow_add(struct lapor_allow *a, const char *url)
    __attribute__((warn_unused_result));

/* False also for what is no URL, or one with a user or password. */
bool lapor_allow_check(const struct lapor_allow *a, const char *url);


#endif
