/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * lib/http against a small server in a child process: what is sent once stays
 * sent once, tokens stay with their host, limits hold.
 */

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/http.h"
#include "lib/loop.h"
#include "t/unit/tap.h"


static int listen_at(int *ret_port);
static void serve(int fd, int other);
static void serve_one(int c, int other);
static void answer(int c, const char *status, const char *header,
    const char *body);
static void on_done(void *data, const struct lapor_http_result *result);
static int on_chunk(void *data, const char *chunk, size_t len);
static int on_chunk_stop(void *data, const char *chunk, size_t len);
static bool on_allow(void *data, const char *url);
static void go(struct lapor_http_call *call, const char *path);
static void test_answers(void);
static void test_limits(void);
static void test_redirects(void);
static void test_once(void);


static struct lapor_http         *http;
static struct lapor_http_result   last;
static char                       body[4096];
static int                        done;
static int                        chunked;
static int                        port;
static int                        drops;    /* in the server: POSTs dropped */

static const char *const          token[] = { "Authorization: Bearer x" };


static int
listen_at(int *ret_port)
{
    int                  fd;
    socklen_t            len;
    struct sockaddr_in   sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);

    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 16) == -1
        || getsockname(fd, (struct sockaddr *) &sin, &len) == -1)
    {
        abort();
    }

    *ret_port = ntohs(sin.sin_port);
    return fd;
}


/* One connection at a time, until it closes. */

static void
serve(int fd, int other)
{
    int  c;

    for ( ;; ) {
        c = accept(fd, NULL, NULL);

        if (c == -1) {
            _exit(0);
        }

        serve_one(c, other);
        close(c);
    }
}


static void
answer(int c, const char *status, const char *header, const char *text)
{
    char     out[9000];
    int      len;
    ssize_t  n;

    len = snprintf(out, sizeof(out), "HTTP/1.1 %s\r\n%sContent-Length: %zu"
                   "\r\n\r\n%s", status, header, strlen(text), text);
    n = write(c, out, (size_t) len);

    if (n != len) {
        _exit(1);
    }
}


/* Requests fit in one buffer and come one after the other. */

static void
serve_one(int c, int other)
{
    char     in[8192], text[256];
    size_t   len;
    ssize_t  n;

    len = 0;

    while ((n = read(c, in + len, sizeof(in) - 1 - len)) > 0) {
        len += (size_t) n;
        in[len] = '\0';

        /* bodies of this test end in a dot */
        if (strstr(in, "\r\n\r\n") == NULL
            || (strncmp(in, "POST", 4) == 0 && in[len - 1] != '.'))
        {
            continue;
        }

        len = 0;

        if (strstr(in, " /drop ") != NULL) {
            drops++;
            return;
        }

        if (strstr(in, " /drops ") != NULL) {
            (void) snprintf(text, sizeof(text), "%d", drops);
            answer(c, "200 OK", "", text);

        } else if (strstr(in, " /away ") != NULL) {
            (void) snprintf(text, sizeof(text),
                            "Location: http://127.0.0.1:%d/echo\r\n", other);
            answer(c, "302 Found", text, "moved");

        } else if (strstr(in, " /loop ") != NULL) {
            answer(c, "302 Found", "Location: /loop\r\n", "moved");

        } else if (strstr(in, " /limit ") != NULL) {
            answer(c, "429 Too Many Requests", "Retry-After: 7\r\n", "slow");

        } else if (strstr(in, " /mute ") == NULL) {
            answer(c, "200 OK", "Content-Type: text/plain\r\n", in);
        }
    }
}


static void
on_done(void *data, const struct lapor_http_result *result)
{
    (void) data;

    last = *result;
    (void) snprintf(body, sizeof(body), "%s", result->body);
    done++;
}


static int
on_chunk(void *data, const char *chunk, size_t len)
{
    (void) data;
    (void) chunk;

    chunked += (int) len;
    return 0;
}


static int
on_chunk_stop(void *data, const char *chunk, size_t len)
{
    (void) data;
    (void) chunk;
    (void) len;

    return -1;
}


static bool
on_allow(void *data, const char *url)
{
    return data == NULL && strncmp(url, "http://127.0.0.1:", 17) == 0;
}


static void
go(struct lapor_http_call *call, const char *path)
{
    char  url[256];

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);

    call->url = url;
    call->on_done = on_done;
    done = 0;

    if (lapor_http_start(http, call, NULL) == -1) {
        return;
    }

    while (done == 0 && lapor_http_wait(http, NULL, 0, 10000) == 0) {
        /* void */
    }

    is(done, 1, "%s is done once", path);
}


static void
test_answers(void)
{
    struct lapor_http_call  call;

    memset(&call, 0, sizeof(call));
    go(&call, "/echo");
    is(last.code, CURLE_OK, "GET");
    is(last.status, 200, "status");
    is_str(strstr(body, "User-Agent"), "User-Agent: lapor/0.1.0\r\n"
           "Accept: */*\r\n\r\n", "request");

    call.body = "hello.";
    call.body_len = 6;
    go(&call, "/echo");
    ok(strncmp(body, "POST /echo HTTP/1.1\r\n", 21) == 0, "POST");
    ok(strstr(body, "\r\n\r\nhello.") != NULL, "with its body");
    ok(strstr(body, "Expect") == NULL, "without waiting for 100");

    memset(&call, 0, sizeof(call));
    go(&call, "/limit");
    is(last.status, 429, "an error is an answer");
    is(last.retry_after, 7, "Retry-After");
    is_str(body, "slow", "its body");

    call.on_done = on_done;
    call.url = "file:///etc/passwd";
    is(lapor_http_start(http, &call, NULL), -1, "no other scheme");
    call.url = "http://";
    is(lapor_http_start(http, &call, NULL), -1, "no host");
}


static void
test_limits(void)
{
    struct lapor_http_call  call;

    memset(&call, 0, sizeof(call));
    call.max_size = 10;
    go(&call, "/echo");
    ok(last.too_big && last.code != CURLE_OK, "too big");

    call.max_size = 0;
    call.on_chunk = on_chunk_stop;
    go(&call, "/echo");
    ok(last.aborted && last.code != CURLE_OK, "stopped by the caller");

    call.on_chunk = on_chunk;
    go(&call, "/echo");
    ok(chunked > 0 && chunked == last.size, "chunks");
    chunked = 0;
    go(&call, "/limit");
    is(chunked, 0, "an error's body is no chunk");
    is_str(body, "slow", "but is kept");

    memset(&call, 0, sizeof(call));
    call.total_ms = 200;
    go(&call, "/mute");
    is(last.code, CURLE_OPERATION_TIMEDOUT, "no answer in time");
    ok(!last.unsent, "outcome unknown");
}


static void
test_redirects(void)
{
    struct lapor_http_call  call;

    memset(&call, 0, sizeof(call));
    call.headers = token;
    call.nheaders = 1;
    go(&call, "/echo");
    ok(strstr(body, "Authorization: Bearer x") != NULL, "token is sent");
    go(&call, "/away");
    is(last.status, 302, "no redirect by default");

    call.allow = on_allow;
    go(&call, "/away");
    is(last.status, 200, "allowed redirect");
    ok(strncmp(body, "GET /echo", 9) == 0, "followed");
    ok(strstr(body, "Authorization") == NULL, "without the token");
    go(&call, "/loop");
    is(last.status, 302, "a loop ends");

    call.data = body;
    go(&call, "/away");
    is(last.status, 302, "refused redirect");
}


static void
test_once(void)
{
    char                     gone[64];
    int                      fd, closed;
    struct lapor_http_call   call;

    memset(&call, 0, sizeof(call));
    call.body = "x.";
    call.body_len = 2;

    go(&call, "/echo");
    go(&call, "/drop");
    ok(last.code != CURLE_OK && !last.unsent, "answer lost, outcome unknown");

    call.body = NULL;
    call.body_len = 0;
    go(&call, "/drops");
    is_str(body, "1", "and not sent a second time");

    fd = listen_at(&closed);
    close(fd);
    (void) snprintf(gone, sizeof(gone), "http://127.0.0.1:%d/", closed);
    call.body = "x.";
    call.body_len = 2;
    call.url = gone;
    call.on_done = on_done;
    done = 0;
    is(lapor_http_start(http, &call, NULL), 0, "nobody listens");

    while (done == 0 && lapor_http_wait(http, NULL, 0, 10000) == 0) {
        /* void */
    }

    ok(last.code == CURLE_COULDNT_CONNECT && last.unsent, "certainly unsent");
}


int
main(void)
{
    int                      fds[2], other, i;
    pid_t                    pids[2];
    struct lapor_http_conf   conf;

    fds[0] = listen_at(&port);
    fds[1] = listen_at(&other);

    for (i = 0; i < 2; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            serve(fds[i], other);
        }
    }

    close(fds[0]);
    close(fds[1]);

    /* one at a time, so that connections are used again */
    memset(&conf, 0, sizeof(conf));
    conf.max_host_connections = 1;
    http = lapor_http_new(&conf);
    lapor_loop_init();

    test_answers();
    test_limits();
    test_redirects();
    test_once();

    lapor_http_free(http);

    for (i = 0; i < 2; i++) {
        (void) kill(pids[i], SIGKILL);
        (void) waitpid(pids[i], NULL, 0);
    }

    return tap_done();
}
