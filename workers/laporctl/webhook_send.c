/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl webhook send: what Meta does with a webhook, from files. Bodies
 * are signed as they are after expansion and posted one after another.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "laporctl/input.h"
#include "laporctl/sender.h"
#include "laporctl/template.h"
#include "laporctl/web.h"
#include "lib/codec.h"
#include "lib/sha256.h"


#define SEND_MAX  ((size_t) 64 * 1024 * 1024)


static int send_all(struct ctl_sender *s, int64_t rounds);
static int send_file(struct ctl_sender *s, const char *path);
static int post(struct ctl_sender *s, const char *path,
    const struct lapor_buf *body);
static void print(struct ctl_sender *s, const char *path,
    const struct ctl_web *web);
static void print_values(const struct ctl_sender *s, struct lapor_buf *buf,
    const char *name, enum ctl_value_kind kind);
static int find_files(struct ctl_sender *s);
static int is_json(const struct dirent *entry);


const struct ctl_option  lapor_ctl_webhook_send_options[] = {
    { "profile", "NAME", "all webhooks of a demo profile, by name" },
    { "count", "N", "the whole set N times, each time with fresh values" },
    { "url", "URL", "default $LAPOR_WEBHOOK_URL" },
    { "secret-file", "FILE", "the app secret, default $LAPOR_APP_SECRET" },
    { "env", "FILE", "read LAPOR_... from KEY=value lines" },
    { "graph-url", "URL", "the emulator, for {{media:...}}; default "
      "$LAPOR_GRAPH_URL" },
    { "phone-number-id", "ID[,ID]", "for {{phone_number_id}}; default "
      "$LAPOR_PHONE_NUMBER_IDS" },
    { "set", "KEY=VALUE", "for {{set:KEY}}; may stand more than once" },
    { "from-base", "N", "first number of {{from:NAME}}, 0 to 9999" },
    { "demo-dir", "DIR", "default $LAPOR_DEMO_DIR, else " LAPOR_DATADIR
      "/demo" },
    { NULL, NULL, NULL }
};


int
lapor_ctl_webhook_send(struct ctl_args *args)
{
    int                status;
    int64_t            rounds;
    struct ctl_sender  s;

    rounds = lapor_ctl_number(args, "count", 1, 1, 10000000);
    memset(&s, 0, sizeof(s));
    s.args = args;
    s.pool = lapor_pool_create(65536);
    s.template.pool = s.pool;
    s.template.round = lapor_pool_create(65536);
    status = lapor_ctl_sender_open(&s);

    if (status == 0) {
        status = find_files(&s);
    }

    if (status == 0) {
        status = send_all(&s, rounds);
    }

    lapor_ctl_sender_close(&s);
    lapor_pool_destroy(s.template.round);
    lapor_pool_destroy(s.pool);

    return status;
}


static int
send_all(struct ctl_sender *s, int64_t rounds)
{
    int      status;
    size_t   i;
    int64_t  round;

    status = 0;

    for (round = 0; round < rounds; round++) {
        lapor_ctl_template_round(&s->template);

        for (i = 0; i < s->nfiles; i++) {
            if (send_file(s, s->files[i]) != 0) {
                status = CTL_EXIT_FAILED;
            }
        }
    }

    return status;
}


static int
send_file(struct ctl_sender *s, const char *path)
{
    int               status;
    char              err[400];
    struct lapor_buf  text, body;

    lapor_buf_init(&text);
    lapor_buf_init(&body);
    s->path = path;

    if (lapor_ctl_read(path, SEND_MAX, &text) == -1) {
        status = lapor_ctl_fail("%s: %s", path, strerror(errno));

    } else if (lapor_ctl_template_expand(&s->template, lapor_buf_cstr(&text),
                                         text.len, &body, err, sizeof(err))
               == -1)
    {
        status = lapor_ctl_fail("%s:%s", path, err);

    } else {
        status = post(s, path, &body);
    }

    lapor_buf_free(&text);
    lapor_buf_free(&body);

    return status;
}


static int
post(struct ctl_sender *s, const char *path, const struct lapor_buf *body)
{
    int              status;
    char             signature[96];
    const char      *headers[3];
    struct ctl_web   web;
    unsigned char    digest[LAPOR_SHA256_LEN];

    lapor_hmac_sha256(s->secret, strlen(s->secret), lapor_buf_cstr(body),
                      body->len, digest);

    memcpy(signature, "X-Hub-Signature-256: sha256=", 28);
    lapor_hex_encode(digest, sizeof(digest), signature + 28);

    headers[0] = "Content-Type: application/json";
    headers[1] = signature;
    headers[2] = "User-Agent: laporctl";

    memset(&web, 0, sizeof(web));
    lapor_ctl_web(s->http, s->url, headers, 3, lapor_buf_cstr(body),
                  body->len, &web);
    print(s, path, &web);
    status = web.status == 200 ? 0 : CTL_EXIT_FAILED;

    if (web.status == 0) {
        status = lapor_ctl_fail("%s: %s", path, web.error);
    }

    lapor_buf_free(&web.body);
    return status;
}


static void
print(struct ctl_sender *s, const char *path, const struct ctl_web *web)
{
    struct lapor_buf  buf;

    if (!s->args->json) {
        printf("%s %ld\n", path, web->status);
        fflush(stdout);
        return;
    }

    lapor_buf_init(&buf);
    lapor_buf_addc(&buf, '{');
    lapor_buf_json_member(&buf, "file", lapor_str_from(path));
    lapor_buf_json_key(&buf, "status");
    lapor_buf_printf(&buf, "%ld", web->status);
    print_values(s, &buf, "from", CTL_VALUE_FROM);
    print_values(s, &buf, "user_id", CTL_VALUE_USER_ID);
    print_values(s, &buf, "wamid", CTL_VALUE_WAMID);
    lapor_buf_addc(&buf, '}');

    puts(lapor_buf_cstr(&buf));
    fflush(stdout);
    lapor_buf_free(&buf);
}


static void
print_values(const struct ctl_sender *s, struct lapor_buf *buf,
    const char *name, enum ctl_value_kind kind)
{
    const struct ctl_value  *v;

    lapor_buf_json_key(buf, name);
    lapor_buf_addc(buf, '{');

    for (v = s->template.values; v != NULL; v = v->next) {
        if (v->used && v->kind == kind) {
            lapor_buf_json_comma(buf);
            lapor_buf_json(buf, v->name);
            lapor_buf_addc(buf, ':');
            lapor_buf_json(buf, v->text);
        }
    }

    lapor_buf_addc(buf, '}');
}


/* Those of the line, then those of the profile. */

static int
find_files(struct ctl_sender *s)
{
    int                i, n;
    char              *path;
    struct dirent    **names;
    struct lapor_buf   dir;

    n = 0;
    names = NULL;
    lapor_buf_init(&dir);

    if (s->profile_dir != NULL) {
        lapor_buf_printf(&dir, "%s/webhooks", s->profile_dir);
        n = scandir(lapor_buf_cstr(&dir), &names, is_json, alphasort);
    }

    if (n == -1) {
        lapor_ctl_fail("%s: %s", lapor_buf_cstr(&dir), strerror(errno));
        lapor_buf_free(&dir);
        return CTL_EXIT_FAILED;
    }

    s->files = lapor_pool_alloc(s->pool, sizeof(char *)
                                * ((size_t) s->args->n + (size_t) n + 1));

    for (i = 0; i < s->args->n; i++) {
        s->files[s->nfiles++] = s->args->files[i];
    }

    for (i = 0; i < n; i++) {
        path = lapor_pool_bytes(s->pool, dir.len + 1
                                + strlen(names[i]->d_name) + 1);
        memcpy(path, dir.data, dir.len);
        path[dir.len] = '/';
        memcpy(path + dir.len + 1, names[i]->d_name,
               strlen(names[i]->d_name) + 1);
        s->files[s->nfiles++] = path;
        free(names[i]);
    }

    free(names);
    lapor_buf_free(&dir);

    if (s->nfiles == 0) {
        return lapor_ctl_usage(s->args, "name a FILE or a --profile");
    }

    return 0;
}


static int
is_json(const struct dirent *entry)
{
    size_t  len;

    len = strlen(entry->d_name);

    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}
