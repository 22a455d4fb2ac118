/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * What stands under an id: media with their URLs that expire, the download
 * behind such a URL, phone numbers, and an account's subscription.
 */

#include "t/graph/request.h"

#include "lib/codec.h"
#include "lib/timeutil.h"
#include "t/graph/util.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void graph_node_missing(struct graph_request *rq);
static void graph_node_media(struct graph_request *rq,
    const struct graph_medium *m);
static void graph_node_number(struct graph_request *rq);
static void graph_node_sign(const struct graph *g, const char *id,
    const char *expires, char *ret_hex);
static void graph_download_gone(struct graph_request *rq);


/* Without --phone-number-ids every id may be a number; then only a request
   that asks for fields, as a client asks for a number's, finds one. */

void
graph_handle_node(struct graph_request *rq)
{
    const char           *owner;
    struct graph         *g;
    struct graph_medium   m;

    g = rq->graph;
    owner = graph_request_query(rq, "phone_number_id");

    if (graph_media_find(g->media, rq->id, g->conf.media_ttl_s, &m) == 0) {
        if (owner != NULL && strcmp(m.owner, "-") != 0
            && strcmp(m.owner, owner) != 0)
        {
            graph_node_missing(rq);
            return;
        }

        graph_node_media(rq, &m);
        return;
    }

    if (owner == NULL
        && graph_number_exists(g, rq->id)
        && (g->conf.numbers != NULL
            || graph_request_query(rq, "fields") != NULL))
    {
        graph_node_number(rq);
        return;
    }

    graph_node_missing(rq);
}


static void
graph_node_missing(struct graph_request *rq)
{
    graph_answer_error(&rq->answer, 0, 100, "Unsupported request. Object with "
                       "ID '%s' does not exist, cannot be loaded due to "
                       "missing permissions, or does not support this "
                       "operation.", rq->id);
}


static void
graph_node_media(struct graph_request *rq, const struct graph_medium *m)
{
    char               hex[LAPOR_SHA256_HEX_LEN + 1], expires[24];
    char               hash[LAPOR_SHA256_HEX_LEN + 1];
    struct lapor_buf  *b;

    (void) snprintf(expires, sizeof(expires), "%" PRId64,
                    lapor_time_ms() / 1000 + rq->graph->conf.url_ttl_s);
    graph_node_sign(rq->graph, m->id, expires, hash);
    lapor_hex_encode(m->sha256, LAPOR_SHA256_LEN, hex);

    b = &rq->answer.body;
    lapor_buf_printf(b, "{\"messaging_product\":\"whatsapp\",\"url\":"
                     "\"%s/media-download/?mid=%s&ext=%s&hash=%s\"",
                     rq->graph->base, m->id, expires, hash);
    lapor_buf_json_member(b, "mime_type", lapor_str_from(m->mime));
    lapor_buf_printf(b, ",\"sha256\":\"%s\",\"file_size\":%" PRId64
                     ",\"id\":\"%s\"}", hex, m->size, m->id);
}


static void
graph_node_sign(const struct graph *g, const char *id, const char *expires,
    char *ret_hex)
{
    int            len;
    char           text[64];
    unsigned char  digest[LAPOR_SHA256_LEN];

    len = snprintf(text, sizeof(text), "%s.%s", id, expires);
    lapor_hmac_sha256(g->conf.secret, strlen(g->conf.secret), text,
                      (size_t) len, digest);
    lapor_hex_encode(digest, sizeof(digest), ret_hex);
}


static void
graph_node_number(struct graph_request *rq)
{
    unsigned  tail;

    tail = (unsigned) (strtoull(rq->id, NULL, 10) % 1000);

    lapor_buf_printf(&rq->answer.body,
                     "{\"verified_name\":\"Lapor\",\"display_phone_number\":"
                     "\"+62 800-0000-9%03u\",\"quality_rating\":\"GREEN\","
                     "\"platform_type\":\"CLOUD_API\",\"throughput\":"
                     "{\"level\":\"STANDARD\"},\"code_verification_status\":"
                     "\"VERIFIED\",\"id\":\"%s\"}", tail, rq->id);
}


void
graph_handle_node_delete(struct graph_request *rq)
{
    struct graph_medium  m;

    if (graph_media_find(rq->graph->media, rq->id,
                         rq->graph->conf.media_ttl_s, &m) == -1
        || graph_media_delete(rq->graph->media, rq->id) == -1)
    {
        graph_node_missing(rq);
        return;
    }

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}");
}


/* Meta's file host refuses clients that do not name themselves with a page
   of HTML, and answers 404 for whatever it no longer serves. */

void
graph_handle_download(struct graph_request *rq)
{
    char                  hash[LAPOR_SHA256_HEX_LEN + 1];
    const char           *mid, *ext, *given, *agent;
    struct graph         *g;
    struct graph_medium   m;

    g = rq->graph;
    agent = graph_request_header(rq, "User-Agent");

    if (agent == NULL || agent[0] == '\0') {
        rq->answer.status = 400;
        (void) snprintf(rq->answer.type, sizeof(rq->answer.type),
                        "text/html; charset=utf-8");
        lapor_buf_addz(&rq->answer.body, "<!DOCTYPE html><title>Error</title>"
                                         "Sorry, something went wrong.\n");
        return;
    }

    mid = graph_request_query(rq, "mid");
    ext = graph_request_query(rq, "ext");
    given = graph_request_query(rq, "hash");

    if (mid == NULL || !graph_is_digits(mid, 20)
        || ext == NULL || !graph_is_digits(ext, 15)
        || given == NULL || strlen(given) != LAPOR_SHA256_HEX_LEN)
    {
        graph_download_gone(rq);
        return;
    }

    graph_node_sign(g, mid, ext, hash);

    if (CRYPTO_memcmp(hash, given, LAPOR_SHA256_HEX_LEN) != 0
        || atoll(ext) * 1000 <= lapor_time_ms()
        || graph_media_find(g->media, mid, g->conf.media_ttl_s, &m) == -1)
    {
        graph_download_gone(rq);
        return;
    }

    rq->answer.fd = graph_media_file(g->media, mid);
    if (rq->answer.fd == -1) {
        graph_download_gone(rq);
        return;
    }

    rq->answer.size = m.size;
    (void) snprintf(rq->answer.type, sizeof(rq->answer.type), "%s", m.mime);
}


static void
graph_download_gone(struct graph_request *rq)
{
    rq->answer.status = 404;
    (void) snprintf(rq->answer.type, sizeof(rq->answer.type),
                    "text/html; charset=utf-8");
    lapor_buf_addz(&rq->answer.body, "<!DOCTYPE html><title>Error</title>"
                                     "URL signature expired or not found\n");
}


void
graph_handle_apps(struct graph_request *rq)
{
    int  subscribed;

    (void) pthread_mutex_lock(&rq->graph->lock);
    subscribed = rq->graph->subscribed;
    (void) pthread_mutex_unlock(&rq->graph->lock);

    lapor_buf_addz(&rq->answer.body, subscribed
                   ? "{\"data\":[{\"whatsapp_business_api_data\":{"
                     "\"link\":\"https://www.facebook.com/games/?app_id=1\","
                     "\"name\":\"Lapor\",\"id\":\"1\"}}]}"
                   : "{\"data\":[]}");
}


void
graph_handle_apps_subscribe(struct graph_request *rq)
{
    (void) pthread_mutex_lock(&rq->graph->lock);
    rq->graph->subscribed = 1;
    (void) pthread_mutex_unlock(&rq->graph->lock);

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}");
}


void
graph_handle_apps_unsubscribe(struct graph_request *rq)
{
    (void) pthread_mutex_lock(&rq->graph->lock);
    rq->graph->subscribed = 0;
    (void) pthread_mutex_unlock(&rq->graph->lock);

    lapor_buf_addz(&rq->answer.body, "{\"success\":true}");
}
