/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * laporctl reconcile: one stream after the other, each at a moment at which it
 * stands still: PostgreSQL's count and Redis's picture are taken before and
 * after, and only where nothing moved in between do they say anything. What
 * was just read is in work and held pending; an entry that is acknowledged
 * and not in PostgreSQL is in nobody's hands.
 */

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "laporctl/reconcile.h"
#include "lib/timeutil.h"


/* How long a stream that moves is looked at again and again. */
#define STREAM_PATIENCE_MS  20000
#define STREAM_PAUSE_MS     5

/* Waiting entries that are looked up at once. */
#define STREAM_PAGE         4096


/* What one look found, before it is known whether the stream stood still. */
struct look {
    struct ctl_rec_picture  picture;
    int64_t                 counted;
    int64_t                 stored;     /* of those in the stream */
    int64_t                 lost;       /* acknowledged, not stored */
    int64_t                 extra;      /* done, less removed and stored */
    char                    removed[LAPOR_STREAM_ID_LEN];
};


static int start(struct ctl_rec *rec);
static int settle(struct ctl_rec *rec, struct ctl_rec_stream *st);
static int look(struct ctl_rec *rec, struct ctl_rec_stream *st,
    struct look *ret_look);
static int look_delivered(struct ctl_rec *rec, struct ctl_rec_stream *st,
    struct look *l);
static int look_waiting(struct ctl_rec *rec, const struct ctl_rec_stream *st,
    struct look *l);
static int picture(struct ctl_rec *rec, const char *key,
    struct ctl_rec_picture *ret_picture);
static int refresh(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct ctl_rec_picture *p);
static int64_t extra(const struct ctl_rec_stream *st, const struct look *l);
static bool shrunk(const struct ctl_rec_stream *st, const struct look *l);
static void judge(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l);
static void judge_anew(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l);
static void judge_lost(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l);
static void judge_removed(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l);
static void sum(struct ctl_rec *rec);


int
lapor_ctl_rec_streams(struct ctl_rec *rec)
{
    int       rc, moving;
    int64_t   until;
    unsigned  i;

    if (lapor_ctl_rec_load(rec) == -1 || start(rec) == -1) {
        return -1;
    }

    until = lapor_mono_ms() + STREAM_PATIENCE_MS;

    do {
        moving = 0;

        for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
            rc = 0;

            if (!rec->streams[i].settled) {
                rc = settle(rec, &rec->streams[i]);
            }

            if (rc == -1) {
                return -1;
            }

            moving += !rec->streams[i].settled;
        }

        if (moving > 0) {
            (void) poll(NULL, 0, STREAM_PAUSE_MS);
        }

    } while (moving > 0 && lapor_mono_ms() < until);

    sum(rec);

    return 0;
}


/* Which streams there are. One of which neither side ever heard is settled. */

static int
start(struct ctl_rec *rec)
{
    unsigned                i;
    struct ctl_rec_stream  *st;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        lapor_ctl_rec_ask(rec, rec->streams[i].key);
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        if (lapor_ctl_rec_picture(rec, &rec->streams[i].picture) == -1) {
            return -1;
        }
    }

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        st = &rec->streams[i];
        st->settled = st->picture.added == 0 && !st->known
                      && st->counted == 0;
    }

    return 0;
}


/* 0 whether it stood still or not. */

static int
settle(struct ctl_rec *rec, struct ctl_rec_stream *st)
{
    int64_t                 counted;
    struct look             l;
    struct ctl_rec_picture  after;

    lapor_pool_reset(rec->pool);

    if (look(rec, st, &l) == -1
        || lapor_ctl_rec_counted(rec, st->key, &counted) == -1
        || picture(rec, st->key, &after) == -1)
    {
        return -1;
    }

    if (counted != l.counted
        || memcmp(&after, &l.picture, sizeof(after)) != 0)
    {
        return 0;
    }

    st->settled = true;
    judge(rec, st, &l);

    return 0;
}


static int
look(struct ctl_rec *rec, struct ctl_rec_stream *st, struct look *l)
{
    memset(l, 0, sizeof(*l));

    if (lapor_ctl_rec_counted(rec, st->key, &l->counted) == -1
        || picture(rec, st->key, &l->picture) == -1
        || look_delivered(rec, st, l) == -1)
    {
        return -1;
    }

    l->extra = extra(st, l);

    /* what waits can be stored already: emergencies of a backlog are */
    if ((l->extra > l->lost || !st->based || shrunk(st, l))
        && look_waiting(rec, st, l) == -1)
    {
        return -1;
    }

    l->extra = extra(st, l);

    if (l->extra < 0 && l->picture.pending > 0) {
        return lapor_ctl_rec_removed(rec, st->key, &st->entries, l->removed);
    }

    return 0;
}


static int
look_delivered(struct ctl_rec *rec, struct ctl_rec_stream *st, struct look *l)
{
    size_t  i, missing;

    if (refresh(rec, st, &l->picture) == -1
        || lapor_ctl_rec_lookup(rec, st->key, &st->entries, &missing) == -1)
    {
        return -1;
    }

    if (missing > 0
        && lapor_ctl_rec_pending(rec, st->key, &st->entries) == -1)
    {
        return -1;
    }

    l->stored = (int64_t) (st->entries.n - missing);

    for (i = 0; i < st->entries.n; i++) {
        l->lost += st->entries.list[i].missing
                   && !st->entries.list[i].pending;
    }

    return 0;
}


/* A backlog may be long: page by page, and nothing of it is kept. */

static int
look_waiting(struct ctl_rec *rec, const struct ctl_rec_stream *st,
    struct look *l)
{
    int                     rc;
    bool                    more;
    char                    from[LAPOR_STREAM_ID_LEN];
    size_t                  missing;
    struct ctl_rec_entries  page;

    memset(&page, 0, sizeof(page));
    memcpy(from, l->picture.delivered, sizeof(from));
    more = l->picture.length > 0;
    rc = 0;

    while (more && rc == 0) {
        page.n = 0;
        rc = lapor_ctl_rec_range(rec, st->key, from, l->picture.last,
                                 STREAM_PAGE, &page, &more);

        if (rc == 0) {
            rc = lapor_ctl_rec_lookup(rec, st->key, &page, &missing);
        }

        if (rc == 0 && page.n > 0) {
            memcpy(from, page.list[page.n - 1].id, sizeof(from));
            l->stored += (int64_t) (page.n - missing);
        }
    }

    free(page.list);

    return rc;
}


static int
picture(struct ctl_rec *rec, const char *key, struct ctl_rec_picture *p)
{
    lapor_ctl_rec_ask(rec, key);

    return lapor_ctl_rec_picture(rec, p);
}


/* Entries do not change, so those of the last look are not read again. */

static int
refresh(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct ctl_rec_picture *p)
{
    bool         more;
    size_t       i, kept;
    const char  *from;

    kept = 0;

    for (i = 0; i < st->entries.n; i++) {
        if (p->length > 0
            && lapor_ctl_rec_compare(st->entries.list[i].id, p->first) >= 0)
        {
            st->entries.list[kept++] = st->entries.list[i];
        }
    }

    st->entries.n = kept;

    if (p->length == 0 || strcmp(p->delivered, "0-0") == 0) {
        return 0;
    }

    from = kept > 0 ? st->entries.list[kept - 1].id : "0-0";

    return lapor_ctl_rec_range(rec, st->key, from, p->delivered, SIZE_MAX / 2,
                               &st->entries, &more);
}


/* 0 where all is right. */

static int64_t
extra(const struct ctl_rec_stream *st, const struct look *l)
{
    return l->counted - st->base - (l->picture.added - l->picture.length)
           - l->stored;
}


/* Has Redis fewer entries, or an older last one, than it had? */

static bool
shrunk(const struct ctl_rec_stream *st, const struct look *l)
{
    return st->known
           && (l->picture.added < st->seen_accepted
               || lapor_ctl_rec_compare(l->picture.last, st->seen_last) < 0);
}


static void
judge(struct ctl_rec *rec, struct ctl_rec_stream *st, const struct look *l)
{
    st->picture = l->picture;
    st->counted = l->counted;
    st->stored = l->stored;

    /* the first look since entries are counted: from here on they are */
    if (!st->based && st->known) {
        st->base += l->extra;

    } else if (l->extra > l->lost || shrunk(st, l)) {
        judge_anew(rec, st, l);

    } else if (l->extra < 0) {
        judge_removed(rec, st, l);
    }

    if (l->lost > 0) {
        judge_lost(rec, st, l);
    }
}


static void
judge_anew(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l)
{
    int64_t      gone;
    const char  *from;

    /* what it had at the last look, has no longer, and nobody stored */
    gone = st->seen_accepted - l->picture.added - (l->extra > 0 ? l->extra
                                                                : 0);
    gone = gone > 0 ? gone : 0;
    from = l->picture.last;

    st->anew = true;
    st->base += l->extra;
    st->differences++;

    lapor_ctl_rec_tell(rec, "redis_anew", st->key, from, gone,
        "Redis has lost entries after this one, or is another: %" PRId64
        " accepted, %" PRId64 " done; it had %" PRId64 " up to %s",
        l->picture.added, l->counted - st->base + l->extra,
        st->seen_accepted, st->known ? st->seen_last : "no known entry");
}


static void
judge_removed(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l)
{
    const char  *entry, *note;

    entry = l->picture.first;
    note = "removed from Redis before PostgreSQL had it, below this entry";

    if (l->removed[0] != '\0') {
        entry = l->removed;
        note = "removed from Redis before PostgreSQL had it, while pending";

    } else if (lapor_ctl_rec_compare(l->picture.deleted, "0-0") > 0
               && lapor_ctl_rec_compare(l->picture.deleted, entry) > 0)
    {
        entry = l->picture.deleted;
        note = "deleted from Redis before PostgreSQL had it, up to this entry";

    } else if (l->picture.length == 0) {
        entry = l->picture.last;
        note = "removed from Redis before PostgreSQL had it, up to this entry";
    }

    st->differences += -l->extra;
    lapor_ctl_rec_tell(rec, "removed", st->key, entry, -l->extra, "%s", note);

    if (lapor_ctl_flag(rec->args, "accept")) {
        st->base += l->extra;
        st->anew = true;
    }
}


/* An entry that was counted has been in PostgreSQL. */

static void
judge_lost(struct ctl_rec *rec, struct ctl_rec_stream *st,
    const struct look *l)
{
    size_t                       i;
    const char                  *kind, *note;
    const struct ctl_rec_entry  *e;

    kind = "not_stored";
    note = "acknowledged, and not in PostgreSQL";

    if (l->extra == l->lost) {
        kind = "row_missing";
        note = "was stored, and its row of raw_webhook is gone";
    }

    st->differences += l->lost;

    for (i = 0; i < st->entries.n; i++) {
        e = &st->entries.list[i];

        if (e->missing && !e->pending) {
            lapor_ctl_rec_tell(rec, kind, st->key, e->id, 1, "%s", note);
        }
    }
}


static void
sum(struct ctl_rec *rec)
{
    unsigned                      i;
    const struct ctl_rec_stream  *st;

    for (i = 0; i < LAPOR_STREAM_KEYS; i++) {
        st = &rec->streams[i];

        if (!st->settled) {
            rec->unsettled++;
            rec->nstreams++;
            continue;
        }

        rec->nstreams += st->picture.there && st->picture.added > 0;
        rec->accepted += st->picture.added;
        rec->done += st->counted - st->base;
        rec->waiting += st->picture.length - st->stored;
        rec->differences += st->differences;
    }
}
