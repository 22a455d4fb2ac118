/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/conf: the file's syntax, every type, bounds, secrets, the dump. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/common.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "t/unit/tap.h"


struct conf {
    char                    *name;
    int64_t                  count;
    int64_t                  size;
    int64_t                  wait;
    bool                     flag;
    struct lapor_conf_list   list;
    char                    *token;
    char                    *must;
};

#define ENTRY(section, type, name, value, flags, min, max)                    \
    { section, #name, type, offsetof(struct conf, name), value, "help",       \
      flags, min, max }

static const struct lapor_conf_entry  entries[] = {
    ENTRY(NULL, LAPOR_CONF_STRING, name, "none", 0, 0, 0),
    ENTRY(NULL, LAPOR_CONF_INT, count, "5", 0, -1, 100),
    ENTRY("intake", LAPOR_CONF_SIZE, size, "8k", 0, 0, 0),
    ENTRY("intake", LAPOR_CONF_DURATION, wait, "1500ms", 0, 0, 0),
    ENTRY("intake", LAPOR_CONF_BOOL, flag, "on", 0, 0, 0),
    ENTRY("intake", LAPOR_CONF_LIST, list, NULL, 0, 0, 0),
    ENTRY("intake", LAPOR_CONF_STRING, token, NULL, LAPOR_CONF_SECRET_FILE, 0,
          0),
    ENTRY("intake", LAPOR_CONF_STRING, must, NULL, LAPOR_CONF_REQUIRED, 0, 0),
    ENTRY("media", LAPOR_CONF_STRING, must, NULL, LAPOR_CONF_REQUIRED, 0, 0)
};

#define N  (sizeof(entries) / sizeof(entries[0]))


static void put(const char *path, const char *text, mode_t mode);
static int load(const char *text);
static void refused(const char *text, const char *reason);
static void test_values(void);
static void test_errors(void);
static void test_secrets(void);
static void test_dump(void);
static void test_common(void);
static void test_empty(void);
static void test_reload(void);
static void test_reload_wrong(const struct lapor_conf_spec *spec);
static int check(const void *data, char *reason, size_t size);
static const char *logged(char *text, size_t size);


static char         dir[] = "/tmp/lapor-conf-XXXXXX";
static char         file[64];
static char         secret[64];
static char         err[512];
static struct conf  conf;
static int          pipes[2];


static void
put(const char *path, const char *text, mode_t mode)
{
    FILE  *f;

    /* one that nobody may write stands there from before */
    (void) unlink(path);
    f = fopen(path, "w");

    if (f == NULL) {
        abort();
    }

    fputs(text, f);
    fclose(f);
    (void) chmod(path, mode);
}


static int
load(const char *text)
{
    put(file, text, 0600);
    err[0] = '\0';

    return lapor_conf_load(file, entries, N, "intake", &conf, err, sizeof(err));
}


static void
refused(const char *text, const char *reason)
{
    char  want[512];

    (void) snprintf(want, sizeof(want), "%s%s", file, reason);

    is(load(text), -1, "refused: %s", reason);
    is_str(err, want, "and says why");
}


static void
test_values(void)
{
    is(load("[intake]\nmust = x\n"), 0, "defaults");
    is_str(conf.name, "none", "string");
    is(conf.count, 5, "int");
    is(conf.size, 8192, "size");
    is(conf.wait, 1500, "duration");
    ok(conf.flag, "bool");
    is(conf.list.n, 0, "list");
    ok(conf.token == NULL, "string without default");
    lapor_conf_free(entries, N, "intake", &conf);
    ok(conf.name == NULL && conf.size == 0, "freed");

    is(load("# comment\n\n  name =  two words = yes # no comment \r\n"
            "count=-1\n"
            "[media]\nno such key\nmust = 1\n"
            "[ intake ]\n\tmust =x\nsize = 2g\nwait = 3h\nflag = off\n"
            "list = a, b c ,d\ncount = 7"), 0, "everything set");
    is_str(conf.name, "two words = yes # no comment", "rest of the line");
    is(conf.count, 7, "own section wins over common");
    is(conf.size, INT64_C(2) << 30, "size with unit");
    is(conf.wait, 3 * 3600 * 1000, "duration with unit");
    ok(!conf.flag, "off");
    is(conf.list.n, 3, "items of list");
    is_str(conf.list.items[1], "b c", "item keeps inner blanks");
    is_str(conf.list.items[2], "d", "last item");
    lapor_conf_free(entries, N, "intake", &conf);
}


static void
test_errors(void)
{
    refused("[intake]\n", ": key \"must\" is missing in section intake");
    refused("nmae = x\n", ":1: there is no key \"nmae\" before the sections");
    refused("size = 1k\n", ":1: there is no key \"size\" before the sections");
    refused("[intake]\nbatch = 1\n",
            ":2: there is no key \"batch\" in section intake");
    refused("count = 1\ncount = 1\n",
            ":2: key \"count\" stands twice, first in line 1");
    refused("count = 101\n", ":1: key \"count\" wants -1 to 100, not 101");
    refused("count = 1k\n",
            ":1: key \"count\" wants a whole number, not \"1k\"");
    refused("[intake]\nsize = 9999999999g\n",
            ":2: key \"size\" wants a size like 512, 8k or 20m, not "
            "\"9999999999g\"");
    refused("[intake]\nwait = 5\n",
            ":2: key \"wait\" wants a duration like 500ms, 2s, 5m, 1h or 1d, "
            "not \"5\"");
    refused("[intake]\nflag = yes\n",
            ":2: key \"flag\" wants on or off, not \"yes\"");
    refused("[intake]\nlist = a,,b\n", ":2: list \"list\" has an empty item");
    refused("[intake]\nlist = a,\n", ":2: list \"list\" has an empty item");
    refused("name =\n", ":1: key \"name\" has no value");
    refused("hello\n", ":1: line is neither \"key = value\" nor "
            "\"[section]\"");
    refused("[intake\n", ":1: section is not closed");
    refused("[intak]\nmust = x\n", ":1: there is no section \"intak\"");

    ok(conf.name == NULL && conf.must == NULL, "nothing left after an error");

    (void) unlink(file);
    is(lapor_conf_load(file, entries, N, "intake", &conf, err, sizeof(err)), -1,
       "no file");
}


static void
test_secrets(void)
{
    char  text[256];

    (void) snprintf(text, sizeof(text), "[intake]\nmust = x\ntoken = %s\n",
                    secret);

    put(secret, "s3cret\n", 0600);
    is(load(text), 0, "secret from a file");
    is_str(conf.token, "s3cret", "without its line end");
    lapor_conf_free(entries, N, "intake", &conf);

    put(secret, "s3cret\n", 0644);
    is(load(text), -1, "secret that others can read");
    ok(strstr(err, "open to others, mode 0644") != NULL, "and says why");
    ok(strstr(err, "s3cret") == NULL, "without the secret");

    put(secret, "\n", 0600);
    is(load(text), -1, "empty secret");

    put(secret, "a\nb\n", 0600);
    is(load(text), -1, "secret of two lines");

    put(secret, "s3cret", 0444);
    (void) unsetenv("CREDENTIALS_DIRECTORY");
    is(load("[intake]\nmust = x\ntoken = cred:secret\n"), -1,
       "credential without its directory");
    (void) setenv("CREDENTIALS_DIRECTORY", dir, 1);
    is(load("[intake]\nmust = x\ntoken = cred:secret\n"), 0, "credential");
    is_str(conf.token, "s3cret", "read");
    lapor_conf_free(entries, N, "intake", &conf);
    is(load("[intake]\nmust = x\ntoken = cred:../secret\n"), -1,
       "credential with a path");
}


static void
test_dump(void)
{
    char    *text;
    FILE    *out;
    size_t   len;

    put(secret, "s3cret", 0600);
    is(load("name = n\n[intake]\nmust = x\nsize = 1536\nwait = 90s\n"
            "list = a,b\ntoken = cred:secret\n"), 0, "loaded");

    text = NULL;
    out = open_memstream(&text, &len);
    lapor_conf_dump(out, entries, N, "intake", &conf);
    fclose(out);
    lapor_conf_free(entries, N, "intake", &conf);

    is_str(text, "name = n\ncount = 5\n\n[intake]\nsize = 1536\nwait = 90s\n"
           "flag = on\nlist = a, b\n# token = (hidden)\nmust = x\n",
           "dumped with secrets hidden");
    is(load(text), 0, "dump loads again");
    is(conf.wait, 90000, "with the same values");

    lapor_conf_free(entries, N, "intake", &conf);
    free(text);
}


/* file is what lapor_conf_main() was told; the log goes to a pipe. */

static void
test_reload(void)
{
    char    log[4096];
    size_t  i;

    static struct lapor_conf_entry  live[N];
    struct lapor_conf_spec          spec = {
        .program = "t", .section = "intake", .entries = live, .n = N,
        .size = sizeof(struct conf), .check = check
    };
    char                           *argv[] = {
        (char *) "t", (char *) "-c", file, NULL
    };

    memcpy(live, entries, sizeof(entries));

    for (i = 0; i < N; i++) {
        live[i].flags |= strcmp(live[i].name, "count") == 0
                         || strcmp(live[i].name, "token") == 0
                         || strcmp(live[i].name, "list") == 0
                         || strcmp(live[i].name, "flag") == 0
                         ? LAPOR_CONF_LIVE : 0;
    }

    put(secret, "one", 0600);
    put(file, "count = 1\n[intake]\nmust = x\nlist = a\ntoken = cred:secret\n",
        0600);
    memset(&conf, 0, sizeof(conf));
    lapor_conf_main(3, argv, &spec, &conf);
    is_str(conf.token, "one", "the start");

    is(lapor_conf_reload(&spec, &conf), 0, "nothing has changed");
    ok(strstr(logged(log, sizeof(log)), "changed=0 waiting=0") != NULL,
       "and the log says so");

    put(secret, "two", 0600);
    put(file, "count = 2\nname = other\n[intake]\nmust = y\nlist = a, b\n"
        "flag = off\nsize = 1k\ntoken = cred:secret\n", 0600);
    is(lapor_conf_reload(&spec, &conf), 0, "much has changed");
    ok(conf.count == 2 && conf.list.n == 2 && !conf.flag, "what may, does");
    is_str(conf.token, "two", "the secret's file was read again");
    ok(strcmp(conf.must, "x") == 0 && strcmp(conf.name, "none") == 0
       && conf.size == 8192, "what may not, does not");
    (void) logged(log, sizeof(log));
    ok(strstr(log, "a changed setting waits for a restart key=must") != NULL
       && strstr(log, "restart key=name") != NULL
       && strstr(log, "restart key=size") != NULL
       && strstr(log, "changed=4 waiting=3") != NULL, "and the log says which");
    ok(strstr(log, "two") == NULL, "without the secret");

    test_reload_wrong(&spec);
    lapor_conf_free(live, N, "intake", &conf);
}


static void
test_reload_wrong(const struct lapor_conf_spec *spec)
{
    char  log[4096];

    put(file, "count = 3\n[intake]\nmust = y\nbatch = 1\n", 0600);
    is(lapor_conf_reload(spec, &conf), -1, "a wrong file");
    (void) logged(log, sizeof(log));
    ok(strstr(log, file) != NULL && strstr(log, ":4: there is no key") != NULL,
       "is told with its line: %s", log);
    put(file, "count = 66\n[intake]\nmust = y\n", 0600);
    is(lapor_conf_reload(spec, &conf), -1, "one that the check refuses");
    ok(strstr(logged(log, sizeof(log)), ": not that") != NULL, "likewise");
    put(file, "count = 3\n[intake]\nmust = y\ntoken = cred:absent\n", 0600);
    is(lapor_conf_reload(spec, &conf), -1, "a secret that is not there");
    (void) unlink(file);
    is(lapor_conf_reload(spec, &conf), -1, "no file");
    ok(conf.count == 2 && strcmp(conf.token, "two") == 0,
       "all is as it was before");
}


static int
check(const void *data, char *reason, size_t size)
{
    const struct conf  *c;

    c = data;
    (void) snprintf(reason, size, "not that");

    return c->count == 66 ? -1 : 0;
}


/* What was logged since, without waiting. */

static const char *
logged(char *text, size_t size)
{
    ssize_t  n;

    n = read(pipes[0], text, size - 1);
    text[n > 0 ? n : 0] = '\0';

    return text;
}


static void
test_empty(void)
{
    struct lapor_common  common;

    static const struct lapor_conf_entry  table[] = { LAPOR_COMMON_ENTRIES };

    put(file, "metrics = 127.0.0.1:9101\n[intake]\nmetrics =\n", 0600);
    memset(&common, 0, sizeof(common));
    is(lapor_conf_load(file, table, sizeof(table) / sizeof(table[0]), "intake",
                       &common, err, sizeof(err)), 0, "no value: %s", err);
    ok(common.metrics == NULL, "is none, whatever stands before");
    lapor_conf_free(table, sizeof(table) / sizeof(table[0]), "intake", &common);
}


static void
test_common(void)
{
    char                 *url;
    struct lapor_common   common;

    static const struct lapor_conf_entry  table[] = { LAPOR_COMMON_ENTRIES };

    put(file, "redis = unix:/run/r.sock\n", 0600);
    memset(&common, 0, sizeof(common));

    is(lapor_conf_load(file, table, sizeof(table) / sizeof(table[0]), NULL,
                       &common, err, sizeof(err)), 0, "common keys: %s", err);
    is(lapor_common_check(&common, err, sizeof(err)), 0, "are sound: %s", err);

    url = common.redis;
    common.redis = (char *) "localhost";
    is(lapor_common_check(&common, err, sizeof(err)), -1, "bad address");
    is_str(err, "redis: \"localhost\" is neither unix:PATH nor ADDRESS:PORT",
           "and says why");
    common.redis = url;

    free(common.database);
    common.database = strdup("host=x nonsense=1");
    is(lapor_common_check(&common, err, sizeof(err)), -1, "bad conninfo: %s",
       err);
    free(common.database);
    common.database = strdup("postgresql://me:secret@x/lapor");
    is(lapor_common_check(&common, err, sizeof(err)), -1, "a password there");
    is_str(err, "database: a password stands in a file of its own, see "
           "database_password", "and where it belongs");
    free(common.database);
    common.database = strdup("host=x");
    common.metrics = strdup("9101");
    is(lapor_common_check(&common, err, sizeof(err)), -1, "bad metrics: %s",
       err);

    lapor_conf_free(table, sizeof(table) / sizeof(table[0]), NULL, &common);
}


int
main(void)
{
    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    (void) snprintf(file, sizeof(file), "%s/conf", dir);
    (void) snprintf(secret, sizeof(secret), "%s/secret", dir);

    test_values();
    test_errors();
    test_secrets();
    test_dump();
    test_common();
    test_empty();

    if (pipe2(pipes, O_NONBLOCK) == -1) {
        return 1;
    }

    lapor_log_set_fd(pipes[1]);
    test_reload();

    (void) unlink(file);
    (void) unlink(secret);
    (void) rmdir(dir);

    return tap_done();
}
