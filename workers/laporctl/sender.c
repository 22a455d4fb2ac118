/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Settings and media of `webhook send`. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/input.h"
#include "laporctl/sender.h"
#include "laporctl/web.h"
#include "lib/conf.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/timeutil.h"


#define SENDER_ENV_MAX    65536
#define SENDER_MEDIA_MAX  ((size_t) 100 * 1024 * 1024)  /* Meta's largest */


static int read_env(struct ctl_sender *s);
static char *setting(struct ctl_sender *s, const char *option,
    const char *name);
static int open_secret(struct ctl_sender *s);
static int open_from_conf(struct ctl_sender *s);
static int read_sets(struct ctl_sender *s);
static char *join(struct ctl_sender *s, const char *one, const char *two,
    struct lapor_str three);
static int upload(void *data, struct ctl_medium *medium, char *err,
    size_t size);
static int upload_bytes(struct ctl_sender *s, struct ctl_medium *medium,
    const struct lapor_buf *bytes, char *err, size_t size);
static int read_answer(struct ctl_sender *s, const struct lapor_buf *body,
    struct ctl_medium *medium);
static char *media_path(struct ctl_sender *s, struct lapor_str file);
static const char *content_type(struct lapor_str file);


int
lapor_ctl_sender_open(struct ctl_sender *s)
{
    char                   *demo_dir;
    int64_t                 base;
    const char             *profile;
    struct lapor_http_conf  conf;

    if (read_env(s) == -1 || open_secret(s) == -1) {
        return CTL_EXIT_FAILED;
    }

    s->url = setting(s, "url", "LAPOR_WEBHOOK_URL");
    s->graph_url = setting(s, "graph-url", "LAPOR_GRAPH_URL");
    s->template.numbers = setting(s, "phone-number-id",
                                  "LAPOR_PHONE_NUMBER_IDS");

    if (s->template.numbers == NULL) {
        s->template.numbers = setting(s, NULL, "LAPOR_PHONE_NUMBER_ID");
    }

    demo_dir = setting(s, "demo-dir", "LAPOR_DEMO_DIR");
    profile = lapor_ctl_opt(s->args, "profile");

    if (s->url == NULL || s->secret == NULL) {
        if (open_from_conf(s) == -1) {
            return CTL_EXIT_CONFIG;
        }
    }

    if (profile != NULL) {
        s->profile_dir = join(s, demo_dir == NULL ? LAPOR_DATADIR "/demo"
                              : demo_dir, "/", lapor_str_from(profile));
    }

    base = lapor_ctl_number(s->args, "from-base",
                            (int64_t) lapor_random(CTL_FROM_COUNT), 0,
                            CTL_FROM_COUNT - 1);
    s->template.from_next = base;
    s->template.upload = upload;
    s->template.data = s;

    if (read_sets(s) == -1) {
        return CTL_EXIT_USAGE;
    }

    memset(&conf, 0, sizeof(conf));
    s->http = lapor_http_new(&conf);

    return 0;
}


void
lapor_ctl_sender_close(struct ctl_sender *s)
{
    lapor_http_free(s->http);

    if (s->secret != NULL) {
        explicit_bzero(s->secret, strlen(s->secret));
        free(s->secret);
    }
}


/* Lines of --env FILE become variables of ours; they win over those that
 * were there. */

static int
read_env(struct ctl_sender *s)
{
    char              *line, *next, *equals;
    const char        *path;
    struct lapor_buf   text;

    path = lapor_ctl_opt(s->args, "env");

    if (path == NULL) {
        return 0;
    }

    lapor_buf_init(&text);

    if (lapor_ctl_read(path, SENDER_ENV_MAX, &text) == -1) {
        lapor_ctl_fail("%s: %s", path, strerror(errno));
        lapor_buf_free(&text);
        return -1;
    }

    lapor_buf_addc(&text, '\n');

    for (line = text.data; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');

        if (next != NULL) {
            *next++ = '\0';
        }

        equals = strchr(line, '=');

        if (equals != NULL && strncmp(line, "LAPOR_", 6) == 0) {
            *equals = '\0';
            setenv(line, equals + 1, 1);
        }
    }

    lapor_buf_wipe(&text);
    return 0;
}


/* Option, else variable; an empty one counts as absent. In the pool. */

static char *
setting(struct ctl_sender *s, const char *option, const char *name)
{
    const char  *value;

    value = option == NULL ? NULL : lapor_ctl_opt(s->args, option);

    if (value == NULL) {
        value = getenv(name);
    }

    if (value == NULL || *value == '\0') {
        return NULL;
    }

    return lapor_pool_strndup(s->pool, value, strlen(value));
}


static int
open_secret(struct ctl_sender *s)
{
    char         err[300];
    const char  *value;

    value = lapor_ctl_opt(s->args, "secret-file");

    if (value != NULL) {
        if (lapor_conf_secret(value, &s->secret, err, sizeof(err)) == -1) {
            lapor_ctl_fail("%s", err);
            return -1;
        }

        return 0;
    }

    value = getenv("LAPOR_APP_SECRET");

    if (value != NULL && *value != '\0') {
        s->secret = strdup(value);

        if (s->secret == NULL) {
            lapor_fatal_memory();
        }
    }

    return 0;
}


static int
open_from_conf(struct ctl_sender *s)
{
    char                    err[512];
    const struct ctl_conf  *conf;

    conf = lapor_ctl_conf_try(s->args->conf_file, err, sizeof(err));

    if (conf == NULL) {
        lapor_ctl_fail("%s is not given, and %s", s->url == NULL ? "--url"
                       : "--secret-file", err);
        return -1;
    }

    if (s->url == NULL) {
        s->url = conf->webhook_url;
    }

    if (s->template.numbers == NULL) {
        s->template.numbers = conf->phone_number_id;
    }

    if (s->secret == NULL && conf->app_secret != NULL
        && lapor_conf_secret(conf->app_secret, &s->secret, err, sizeof(err))
           == -1)
    {
        lapor_ctl_fail("%s", err);
        return -1;
    }

    if (s->url == NULL || s->secret == NULL) {
        lapor_ctl_fail("webhook_url and app_secret must be given");
        return -1;
    }

    return 0;
}


static int
read_sets(struct ctl_sender *s)
{
    int              pos;
    const char      *text, *equals;
    struct ctl_set  *set;

    pos = 0;

    while ((text = lapor_ctl_next(s->args, "set", &pos)) != NULL) {
        equals = strchr(text, '=');

        if (equals == NULL) {
            lapor_ctl_usage(s->args, "--set is KEY=VALUE");
            return -1;
        }

        set = lapor_pool_alloc(s->pool, sizeof(*set));
        set->key.data = text;
        set->key.len = (size_t) (equals - text);
        set->value = lapor_str_from(equals + 1);
        set->next = s->template.sets;
        s->template.sets = set;
    }

    return 0;
}


static char *
join(struct ctl_sender *s, const char *one, const char *two,
    struct lapor_str three)
{
    char              *text;
    struct lapor_buf   buf;

    lapor_buf_init(&buf);
    lapor_buf_addz(&buf, one);
    lapor_buf_addz(&buf, two);
    lapor_buf_adds(&buf, three);
    text = lapor_pool_strndup(s->pool, lapor_buf_cstr(&buf), buf.len);
    lapor_buf_free(&buf);

    return text;
}


static int
upload(void *data, struct ctl_medium *medium, char *err, size_t size)
{
    int                 rc;
    char               *path;
    struct lapor_buf    bytes;
    struct ctl_sender  *s;

    s = data;

    if (s->graph_url == NULL) {
        snprintf(err, size, "--graph-url is needed for media");
        return -1;
    }

    path = media_path(s, medium->file);
    lapor_buf_init(&bytes);

    if (lapor_ctl_read(path, SENDER_MEDIA_MAX, &bytes) == -1) {
        snprintf(err, size, "%s: %s", path, strerror(errno));
        lapor_buf_free(&bytes);
        return -1;
    }

    rc = upload_bytes(s, medium, &bytes, err, size);
    lapor_buf_free(&bytes);

    return rc;
}


static int
upload_bytes(struct ctl_sender *s, struct ctl_medium *medium,
    const struct lapor_buf *bytes, char *err, size_t size)
{
    int             rc;
    char           *type, *url;
    struct ctl_web  web;
    const char     *headers[1];

    url = join(s, s->graph_url, "/_emulator/media", LAPOR_STR_NONE);
    type = join(s, "Content-Type: ", content_type(medium->file),
                LAPOR_STR_NONE);
    headers[0] = type;

    memset(&web, 0, sizeof(web));
    lapor_ctl_web(s->http, url, headers, 1, lapor_buf_cstr(bytes),
                  bytes->len, &web);

    rc = web.status == 200 ? read_answer(s, &web.body, medium) : -1;

    if (rc == -1) {
        snprintf(err, size, "%s: status %ld %s", url, web.status, web.error);
    }

    lapor_buf_free(&web.body);
    return rc;
}


static int
read_answer(struct ctl_sender *s, const struct lapor_buf *body,
    struct ctl_medium *medium)
{
    struct lapor_json        *root;
    struct lapor_json_error   error;

    if (lapor_json_parse(s->pool, lapor_buf_cstr(body), body->len, &root,
                         &error) == -1)
    {
        return -1;
    }

    medium->id = lapor_json_get_text(root, "id");
    medium->sha256 = lapor_json_get_text(root, "sha256");

    return medium->id.len > 0 && medium->sha256.len > 0 ? 0 : -1;
}


/* Of the profile, else beside the directory in which the webhook lies. */

static char *
media_path(struct ctl_sender *s, struct lapor_str file)
{
    char        *dir;
    const char  *slash;

    if (s->profile_dir != NULL) {
        return join(s, s->profile_dir, "/media/", file);
    }

    slash = strrchr(s->path, '/');

    if (slash == NULL) {
        return join(s, "../media", "/", file);
    }

    dir = lapor_pool_strndup(s->pool, s->path, (size_t) (slash - s->path));

    return join(s, dir, "/../media/", file);
}


/* As WhatsApp announces these files. */

static const char *
content_type(struct lapor_str file)
{
    size_t  i, len;

    static const struct {
        const char  *end;
        const char  *type;
    } types[] = {
        { ".jpg", "image/jpeg" },
        { ".png", "image/png" },
        { ".webp", "image/webp" },
        { ".mp4", "video/mp4" },
        { ".ogg", "audio/ogg; codecs=opus" },
        { ".pdf", "application/pdf" },
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        len = strlen(types[i].end);

        if (file.len > len
            && strncmp(file.data + file.len - len, types[i].end, len) == 0)
        {
            return types[i].type;
        }
    }

    return "application/octet-stream";
}
