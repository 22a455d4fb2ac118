/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The page's listener: libmicrohttpd with one thread of its own, which reads
 * counters and nothing else. Whoever connects cannot hold the worker up: he
 * gets one of a few connections, a few kilobytes and a few seconds, and who
 * comes beyond that waits in the kernel.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/timeutil.h"


#define LAPOR_METRICS_CONNECTIONS  8
#define LAPOR_METRICS_TIMEOUT      5        /* s of silence */
#define LAPOR_METRICS_MEMORY       8192     /* bytes a connection */
#define LAPOR_METRICS_STACK        262144
#define LAPOR_METRICS_TYPE         "text/plain; version=0.0.4; charset=utf-8"

union lapor_metrics_addr {
    struct sockaddr      any;
    struct sockaddr_in   in;
    struct sockaddr_in6  in6;
    struct sockaddr_un   un;
};


static int lapor_metrics_parse(const char *address,
    union lapor_metrics_addr *ret_addr, socklen_t *ret_len, char *err,
    size_t size);
static int lapor_metrics_listen(const char *address);
static void lapor_metrics_take_over(const union lapor_metrics_addr *addr,
    socklen_t len);
static enum MHD_Result lapor_metrics_request(void *data,
    struct MHD_Connection *conn, const char *url, const char *method,
    const char *version, const char *body, size_t *size, void **con);
static enum MHD_Result lapor_metrics_answer(struct MHD_Connection *conn,
    unsigned status, struct lapor_str text);


static struct MHD_Daemon  *lapor_metrics_daemon;
static char                lapor_metrics_path[108];     /* of the socket */
static int64_t             lapor_metrics_started;       /* Unix ms */


int
lapor_metrics_check(const char *address, char *err, size_t size)
{
    socklen_t                 len;
    union lapor_metrics_addr  addr;

    return address == NULL
           ? 0 : lapor_metrics_parse(address, &addr, &len, err, size);
}


static int
lapor_metrics_parse(const char *address, union lapor_metrics_addr *ret_addr,
    socklen_t *ret_len, char *err, size_t size)
{
    int          port;
    char         host[INET6_ADDRSTRLEN + 2], rest;
    size_t       len;
    const char  *colon;

    memset(ret_addr, 0, sizeof(union lapor_metrics_addr));

    if (strncmp(address, "unix:/", 6) == 0
        && strlen(address + 5) < sizeof(ret_addr->un.sun_path))
    {
        ret_addr->un.sun_family = AF_UNIX;
        (void) snprintf(ret_addr->un.sun_path, sizeof(ret_addr->un.sun_path),
                        "%s", address + 5);
        *ret_len = sizeof(ret_addr->un);
        return 0;
    }

    colon = strrchr(address, ':');
    len = colon == NULL ? 0 : (size_t) (colon - address);

    if (len < 2 || len >= sizeof(host) || colon[1] < '0' || colon[1] > '9'
        || sscanf(colon + 1, "%5d%c", &port, &rest) != 1
        || port < 1 || port > 65535)
    {
        goto bad;
    }

    memcpy(host, address, len);
    host[len] = '\0';

    if (inet_pton(AF_INET, host, &ret_addr->in.sin_addr) == 1) {
        ret_addr->in.sin_family = AF_INET;
        ret_addr->in.sin_port = htons((uint16_t) port);
        *ret_len = sizeof(ret_addr->in);
        return 0;
    }

    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';

        if (inet_pton(AF_INET6, host + 1, &ret_addr->in6.sin6_addr) == 1) {
            ret_addr->in6.sin6_family = AF_INET6;
            ret_addr->in6.sin6_port = htons((uint16_t) port);
            *ret_len = sizeof(ret_addr->in6);
            return 0;
        }
    }

bad:

    (void) snprintf(err, size, "\"%s\" is neither ADDRESS:PORT nor unix:PATH",
                    address);
    return -1;
}


void
lapor_metrics_start(const char *address, const char *program)
{
    int       fd;
    sigset_t  all, old;

    if (address == NULL) {
        return;
    }

    lapor_metrics_started = lapor_time_ms();
    fd = lapor_metrics_listen(address);

    /* the worker's own thread is the one that signals shall wake */
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);

    lapor_metrics_daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
        lapor_metrics_request, (void *) (uintptr_t) program,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) LAPOR_METRICS_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) LAPOR_METRICS_TIMEOUT,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) LAPOR_METRICS_MEMORY,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t) LAPOR_METRICS_STACK,
        MHD_OPTION_END);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (lapor_metrics_daemon == NULL) {
        lapor_fatal(LAPOR_EXIT_OS, "could not start the thread for metrics");
    }

    lapor_log_info("metrics are shown at http://%s/metrics", address);
}


static int
lapor_metrics_listen(const char *address)
{
    int                       fd, on;
    char                      err[192];
    socklen_t                 len;
    union lapor_metrics_addr  addr;

    on = 1;

    if (lapor_metrics_parse(address, &addr, &len, err, sizeof(err)) == -1) {
        lapor_fatal(LAPOR_EXIT_CONFIG, "metrics: %s", err);
    }

    fd = socket(addr.any.sa_family,
                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1) {
        lapor_fatal(LAPOR_EXIT_OS, "could not make a socket for metrics: %s",
                    strerror(errno));
    }

    if (addr.any.sa_family == AF_UNIX) {
        lapor_metrics_take_over(&addr, len);

    } else {
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }

    if (bind(fd, &addr.any, len) == -1
        || listen(fd, LAPOR_METRICS_CONNECTIONS) == -1)
    {
        lapor_fatal(LAPOR_EXIT_CONFIG, "metrics: could not listen on %s: %s",
                    address, strerror(errno));
    }

    if (addr.any.sa_family == AF_UNIX) {
        memcpy(lapor_metrics_path, addr.un.sun_path,
               sizeof(lapor_metrics_path));
        (void) chmod(lapor_metrics_path, 0660);
    }

    return fd;
}


/* A socket that nobody listens on is the rest of a process that was killed. */

static void
lapor_metrics_take_over(const union lapor_metrics_addr *addr, socklen_t len)
{
    int          fd;
    struct stat  st;

    if (lstat(addr->un.sun_path, &st) == -1 || !S_ISSOCK(st.st_mode)) {
        return;
    }

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd != -1 && connect(fd, &addr->any, len) == -1
        && errno == ECONNREFUSED)
    {
        (void) unlink(addr->un.sun_path);
    }

    if (fd != -1) {
        close(fd);
    }
}


void
lapor_metrics_stop(void)
{
    if (lapor_metrics_daemon == NULL) {
        return;
    }

    MHD_stop_daemon(lapor_metrics_daemon);
    lapor_metrics_daemon = NULL;

    if (lapor_metrics_path[0] != '\0') {
        (void) unlink(lapor_metrics_path);
    }
}


/* Answered at the first call, before any body is read. */

static enum MHD_Result
lapor_metrics_request(void *data, struct MHD_Connection *conn,
    const char *url, const char *method, const char *version,
    const char *body, size_t *size, void **con)
{
    enum MHD_Result   rc;
    struct lapor_buf  page = LAPOR_BUF_INIT;

    (void) version;
    (void) body;
    (void) size;
    (void) con;

    if (strcmp(url, "/metrics") != 0) {
        return lapor_metrics_answer(conn, MHD_HTTP_NOT_FOUND,
                                    lapor_str_from("only /metrics is here\n"));
    }

    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0
        && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
    {
        return lapor_metrics_answer(conn, MHD_HTTP_METHOD_NOT_ALLOWED,
                                    lapor_str_from("only GET is allowed\n"));
    }

    lapor_metrics_page(&page, data, lapor_metrics_started);
    rc = lapor_metrics_answer(conn, MHD_HTTP_OK, lapor_buf_view(&page));
    lapor_buf_free(&page);

    return rc;
}


static enum MHD_Result
lapor_metrics_answer(struct MHD_Connection *conn, unsigned status,
    struct lapor_str text)
{
    enum MHD_Result       rc;
    struct MHD_Response  *response;

    /* MHD takes a pointer to what it copies and does not change */
    response = MHD_create_response_from_buffer(text.len,
                   (void *) (uintptr_t) text.data, MHD_RESPMEM_MUST_COPY);

    if (response == NULL) {
        return MHD_NO;
    }

    (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                   LAPOR_METRICS_TYPE);
    (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
                                   "close");

    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                       "GET, HEAD");
    }

    rc = MHD_queue_response(conn, status, response);
    MHD_destroy_response(response);

    return rc;
}
