/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Configuration and connections of laporctl. Secrets are named here as files
 * and read by the command that needs them, so that a person who may not read
 * one can still use the others.
 */

#include <stdlib.h>
#include <string.h>

#include "laporctl/ctl.h"
#include "lib/conf.h"


#define CTL_ENTRY(name, help)                                                 \
    { "laporctl", #name, LAPOR_CONF_STRING, offsetof(struct ctl_conf, name),  \
      NULL, help, 0, 0, 0 }

static const struct lapor_conf_entry  entries[] = {
    LAPOR_COMMON_ENTRIES,
    CTL_ENTRY(app_secret, "file or cred:NAME with the app secret"),
    CTL_ENTRY(verify_token, "file or cred:NAME with the handshake's token"),
    CTL_ENTRY(graph_token, "file or cred:NAME with the Graph API's token"),
    CTL_ENTRY(phone_number_id, "number to ask the Graph API for"),
    { "laporctl", "waba_id", LAPOR_CONF_LIST,
      offsetof(struct ctl_conf, waba_id), NULL,
      "WhatsApp accounts to ask for, else those of the last webhooks", 0, 0,
      0 },
    CTL_ENTRY(app_id, "Meta's id of our app, to know it among others"),
    CTL_ENTRY(webhook_url, "where Meta posts webhooks"),
    CTL_ENTRY(demo_dir, "where the demo profiles are"),
    { "laporctl", "spool", LAPOR_CONF_STRING,
      offsetof(struct ctl_conf, spool), "/var/spool/lapor/nginx",
      "directory of nginx's lapor_spool, or off", 0, 0, 0 },
};

#define NENTRIES  (sizeof(entries) / sizeof(entries[0]))

static struct ctl_conf  loaded;
static int              is_loaded;


const struct ctl_conf *
lapor_ctl_conf_try(const char *file, char *err, size_t size)
{
    if (is_loaded) {
        return &loaded;
    }

    if (file == NULL) {
        file = LAPOR_SYSCONFDIR "/lapor/lapor.conf";
    }

    if (lapor_conf_load(file, entries, NENTRIES, "laporctl", &loaded, err,
                        size) == -1)
    {
        return NULL;
    }

    if (lapor_common_check(&loaded.common, err, size) == -1) {
        return NULL;
    }

    is_loaded = 1;
    return &loaded;
}


const struct ctl_conf *
lapor_ctl_conf(const struct ctl_args *args)
{
    char                    err[512];
    const struct ctl_conf  *conf;

    conf = lapor_ctl_conf_try(args->conf_file, err, sizeof(err));

    if (conf == NULL) {
        lapor_ctl_fail("%s", err);
        exit(CTL_EXIT_CONFIG);
    }

    return conf;
}


struct lapor_pg *
lapor_ctl_pg(const struct ctl_conf *conf)
{
    char                   err[256];
    struct lapor_pg       *pg;
    struct lapor_pg_conf   settings;

    lapor_common_pg(&conf->common, "laporctl", &settings);
    pg = lapor_pg_new(&settings, err, sizeof(err));

    if (pg == NULL) {
        lapor_ctl_fail("database: %s", err);
        exit(CTL_EXIT_CONFIG);
    }

    if (lapor_pg_connect(pg) != LAPOR_PG_OK) {
        lapor_pg_free(pg);
        exit(CTL_EXIT_FAILED);
    }

    return pg;
}


struct lapor_redis *
lapor_ctl_redis(const struct ctl_conf *conf)
{
    struct lapor_redis       *r;
    struct lapor_redis_conf   settings;

    lapor_common_redis(&conf->common, "laporctl", &settings);
    r = lapor_redis_new(&settings);

    if (lapor_redis_connect(r) == -1) {
        lapor_ctl_fail("redis: no connection to %s", settings.address);
        lapor_redis_free(r);
        exit(CTL_EXIT_FAILED);
    }

    return r;
}


int
lapor_ctl_pg_fail(const struct lapor_pg *pg, const char *what)
{
    const char  *state;

    state = lapor_pg_sqlstate(pg);

    return lapor_ctl_fail("%s: %s%s%s", what, lapor_pg_error(pg),
                          state[0] == '\0' ? "" : " sqlstate=", state);
}


/* An empty list would say that the unit has nothing. */

int
lapor_ctl_unit_known(struct lapor_pg *pg, struct lapor_pool *pool,
    const char *code)
{
    int                    status;
    PGresult              *res;
    struct lapor_pgparams  p;

    if (code == NULL) {
        return 0;
    }

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_cstr(&p, code);

    if (lapor_pg_exec(pg, "SELECT 1 FROM lapor.unit WHERE unit_code = $1", &p,
                      &res) != LAPOR_PG_OK)
    {
        return lapor_ctl_pg_fail(pg, "unit");
    }

    status = PQntuples(res) == 0
             ? lapor_ctl_fail("there is no unit \"%s\"", code) : 0;

    PQclear(res);
    return status;
}
