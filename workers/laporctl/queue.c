/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Webhooks back onto their streams. */

#include <stdio.h>
#include <string.h>

#include "laporctl/queue.h"
#include "lib/stream.h"


static const char *find(struct lapor_str stream);


int
lapor_ctl_queue(struct lapor_redis *r, struct lapor_str stream,
    struct lapor_str body, int64_t received_ms, int part, bool correct)
{
    int          i;
    char         time[24], home[8];
    size_t       lens[11];
    const char  *key, *argv[11];

    key = find(stream);

    if (key == NULL) {
        return -1;
    }

    snprintf(time, sizeof(time), "%lld", (long long) received_ms);
    snprintf(home, sizeof(home), "%d", part);

    argv[0] = "XADD";
    argv[1] = key;
    argv[2] = "*";
    argv[3] = "b";
    argv[4] = body.data;
    argv[5] = "t";
    argv[6] = time;
    argv[7] = "p";
    argv[8] = home;
    argv[9] = "r";
    argv[10] = "1";

    for (i = 0; i < 11; i++) {
        lens[i] = i == 4 ? body.len : strlen(argv[i]);
    }

    lapor_redis_appendv(r, part < 0 ? 7 : correct ? 11 : 9, argv, lens);

    return 0;
}


static const char *
find(struct lapor_str stream)
{
    unsigned  i;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_str_eqz(stream, lapor_stream_key_at(i))) {
            return lapor_stream_key_at(i);
        }
    }

    return NULL;
}


int
lapor_ctl_queue_answers(struct lapor_redis *r, int n)
{
    int          i, good;
    redisReply  *reply;

    good = 0;

    for (i = 0; i < n; i++) {
        reply = lapor_redis_reply(r);
        good += !lapor_redis_failed(reply);

        if (reply != NULL) {
            freeReplyObject(reply);
        }
    }

    return good;
}
