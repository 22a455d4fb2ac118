/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The requests, made once and sent as they are.  The file has, for each
 * webhook, a line `LENGTH SIGNATURE` (64 hex digits), the body and a line end.
 */

#include "t/bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define LOAD_BODY_MAX   (64u * 1024 * 1024)
#define LOAD_HEAD_MAX   1024
#define LOAD_HEX        64


static void load_request_read(FILE *file, const struct load_conf *conf,
    size_t len, char *signature, struct load_request *ret_request);
static size_t load_request_head(char *head, const struct load_conf *conf,
    size_t len, char *signature);
static void load_requests_fail(const struct load_conf *conf, const char *what)
    __attribute__((noreturn));


void
load_requests_read(const struct load_conf *conf,
    struct load_requests *ret_requests)
{
    int                   n;
    char                  signature[LOAD_HEX + 1];
    FILE                 *file;
    size_t                len, room;
    struct load_request  *list;

    memset(ret_requests, 0, sizeof(*ret_requests));
    room = 0;

    file = fopen(conf->bodies, "r");
    if (file == NULL) {
        load_requests_fail(conf, "could not be opened");
    }

    while ((n = fscanf(file, "%8zu %64[0-9a-f]", &len, signature)) == 2) {

        if (len == 0 || len > LOAD_BODY_MAX || getc(file) != '\n'
            || strlen(signature) != LOAD_HEX)
        {
            load_requests_fail(conf, "has a bad line");
        }

        if (ret_requests->n == room) {
            room = room ? room * 2 : 1024;
            list = realloc(ret_requests->list, room * sizeof(*list));

            if (list == NULL) {
                load_requests_fail(conf, "does not fit into memory");
            }

            ret_requests->list = list;
        }

        list = &ret_requests->list[ret_requests->n++];
        load_request_read(file, conf, len, signature, list);
        ret_requests->bytes += list->len;
    }

    if (n != EOF || ferror(file) || ret_requests->n == 0) {
        load_requests_fail(conf, "has a bad line or no webhook");
    }

    (void) fclose(file);
    ret_requests->next = conf->seed % ret_requests->n;
}


static void
load_request_read(FILE *file, const struct load_conf *conf, size_t len,
    char *signature, struct load_request *ret_request)
{
    char    head[LOAD_HEAD_MAX];
    size_t  head_len;

    head_len = load_request_head(head, conf, len, signature);

    ret_request->len = head_len + len;
    ret_request->data = malloc(ret_request->len);

    if (ret_request->data == NULL) {
        load_requests_fail(conf, "does not fit into memory");
    }

    memcpy(ret_request->data, head, head_len);

    if (fread(ret_request->data + head_len, 1, len, file) != len
        || getc(file) != '\n')
    {
        load_requests_fail(conf, "ends within a body");
    }
}


static size_t
load_request_head(char *head, const struct load_conf *conf, size_t len,
    char *signature)
{
    int   n;
    char  line[LOAD_HEX + 64];

    switch (conf->forge) {
    case LOAD_FORGE_WRONG:
        signature[LOAD_HEX / 2] = signature[LOAD_HEX / 2] == '0' ? '1' : '0';
        break;
    case LOAD_FORGE_MALFORMED:
        signature[LOAD_HEX / 2] = 'x';
        break;
    case LOAD_FORGE_NOT:
    case LOAD_FORGE_MISSING:
        break;
    }

    line[0] = '\0';

    if (conf->forge != LOAD_FORGE_MISSING) {
        (void) snprintf(line, sizeof(line),
                        "X-Hub-Signature-256: sha256=%s\r\n", signature);
    }

    n = snprintf(head, LOAD_HEAD_MAX,
                 "POST %s HTTP/1.1\r\n"
                 "Host: localhost\r\n"
                 "User-Agent: facebookexternalua\r\n"
                 "Accept: */*\r\n"
                 "Content-Type: application/json\r\n"
                 "%s"
                 "Content-Length: %zu\r\n\r\n",
                 conf->uri, line, len);

    if (n < 0 || n >= LOAD_HEAD_MAX) {
        load_requests_fail(conf, "goes to too long a --uri");
    }

    return (size_t) n;
}


const struct load_request *
load_requests_next(struct load_requests *requests)
{
    const struct load_request  *request;

    request = &requests->list[requests->next];

    if (++requests->next == requests->n) {
        requests->next = 0;
    }

    return request;
}


void
load_requests_free(struct load_requests *requests)
{
    size_t  i;

    for (i = 0; i < requests->n; i++) {
        free(requests->list[i].data);
    }

    free(requests->list);
}


static void
load_requests_fail(const struct load_conf *conf, const char *what)
{
    fprintf(stderr, "load: %s %s\n", conf->bodies, what);
    exit(1);
}
