/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Identities and their tenures: read, found, cut and filled; what they mean
 * is in who.c.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "intake/who_internal.h"
#include "lib/part.h"
#include "lib/utf8.h"


static int who_line(struct lapor_who *who, const char *line, size_t len,
    struct lapor_who_tenure **ret_tenure);
static int who_number(const char **pos, int64_t *ret_number);
static struct lapor_who_person *who_person(struct lapor_who *who, unsigned
    home, int64_t id);
static void who_glue_one(struct lapor_who_identity *a);
static int who_has(const struct lapor_who_identity *a,
    struct lapor_who_person *person);


void
lapor_who_init(struct lapor_who *who, struct lapor_pool *pool)
{
    memset(who, 0, sizeof(*who));
    who->pool = pool;
    who->tail = &who->changes;
}


struct lapor_who_identity *
lapor_who_find(const struct lapor_who *who, struct lapor_str id)
{
    struct lapor_who_identity  *identity;

    if (id.data == NULL) {
        return NULL;
    }

    identity = who->buckets[lapor_part(id.data, id.len) % LAPOR_WHO_BUCKETS];

    while (identity != NULL && !lapor_str_eq(identity->is.id, id)) {
        identity = identity->chain;
    }

    return identity;
}


struct lapor_who_identity *
lapor_who_identity(struct lapor_who *who,
    const struct lapor_intake_identity *is)
{
    unsigned                    bucket;
    struct lapor_who_identity  *identity;

    identity = lapor_who_find(who, is->id);

    if (identity == NULL) {
        bucket = is->part % LAPOR_WHO_BUCKETS;
        identity = lapor_pool_alloc(who->pool, sizeof(*identity));
        identity->is = *is;
        identity->chain = who->buckets[bucket];
        identity->next = who->all;
        who->buckets[bucket] = identity;
        who->all = identity;
    }

    return identity;
}


int
lapor_who_load(struct lapor_who *who, struct lapor_who_identity *identity,
    struct lapor_str image)
{
    int64_t                    last;
    const char                *pos, *end, *line;
    struct lapor_who_tenure  **tail;

    identity->read = true;
    identity->image = image;

    if (image.data == NULL) {
        return 0;
    }

    last = LAPOR_WHO_NEVER;
    tail = &identity->tenures;
    pos = image.data;
    end = image.data + image.len;

    while (pos < end) {
        line = pos;
        pos = memchr(line, '\n', (size_t) (end - line));
        pos = pos == NULL ? end : pos;

        if (who_line(who, line, (size_t) (pos - line), tail) == -1) {
            return -1;
        }

        /* a new sender's begins where nobody looked */
        if ((*tail)->since < last) {
            (*tail)->since = last;
        }

        last = (*tail)->until;
        tail = &(*tail)->next;
        pos++;
    }

    return 0;
}


static int
who_line(struct lapor_who *who, const char *line, size_t len,
    struct lapor_who_tenure **ret_tenure)
{
    size_t                    i;
    int64_t                   numbers[5];
    const char               *text, *pos;
    struct lapor_who_tenure  *t;

    text = lapor_pool_strndup(who->pool, line, len);
    pos = text;

    for (i = 0; i < 5; i++) {
        if (who_number(&pos, &numbers[i]) == -1) {
            return -1;
        }
    }

    t = lapor_pool_alloc(who->pool, sizeof(*t));
    t->since = numbers[0];
    t->until = numbers[1];
    t->person = who_person(who, (unsigned) numbers[2], numbers[3]);
    t->seen = numbers[4];

    if (*pos != '\0') {
        t->peer = lapor_str_from(pos);
    }

    *ret_tenure = t;

    return 0;
}


/* A number and the blank behind it. */

static int
who_number(const char **pos, int64_t *ret_number)
{
    char       *end;
    long long   number;

    errno = 0;
    number = strtoll(*pos, &end, 10);

    if (errno != 0 || end == *pos || *end != ' ') {
        return -1;
    }

    *ret_number = number;
    *pos = end + 1;

    return 0;
}


static struct lapor_who_person *
who_person(struct lapor_who *who, unsigned home, int64_t id)
{
    struct lapor_who_person  *person;

    person = who->persons;

    while (person != NULL && (person->id != id || person->home != home)) {
        person = person->next;
    }

    if (person == NULL) {
        person = lapor_pool_alloc(who->pool, sizeof(*person));
        person->home = home;
        person->id = id;
        person->next = who->persons;
        who->persons = person;
    }

    return person;
}


void
lapor_who_follow(struct lapor_who *who)
{
    struct lapor_who_tenure    *t;
    struct lapor_who_identity  *i;

    for (i = who->all; i != NULL; i = i->next) {

        for (t = i->tenures; t != NULL; t = t->next) {

            if (t->person->into != NULL) {
                lapor_who_tell(who, "merged", i, NULL, t->person,
                         lapor_who_root(t->person));
                t->person = lapor_who_root(t->person);
                i->changed = true;
            }
        }
    }
}


struct lapor_who_tenure *
lapor_who_at(const struct lapor_who_identity *identity, int64_t at)
{
    struct lapor_who_tenure  *t;

    t = identity->tenures;

    while (t != NULL && t->until <= at) {
        t = t->next;
    }

    return t == NULL || t->since > at ? NULL : t;
}


struct lapor_who_person *
lapor_who_root(struct lapor_who_person *person)
{
    while (person->into != NULL) {
        person = person->into;
    }

    return person;
}


/* Fills the gap in which a time lies, from "since" on. */

struct lapor_who_tenure *
lapor_who_fill(struct lapor_who *who, struct lapor_who_identity *a,
    int64_t since, int64_t at, struct lapor_who_person *person)
{
    struct lapor_who_tenure  *t, **link;

    t = lapor_pool_alloc(who->pool, sizeof(*t));
    t->since = since;
    t->until = LAPOR_WHO_EVER;
    t->seen = LAPOR_WHO_EVER;
    t->person = lapor_who_root(person);

    link = &a->tenures;

    while (*link != NULL && (*link)->until <= at) {
        t->since = (*link)->until > since ? (*link)->until : since;
        link = &(*link)->next;
    }

    if (*link != NULL) {
        t->until = (*link)->since;
    }

    t->next = *link;
    *link = t;
    a->changed = true;

    return t;
}


/* Splits a tenure and returns the later half. The first sighting lies in one
 * of them; of the other nothing is known. */

struct lapor_who_tenure *
lapor_who_cut(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_tenure *t, int64_t at)
{
    struct lapor_who_tenure  *rest;

    rest = lapor_pool_memdup(who->pool, t, sizeof(*t));
    rest->since = at;
    t->until = at;
    t->next = rest;

    if (t->seen < at) {
        rest->seen = LAPOR_WHO_EVER;

    } else {
        t->seen = LAPOR_WHO_EVER;
    }

    a->changed = true;

    return rest;
}


/* One tenure of two that follow each other and are the same person's. */

void
lapor_who_glue(struct lapor_who *who)
{
    struct lapor_who_identity  *i;

    for (i = who->all; i != NULL; i = i->next) {
        if (i->changed) {
            who_glue_one(i);
        }
    }
}


static void
who_glue_one(struct lapor_who_identity *a)
{
    struct lapor_who_tenure  *t, *next;

    t = a->tenures;

    while (t != NULL && t->next != NULL) {
        next = t->next;

        if (next->since != t->until
            || lapor_who_root(next->person) != lapor_who_root(t->person))
        {
            t = next;
            continue;
        }

        t->until = next->until;
        t->next = next->next;
        t->seen = next->seen < t->seen ? next->seen : t->seen;

        if (next->peer.data != NULL) {
            t->peer = next->peer;
        }
    }
}


void
lapor_who_drop(struct lapor_who_identity *a, const struct lapor_who_tenure *t)
{
    struct lapor_who_tenure  **link;

    link = &a->tenures;

    while (*link != t) {
        link = &(*link)->next;
    }

    *link = t->next;
    a->changed = true;
}


void
lapor_who_sight(struct lapor_who_identity *a, struct lapor_who_tenure *t,
    int64_t at)
{
    if (at < t->seen) {
        t->seen = at;
        a->changed = true;
    }
}


/* An id that he has now is worth more than one that he had. */

void
lapor_who_peer(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_tenure *t, const struct lapor_who_identity *b)
{
    struct lapor_who_identity  *peer;

    if (lapor_str_eq(t->peer, b->is.id)) {
        return;
    }

    if (t->peer.data != NULL) {
        peer = lapor_who_find(who, t->peer);

        if (!lapor_str_digits(a->is.id) || !who_has(b, t->person)
            || (peer != NULL && who_has(peer, t->person)))
        {
            return;
        }
    }

    t->peer = b->is.id;
    a->changed = true;
}


/* Is it his until further notice? */

static int
who_has(const struct lapor_who_identity *a, struct lapor_who_person *person)
{
    struct lapor_who_tenure  *t;

    t = lapor_who_at(a, LAPOR_WHO_EVER - 1);

    return t != NULL && lapor_who_root(t->person) == lapor_who_root(person);
}


/* A person of whom nothing is stored yet; his home is the identity's part. */

struct lapor_who_person *
lapor_who_make(struct lapor_who *who, const struct lapor_who_identity *a)
{
    struct lapor_who_person  *person;

    person = lapor_pool_alloc(who->pool, sizeof(*person));
    person->home = a->is.part;
    person->at_ms = who->fact->at_ms;
    person->next = who->persons;
    who->persons = person;

    return person;
}


void
lapor_who_tell(struct lapor_who *who, const char *what,
    struct lapor_who_identity *identity, struct lapor_who_identity *peer,
    struct lapor_who_person *from, struct lapor_who_person *to)
{
    struct lapor_who_change  *change;

    change = lapor_pool_alloc(who->pool, sizeof(*change));
    change->what = what;
    change->identity = identity;
    change->peer = peer;
    change->from = from;
    change->to = to;
    change->at_ms = who->fact->at_ms;
    change->raw_id = who->fact->raw_id;

    *who->tail = change;
    who->tail = &change->next;
}


struct lapor_intake_identity
lapor_intake_identity(struct lapor_pool *pool, struct lapor_str id)
{
    int                           damaged;
    struct lapor_intake_identity  identity;

    identity.id = lapor_utf8_pgtext(pool, id, &damaged);
    identity.part = lapor_part(id.data, id.len);
    identity.kind = lapor_str_digits(id) ? "phone"
                    : lapor_str_starts(id, "@") ? "username" : "user_id";

    return identity;
}


bool
lapor_intake_key(struct lapor_str str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        if (str.data[i] < 0x20 || str.data[i] > 0x7e) {
            return false;
        }
    }

    return str.len > 0 && str.len <= LAPOR_DECODE_ID_MAX / 2;
}
