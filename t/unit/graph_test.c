/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Graph's error envelope, and the headers with the token.
 */

#include "lib/graph.h"
#include "lib/utf8.h"
#include "t/unit/tap.h"

#include <stdlib.h>
#include <unistd.h>


static void test_envelope(void);
static void test_no_envelope(void);
static void test_ids(void);
static void test_token(void);
static void put(const char *path, const char *text);


static struct lapor_graph_error  error;


int
main(void)
{
    test_envelope();
    test_no_envelope();
    test_ids();
    test_token();

    return tap_done();
}


#define read_error(status, body)                                              \
    lapor_graph_error(status, body, strlen(body), &error)


static void
test_envelope(void)
{
    int               i;
    struct lapor_buf  body = LAPOR_BUF_INIT;

    read_error(429, "{\"error\":{\"message\":\"(#131056) pair\",\"type\":"
               "\"OAuthException\",\"code\":131056,\"error_subcode\":2494010,"
               "\"error_data\":{\"messaging_product\":\"whatsapp\","
               "\"details\":\"Too many.\"},\"fbtrace_id\":\"AbC-1_x\","
               "\"is_transient\":true}}");
    is(error.status, 429, "status");
    is(error.code, 131056, "code");
    is(error.subcode, 2494010, "subcode");
    is(error.transient, 1, "is_transient");
    is_str(error.trace, "AbC-1_x", "trace");
    is_str(error.text, "HTTP 429, code 131056, subcode 2494010: Too many.",
           "text");

    read_error(400, "{\"error\":{\"code\":\"100\",\"error_data\":\"words\"}}");
    is(error.code, 100, "a code in a string");
    is_str(error.text, "HTTP 400, code 100: words", "error_data is a string");

    read_error(401, "{\"error\":{\"code\":0,\"message\":\"m\","
               "\"fbtrace_id\":\"bad id\\n\"}}");
    is(error.code, 0, "code 0 is one of Meta's");
    is_str(error.text, "HTTP 401, code 0: m", "the message, if no details");
    is_str(error.trace, "", "a trace unfit for a log");

    /* 3-byte characters around the end of the room */
    lapor_buf_addz(&body,
                   "{\"error\":{\"code\":1,\"message\":\"\\u0000\\ud800");
    for (i = 0; i < 300; i++) {
        lapor_buf_addz(&body, "\xe2\x82\xac");
    }
    lapor_buf_addz(&body, "\"}}");
    lapor_graph_error(400, lapor_buf_cstr(&body), body.len, &error);
    lapor_buf_free(&body);
    ok(strlen(error.text) > 250
       && lapor_utf8_valid(error.text, strlen(error.text)),
       "a long text is cut between characters and fit for PostgreSQL");
}


static void
test_no_envelope(void)
{
    read_error(502, "<html>Bad gateway</html>");
    is(error.code, LAPOR_GRAPH_NO_CODE, "HTML has no code");
    is(error.status, 502, "but a status");
    is_str(error.text, "HTTP 502", "and a text");

    read_error(500, "");
    is(error.code, LAPOR_GRAPH_NO_CODE, "nor has an empty body");
    read_error(500, "{\"error\":\"text\"}");
    is(error.code, LAPOR_GRAPH_NO_CODE, "nor an error that is no object");
    read_error(500, "{\"error\":{\"code\":-7}}");
    is(error.code, LAPOR_GRAPH_NO_CODE, "nor a negative one");
    read_error(500, "{\"error\":{\"code\":99999999999}}");
    is(error.code, LAPOR_GRAPH_NO_CODE, "nor one beyond all codes");
    lapor_graph_error(500, NULL, 0, &error);
    is(error.code, LAPOR_GRAPH_NO_CODE, "nor no body at all");
}


static void
test_ids(void)
{
    ok(lapor_graph_id(LAPOR_STR("1234567890")), "digits are an id");
    ok(lapor_graph_id(LAPOR_STR("aB_9-z")), "so are letters");
    ok(!lapor_graph_id(LAPOR_STR("")), "nothing is none");
    ok(!lapor_graph_id(LAPOR_STR("..")), "dots are none");
    ok(!lapor_graph_id(LAPOR_STR("1/2")), "a slash is none");
    ok(!lapor_graph_id(LAPOR_STR("1?x")), "a question mark is none");
    ok(!lapor_graph_id(LAPOR_STR("1\n")), "a line feed is none");
}


static void
put(const char *path, const char *text)
{
    FILE  *f;

    f = fopen(path, "w");

    if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF) {
        perror(path);
        exit(1);
    }
}


static void
test_token(void)
{
    char                 path[] = "/tmp/lapor-graph-XXXXXX", err[256];
    size_t               n;
    struct lapor_buf     url = LAPOR_BUF_INIT;
    const char *const   *headers;
    struct lapor_graph  *g;

    close(mkstemp(path));
    put(path, "EAAtoken1\n");

    g = lapor_graph_new("http://h:1//", "v23.0", path, err, sizeof(err));
    ok(g != NULL, "a token's file");

    if (g == NULL) {
        return;
    }

    lapor_graph_url(g, &url, LAPOR_STR("77"));
    lapor_buf_addz(&url, "/messages");
    is_str(lapor_buf_cstr(&url), "http://h:1/v23.0/77/messages", "a URL");
    lapor_buf_free(&url);

    headers = lapor_graph_headers(g, &n);
    is((intmax_t) n, 2, "two headers");
    is_str(headers[0], "Authorization: Bearer EAAtoken1", "the token's");
    ok(strncmp(headers[1], "User-Agent: lapor/", 18) == 0, "our name");

    ok(!lapor_graph_reload(g), "the same token is no news");
    put(path, "EAAtoken2");
    ok(lapor_graph_reload(g), "another one is");
    headers = lapor_graph_headers(g, &n);
    is_str(headers[0], "Authorization: Bearer EAAtoken2", "and it is used");

    put(path, "two\nlines");
    ok(!lapor_graph_reload(g), "a token with a line feed is none");
    headers = lapor_graph_headers(g, &n);
    is_str(headers[0], "Authorization: Bearer EAAtoken2", "the old one stays");
    lapor_graph_free(g);

    put(path, "");
    ok(lapor_graph_new("http://h", "v1", path, err, sizeof(err)) == NULL,
       "an empty file holds no token");
    unlink(path);
    ok(lapor_graph_new("http://h", "v1", path, err, sizeof(err)) == NULL,
       "no file, no token");
}
