/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * lib/metrics: counting by many threads, the page's text, the listener.
 */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/version.h"
#include "t/unit/tap.h"


#define THREADS  4
#define TIMES    20000

enum {
    PLAIN,
    WORDS,
    FOUND,
    PAIRS,
    GAUGE,
    SECONDS,
    METRICS
};


static bool shown(const char *line);
static void *count(void *data);
static void test_count(void);
static void test_page(void);
static void test_bounds(void);
static void test_fresh(void);
static void test_check(void);
static int dial(void);
static int somebody(void);
static void ask(const char *request, char *answer, size_t size);
static void test_http(void);
static void test_busy(void);


static struct lapor_metric  table[METRICS] = {
    LAPOR_METRIC(COUNTER, "lapor_t_plain_total", "Help.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_t_words_total", "Help.", "kind",
                 "one two three", 1),
    LAPOR_METRIC(COUNTER, "lapor_t_found_total", "Help.", "code", NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_t_pairs", "Help.", "kind severity", NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_t_age_seconds", "Help.", NULL, NULL, 1000),
    LAPOR_METRIC(SECONDS, "lapor_t_seconds", "Help.", NULL, NULL, 1)
};

static char  path[64];


/* Is this a whole line of the page? */

static bool
shown(const char *line)
{
    bool              found;
    char              with[256];
    struct lapor_buf  buf = LAPOR_BUF_INIT;

    lapor_buf_addc(&buf, '\n');
    lapor_metrics_page(&buf, "t", 1500);
    (void) snprintf(with, sizeof(with), "\n%s\n", line);
    found = strstr(lapor_buf_cstr(&buf), with) != NULL;

    if (!found) {
        diag("absent: %s", line);
    }

    lapor_buf_free(&buf);
    return found;
}


static void *
count(void *data)
{
    int   i;
    char  code[8];

    (void) data;

    for (i = 0; i < TIMES; i++) {
        lapor_metric_add(&table[PLAIN], 0, 1);
        (void) snprintf(code, sizeof(code), "%d", i % 8);
        lapor_metric_add(&table[FOUND],
                         lapor_metric_label(&table[FOUND], code, NULL), 1);
        lapor_metric_observe(&table[SECONDS], 1000);
    }

    return NULL;
}


static void
test_count(void)
{
    int        i;
    pthread_t  threads[THREADS];

    for (i = 0; i < THREADS; i++) {
        ok(pthread_create(&threads[i], NULL, count, NULL) == 0, "thread");
    }

    for (i = 0; i < THREADS; i++) {
        (void) pthread_join(threads[i], NULL);
    }

    ok(shown("lapor_t_plain_total 80000"), "nothing is lost");
    ok(shown("lapor_t_found_total{code=\"7\"} 10000"), "nor by label");
    ok(shown("lapor_t_seconds_count 80000"), "nor in a histogram");
    ok(shown("lapor_t_seconds_sum 80.000000"), "nor its sum");
}


static void
test_page(void)
{
    int   i;
    char  code[8];

    ok(shown("# HELP lapor_t_plain_total Help."), "help");
    ok(shown("# TYPE lapor_t_plain_total counter"), "type");
    ok(shown("# TYPE lapor_t_seconds histogram"), "type of a histogram");
    ok(shown("lapor_t_words_total{kind=\"one\"} 0"), "a value before its use");

    lapor_metric_add(&table[WORDS], 2, 5);
    lapor_metric_add(&table[WORDS], LAPOR_METRIC_CELLS, 5);
    ok(shown("lapor_t_words_total{kind=\"three\"} 5"), "the right one counts");

    lapor_metric_set(&table[GAUGE], 0, 1250);
    ok(shown("lapor_t_age_seconds 1.250"), "ms as seconds");
    lapor_metric_set(&table[GAUGE], 0, -1250);
    ok(shown("lapor_t_age_seconds -1.250"), "below zero");

    lapor_metric_add(&table[FOUND],
                     lapor_metric_label(&table[FOUND], "a\"b\nc\\", NULL), 3);
    ok(shown("lapor_t_found_total{code=\"a_b_c_\"} 3"),
       "nothing that would need an escape");

    /* eight of test_count(), one just now */
    for (i = 0; i < 100; i++) {
        (void) snprintf(code, sizeof(code), "x%d", i);
        lapor_metric_add(&table[FOUND],
                         lapor_metric_label(&table[FOUND], code, NULL), 1);
    }

    ok(shown("lapor_t_found_total{code=\"x21\"} 1"), "the last own one");
    ok(shown("lapor_t_found_total{code=\"other\"} 78"), "the rest is other");
    is(lapor_metric_label(&table[FOUND], "7", NULL),
       lapor_metric_label(&table[FOUND], "7", NULL), "one of before");
    ok(lapor_metric_label(&table[FOUND], "7", NULL) < LAPOR_METRIC_CELLS - 1,
       "is still itself");

    lapor_metric_move(&table[WORDS], 2, 0);
    ok(shown("lapor_t_words_total{kind=\"one\"} 1"), "moved to one");
    ok(shown("lapor_t_words_total{kind=\"three\"} 4"), "from another");

    ok(shown("lapor_build_info{program=\"t\",version=\"" LAPOR_VERSION
             "\"} 1"), "build");
    ok(shown("process_start_time_seconds 1.500"), "start");
    ok(shown("lapor_redis_links{state=\"up\"} 0"), "what all have");
}


static void
test_bounds(void)
{
    lapor_metric_observe(&table[SECONDS], 500);
    lapor_metric_observe(&table[SECONDS], 501);
    lapor_metric_observe(&table[SECONDS], -5);
    lapor_metric_observe(&table[SECONDS], INT64_C(7200000000));

    ok(shown("lapor_t_seconds_bucket{le=\"0.0005\"} 2"), "a bound is inside");
    ok(shown("lapor_t_seconds_bucket{le=\"0.001\"} 80003"), "and adds up");
    ok(shown("lapor_t_seconds_bucket{le=\"3600\"} 80003"), "to the longest");
    ok(shown("lapor_t_seconds_bucket{le=\"+Inf\"} 80004"), "and beyond");
    ok(shown("lapor_t_seconds_count 80004"), "which is the count");
}


static void
test_fresh(void)
{
    struct lapor_metric  *m;

    m = &table[PAIRS];
    lapor_metric_fresh(m);
    lapor_metric_set(m, lapor_metric_label(m, "clock", "critical"), 2);
    lapor_metric_set(m, lapor_metric_label(m, "redis_lost", "info"), 1);
    lapor_metric_done(m);
    ok(shown("lapor_t_pairs{kind=\"clock\",severity=\"critical\"} 2"),
       "two labels");

    lapor_metric_fresh(m);
    lapor_metric_set(m, lapor_metric_label(m, "redis_lost", "info"), 4);
    lapor_metric_done(m);
    ok(shown("lapor_t_pairs{kind=\"clock\",severity=\"critical\"} 0"),
       "what is gone is 0");
    ok(shown("lapor_t_pairs{kind=\"redis_lost\",severity=\"info\"} 4"),
       "what is there is not");
}


static void
test_check(void)
{
    char    err[256];
    size_t  i;

    static const char *const  good[] = {
        "127.0.0.1:9101", "[::1]:9101", "0.0.0.0:65535", "unix:/run/x.sock"
    };
    static const char *const  bad[] = {
        "9101", ":9101", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
        "127.0.0.1:65536", "127.0.0.1:91x", "127.0.0.1:-1", "localhost:9101",
        "::1:9101", "[::1:9101", "unix:x.sock", "http://127.0.0.1:9101"
    };

    is(lapor_metrics_check(NULL, err, sizeof(err)), 0, "none at all");

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is(lapor_metrics_check(good[i], err, sizeof(err)), 0, "%s", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is(lapor_metrics_check(bad[i], err, sizeof(err)), -1, "%s", bad[i]);
    }

    is_str(err, "\"http://127.0.0.1:9101\" is neither ADDRESS:PORT nor "
           "unix:PATH", "and says why");
}


static int
dial(void)
{
    int                 fd;
    struct timeval      wait = { 20, 0 };
    struct sockaddr_un  un;

    memset(&un, 0, sizeof(un));
    un.sun_family = AF_UNIX;
    (void) snprintf(un.sun_path, sizeof(un.sun_path), "%s", path + 5);

    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));

    if (connect(fd, (struct sockaddr *) &un, sizeof(un)) == -1) {
        close(fd);
        return -1;
    }

    return fd;
}


/* The whole answer, until the listener closes. */

static void
ask(const char *request, char *answer, size_t size)
{
    int      fd;
    size_t   len;
    ssize_t  n;

    fd = dial();
    len = 0;

    if (fd != -1
        && write(fd, request, strlen(request)) == (ssize_t) strlen(request))
    {
        while (len < size - 1
               && (n = read(fd, answer + len, size - 1 - len)) > 0)
        {
            len += (size_t) n;
        }
    }

    answer[len] = '\0';
    close(fd);
}


static void
test_http(void)
{
    char         answer[65536];
    struct stat  st;

    lapor_metrics_start(path, "t");
    ok(stat(path + 5, &st) == 0 && (st.st_mode & 0777) == 0660,
       "a socket for owner and group");

    ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "the page");
    ok(strstr(answer, "Content-Type: text/plain; version=0.0.4") != NULL,
       "with its type");
    ok(strstr(answer, "\nlapor_t_plain_total 80000\n") != NULL,
       "and the numbers");

    ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 200 ", 13) == 0
       && strstr(answer, "lapor_t_plain") == NULL, "only its head");
    ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 405 ", 13) == 0, "nothing is posted");
    ok(strstr(answer, "Allow: GET, HEAD\r\n") != NULL, "and what may be");
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 404 ", 13) == 0, "nothing else is there");
    ask("\x16\x03\x01 nonsense\r\n\r\n", answer, sizeof(answer));
    ok(strstr(answer, "lapor_t_plain") == NULL, "nonsense");

    test_busy();

    lapor_metrics_stop();
    ok(stat(path + 5, &st) == -1, "the socket is gone");
    lapor_metrics_stop();
}


/* Another process that listens there. */

static int
somebody(void)
{
    int                 fd;
    struct sockaddr_un  un;

    memset(&un, 0, sizeof(un));
    un.sun_family = AF_UNIX;
    (void) snprintf(un.sun_path, sizeof(un.sun_path), "%s", path + 5);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ok(bind(fd, (struct sockaddr *) &un, sizeof(un)) == 0
       && listen(fd, 1) == 0, "somebody listens there");

    return fd;
}


/* Silent connections hold all places, for some seconds; and an address that
   is taken ends who wants it. */

static void
test_busy(void)
{
    int     i, status, fds[12];
    char    answer[65536];
    pid_t   pid;

    for (i = 0; i < 12; i++) {
        fds[i] = dial();
    }

    ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 200 ", 13) == 0,
       "who says nothing is hung up on, and the next is served");

    for (i = 0; i < 12; i++) {
        close(fds[i]);
    }

    lapor_metrics_stop();
    fds[0] = somebody();
    pid = fork();

    if (pid == 0) {
        lapor_log_set_fd(-1);
        lapor_metrics_start(path, "t");
        _exit(0);
    }

    ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status)
       && WEXITSTATUS(status) == LAPOR_EXIT_CONFIG,
       "an address in use is an error of configuration");

    /* one that is killed leaves its socket, which the next one takes over */
    close(fds[0]);
    ok(access(path + 5, F_OK) == 0 && dial() == -1, "a dead socket");
    lapor_metrics_start(path, "t");
    ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
    ok(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "which is taken over");
}


int
main(void)
{
    char  dir[] = "/tmp/lapor-metrics-XXXXXX";

    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    (void) snprintf(path, sizeof(path), "unix:%s/s", dir);
    lapor_log_set_level(LAPOR_LOG_ERR);
    lapor_metrics_table(table, METRICS);

    test_count();
    test_page();
    test_bounds();
    test_fresh();
    test_check();
    test_http();

    (void) rmdir(dir);
    return tap_done();
}
