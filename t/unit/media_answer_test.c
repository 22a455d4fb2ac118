/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What lapor-media makes of Graph's answers, and where it may go. The files
 * under test are part of a program, so they are included.
 */

#include "lib/codec.h"
#include "t/unit/tap.h"

#include "media/allow.c"
#include "media/answer.c"


#define HEX  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define B64  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

#define HOSTS  "https://*.fbsbx.com https://*.fbcdn.net,"                     \
               " https://graph.facebook.com  http://127.0.0.1:8103"


static void test_hash(void);
static void test_url(void);
static void test_judge(void);
static void test_allow(void);
static void test_allow_list(void);
static int url_read(const char *body, struct lapor_media_url *ret_url,
    struct lapor_pool *pool);
static void verdict(enum lapor_media_step step, long status, int code,
    enum lapor_media_verdict want);


int
main(void)
{
    test_hash();
    test_url();
    test_judge();
    test_allow();
    test_allow_list();

    return tap_done();
}


static void
test_hash(void)
{
    char           hex[LAPOR_SHA256_HEX_LEN + 1];
    unsigned char  sha256[LAPOR_SHA256_LEN];

    is(lapor_media_sha256_read(LAPOR_STR(HEX), sha256), 0, "hash in hex");
    lapor_hex_encode(sha256, sizeof(sha256), hex);
    is_str(hex, HEX, "is read");

    is(lapor_media_sha256_read(LAPOR_STR(B64), sha256), 0, "hash in base64");
    lapor_hex_encode(sha256, sizeof(sha256), hex);
    is_str(hex, HEX, "is the same");

    is(lapor_media_sha256_read(LAPOR_STR(""), sha256), -1, "empty is none");
    is(lapor_media_sha256_read(LAPOR_STR("AAAA"), sha256), -1,
       "three bytes are none");
    is(lapor_media_sha256_read(LAPOR_STR_NONE, sha256), -1, "nor is nothing");
    is(lapor_media_sha256_read(LAPOR_STR(HEX "00"), sha256), -1,
       "nor are 33 bytes");
}


static int
url_read(const char *body, struct lapor_media_url *ret_url,
    struct lapor_pool *pool)
{
    return lapor_media_url_read(pool, body, strlen(body), ret_url);
}


static void
test_url(void)
{
    struct lapor_pool       *pool;
    struct lapor_media_url   url;

    pool = lapor_pool_create(4096);

    is(url_read("{\"url\":\"https:\\/\\/x.fbsbx.com\\/a?b=1\",\"sha256\":\""
                HEX "\",\"file_size\":\"123\",\"mime_type\":\"image/jpeg\"}",
                &url, pool),
       0, "an answer as documented");
    is_str(url.url.data, "https://x.fbsbx.com/a?b=1", "its URL");
    is(url.size, 123, "its size, a string");
    is(url.hashed, 1, "its hash");

    is(url_read("{\"url\":\"https://x/\",\"file_size\":5}", &url, pool), 0,
       "an answer without a hash");
    is(url.size, 5, "its size, a number");
    is(url.hashed, 0, "no hash");

    is(url_read("{\"url\":\"\"}", &url, pool), -1, "an empty URL");
    is(url_read("{\"url\":\"http://a\\u0000b\"}", &url, pool), -1,
       "a URL with a NUL");
    is(url_read("{}", &url, pool), -1, "no URL");
    is(url_read("<html>", &url, pool), -1, "no JSON");
    is(url_read("[]", &url, pool), -1, "no object");

    lapor_pool_destroy(pool);
}


static void
verdict(enum lapor_media_step step, long status, int code,
    enum lapor_media_verdict want)
{
    struct lapor_graph_error  error;

    memset(&error, 0, sizeof(error));
    error.status = status;
    error.code = code;

    is(lapor_media_judge(step, &error), want, "step %d, HTTP %ld, code %d",
       step, status, code);
}


static void
test_judge(void)
{
    const int  none = LAPOR_GRAPH_NO_CODE;

    verdict(LAPOR_MEDIA_ASK, 401, 190, LAPOR_MEDIA_AUTH);
    verdict(LAPOR_MEDIA_ASK, 401, 0, LAPOR_MEDIA_AUTH);
    verdict(LAPOR_MEDIA_ASK, 403, 200, LAPOR_MEDIA_AUTH);
    verdict(LAPOR_MEDIA_ASK, 403, none, LAPOR_MEDIA_AUTH);
    verdict(LAPOR_MEDIA_ASK, 429, 4, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_ASK, 429, 80007, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_ASK, 429, 130429, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_ASK, 502, none, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_ASK, 500, 1, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_ASK, 400, 100, LAPOR_MEDIA_MISSING);
    verdict(LAPOR_MEDIA_ASK, 404, 100, LAPOR_MEDIA_MISSING);
    verdict(LAPOR_MEDIA_ASK, 400, 33, LAPOR_MEDIA_AGAIN);
    verdict(LAPOR_MEDIA_ASK, 404, none, LAPOR_MEDIA_AGAIN);
    verdict(LAPOR_MEDIA_ASK, 400, 999999, LAPOR_MEDIA_AGAIN);
    verdict(LAPOR_MEDIA_FETCH, 404, none, LAPOR_MEDIA_EXPIRED);
    verdict(LAPOR_MEDIA_FETCH, 403, none, LAPOR_MEDIA_EXPIRED);
    verdict(LAPOR_MEDIA_FETCH, 302, none, LAPOR_MEDIA_REFUSED);
    verdict(LAPOR_MEDIA_FETCH, 503, none, LAPOR_MEDIA_BRAKE);
    verdict(LAPOR_MEDIA_FETCH, 400, none, LAPOR_MEDIA_AGAIN);
}


static void
test_allow(void)
{
    char                 err[128];
    size_t               i;
    struct lapor_allow  *a;
    static const struct {
        const char  *url;
        int          good;
    } cases[] = {
        { "https://lookaside.fbsbx.com/whatsapp/?mid=1", 1 },
        { "https://LOOKASIDE.FbSbX.com/", 1 },
        { "https://lookaside.fbsbx.com:443/", 1 },
        { "https://a.b.fbcdn.net/x", 1 },
        { "https://graph.facebook.com/v23.0/1", 1 },
        { "http://127.0.0.1:8103/media", 1 },
        { "http://lookaside.fbsbx.com/", 0 },
        { "https://lookaside.fbsbx.com:8443/", 0 },
        { "https://fbsbx.com/", 0 },
        { "https://evilfbsbx.com/", 0 },
        { "https://.fbsbx.com/", 0 },
        { "https://fbsbx.com.evil.example/", 0 },
        { "https://evil.example/lookaside.fbsbx.com", 0 },
        { "https://evil.example#.fbsbx.com", 0 },
        { "https://evil.example?.fbsbx.com", 0 },
        { "https://evil.example\\.fbsbx.com/", 0 },
        { "https://lookaside.fbsbx.com@evil.example/", 0 },
        { "https://user@lookaside.fbsbx.com/", 0 },
        { "https://user:secret@lookaside.fbsbx.com/", 0 },
        { "https://sub.graph.facebook.com/", 0 },
        { "https://graph.facebook.com./", 0 },
        { "http://127.0.0.1:8104/media", 0 },
        { "http://127.0.0.1/media", 0 },
        { "ftp://lookaside.fbsbx.com/", 0 },
        { "file:///etc/passwd", 0 },
        { "//lookaside.fbsbx.com/", 0 },
        { "lookaside.fbsbx.com/", 0 },
        { "/media", 0 },
        { "", 0 }
    };

    a = lapor_allow_new(HOSTS, err, sizeof(err));
    ok(a != NULL, "a list");

    for (i = 0; a != NULL && i < sizeof(cases) / sizeof(cases[0]); i++) {
        is(lapor_allow_check(a, cases[i].url), cases[i].good, "\"%s\"",
           cases[i].url);
    }

    lapor_allow_free(a);
}


static void
test_allow_list(void)
{
    char                 err[128];
    size_t               i;
    struct lapor_allow  *a;
    static const char *const  bad[] = {
        "fbsbx.com", "https://", "https://*", "https://a.*.com",
        "https://*.*.com", "ftp://a.example", "https://user@a.example",
        "https://good.example bad"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        err[0] = '\0';
        a = lapor_allow_new(bad[i], err, sizeof(err));
        ok(a == NULL && err[0] != '\0', "\"%s\" is no list", bad[i]);
        lapor_allow_free(a);
    }

    a = lapor_allow_new(" , ", err, sizeof(err));
    ok(a != NULL && !lapor_allow_check(a, "https://graph.facebook.com/"),
       "an empty list lets nothing pass");
    is(lapor_allow_add(a, "http://127.0.0.1:1/v1"), 0, "one origin more");
    ok(lapor_allow_check(a, "http://127.0.0.1:1/x?y"), "passes then");
    lapor_allow_free(a);
}
