/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * URLs are taken apart by libcurl's own parser, the one that will connect:
 * two parsers that disagree would make the list worthless.
 */

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/heap.h"
#include "lib/log.h"
#include "media/allow.h"


struct lapor_origin {
    char  *scheme;      /* libcurl's memory, all three */
    char  *host;
    char  *port;
    bool   below;       /* any host below this one */
};

struct lapor_allow {
    struct lapor_origin  *origins;
    size_t                n;
};


static int lapor_allow_item(struct lapor_allow *a, const char *text,
    size_t len);
static int lapor_origin_read(const char *url, struct lapor_origin *ret_origin);
static void lapor_origin_free(struct lapor_origin *origin);
static bool lapor_origin_match(const struct lapor_origin *allowed,
    const struct lapor_origin *origin);


struct lapor_allow *
lapor_allow_new(const char *list, char *err, size_t size)
{
    size_t               len;
    const char          *p;
    struct lapor_allow  *a;

    a = calloc(1, sizeof(struct lapor_allow));
    if (a == NULL) {
        lapor_fatal_memory();
    }

    for (p = list; *p != '\0'; p += len) {
        p += strspn(p, ", \t");
        len = strcspn(p, ", \t");

        if (len > 0 && lapor_allow_item(a, p, len) == -1) {
            (void) snprintf(err, size, "\"%.*s\" is not an origin",
                            (int) len, p);
            lapor_allow_free(a);
            return NULL;
        }
    }

    return a;
}


/* A star is no part of a host for libcurl, so it is taken away first. */

static int
lapor_allow_item(struct lapor_allow *a, const char *text, size_t len)
{
    int    rc;
    char  *copy, *star;
    bool   below;

    copy = lapor_heap_copyn(text, len);
    star = strstr(copy, "://*.");
    below = star != NULL;

    if (below) {
        memmove(star + 3, star + 5, strlen(star + 5) + 1);
    }

    rc = -1;

    if (strchr(copy, '*') == NULL) {
        rc = lapor_allow_add(a, copy);
    }

    if (rc == 0) {
        a->origins[a->n - 1].below = below;
    }

    free(copy);
    return rc;
}


int
lapor_allow_add(struct lapor_allow *a, const char *url)
{
    struct lapor_origin   origin, *grown;

    if (lapor_origin_read(url, &origin) == -1) {
        return -1;
    }

    grown = realloc(a->origins, (a->n + 1) * sizeof(struct lapor_origin));
    if (grown == NULL) {
        lapor_fatal_memory();
    }

    a->origins = grown;
    a->origins[a->n++] = origin;

    return 0;
}


void
lapor_allow_free(struct lapor_allow *a)
{
    size_t  i;

    if (a == NULL) {
        return;
    }

    for (i = 0; i < a->n; i++) {
        lapor_origin_free(&a->origins[i]);
    }

    free(a->origins);
    free(a);
}


bool
lapor_allow_check(const struct lapor_allow *a, const char *url)
{
    bool                 found;
    size_t               i;
    struct lapor_origin  origin;

    if (lapor_origin_read(url, &origin) == -1) {
        return false;
    }

    found = false;

    for (i = 0; i < a->n && !found; i++) {
        found = lapor_origin_match(&a->origins[i], &origin);
    }

    lapor_origin_free(&origin);
    return found;
}


static int
lapor_origin_read(const char *url, struct lapor_origin *ret_origin)
{
    int     rc;
    char   *user, *password;
    CURLU  *u;

    memset(ret_origin, 0, sizeof(struct lapor_origin));
    user = NULL;
    password = NULL;
    rc = -1;

    u = curl_url();
    if (u == NULL) {
        lapor_fatal_memory();
    }

    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK
        || curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_NO_USER
        || curl_url_get(u, CURLUPART_PASSWORD, &password, 0)
           != CURLUE_NO_PASSWORD)
    {
        goto done;
    }

    if (curl_url_get(u, CURLUPART_SCHEME, &ret_origin->scheme, 0)
        != CURLUE_OK
        || curl_url_get(u, CURLUPART_HOST, &ret_origin->host, 0) != CURLUE_OK
        || curl_url_get(u, CURLUPART_PORT, &ret_origin->port,
                        CURLU_DEFAULT_PORT) != CURLUE_OK)
    {
        goto done;
    }

    if (strcasecmp(ret_origin->scheme, "https") == 0
        || strcasecmp(ret_origin->scheme, "http") == 0)
    {
        rc = 0;
    }

done:

    if (rc == -1) {
        lapor_origin_free(ret_origin);
    }

    curl_free(user);
    curl_free(password);
    curl_url_cleanup(u);
    return rc;
}


static void
lapor_origin_free(struct lapor_origin *origin)
{
    curl_free(origin->scheme);
    curl_free(origin->host);
    curl_free(origin->port);
    memset(origin, 0, sizeof(struct lapor_origin));
}


static bool
lapor_origin_match(const struct lapor_origin *allowed,
    const struct lapor_origin *origin)
{
    size_t       want, have;
    const char  *tail;

    if (strcasecmp(allowed->scheme, origin->scheme) != 0
        || strcmp(allowed->port, origin->port) != 0)
    {
        return false;
    }

    if (!allowed->below) {
        return strcasecmp(allowed->host, origin->host) == 0;
    }

    want = strlen(allowed->host);
    have = strlen(origin->host);

    if (have < want + 2) {
        return false;
    }

    tail = origin->host + have - want;

    return tail[-1] == '.' && strcasecmp(tail, allowed->host) == 0;
}
