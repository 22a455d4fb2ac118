/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Messages into groups of one call each, and in each the senders, every one of
 * them once.
 */

#include <stdlib.h>
#include <string.h>

#include "intake/sender.h"


struct sender_map {
    struct lapor_pool            *pool;
    struct lapor_intake_sender  **buckets;
    size_t                        n;         /* a power of two */
};


static void sender_group(struct lapor_intake_store *store,
    struct lapor_intake_group *group);
static struct lapor_intake_sender *sender_get(struct sender_map *map,
    const struct lapor_intake_unit *unit, bool *ret_new);
static void sender_name(struct lapor_intake_sender *sender,
    const struct lapor_intake_message *m);
static uint64_t sender_hash(const struct lapor_intake_message *m,
    struct lapor_str id);
static int sender_compare(const void *one, const void *two);


size_t
lapor_intake_groups(struct lapor_intake_store *store,
    struct lapor_intake_slot *slots, size_t n,
    struct lapor_intake_group **ret_groups)
{
    size_t                      i, end, count;
    struct lapor_intake_group  *groups;

    count = 0;

    for (i = 0; i < n; i = lapor_intake_call_end(store, slots, n, i)) {
        count++;
    }

    groups = lapor_pool_alloc(store->pool, count * sizeof(*groups));
    count = 0;

    for (i = 0; i < n; i = end) {
        end = lapor_intake_call_end(store, slots, n, i);

        groups[count].slots = slots + i;
        groups[count].n = end - i;
        sender_group(store, &groups[count++]);
    }

    *ret_groups = groups;

    return count;
}


static void
sender_group(struct lapor_intake_store *store,
    struct lapor_intake_group *group)
{
    bool                          fresh;
    size_t                        i;
    struct sender_map             map;
    struct lapor_intake_sender   *sender;
    struct lapor_intake_message  *m;

    map.pool = store->pool;
    map.n = 16;

    while (map.n < 2 * group->n) {
        map.n *= 2;
    }

    map.buckets = lapor_pool_alloc(store->pool,
                                   map.n * sizeof(*map.buckets));
    group->senders = lapor_pool_alloc(store->pool,
                                      group->n * sizeof(*group->senders));

    for (i = 0; i < group->n; i++) {
        m = group->slots[i].unit->message;
        sender = sender_get(&map, group->slots[i].unit, &fresh);

        if (fresh) {
            group->senders[group->nsenders++] = sender;
        }

        sender_name(sender, m);

        if (m->at_ms < sender->seen_ms) {
            sender->seen_ms = m->at_ms;
        }

        m->sender = sender;
        group->about |= m->about.data != NULL;
    }

    qsort(group->senders, group->nsenders, sizeof(*group->senders),
          sender_compare);
}


static struct lapor_intake_sender *
sender_get(struct sender_map *map, const struct lapor_intake_unit *unit,
    bool *ret_new)
{
    struct lapor_intake_sender          *sender, **bucket;
    const struct lapor_intake_message   *m;
    const struct lapor_intake_identity  *self, *peer;

    m = unit->message;
    self = &m->self;
    peer = &m->other;

    if (!m->known && !lapor_str_eq(m->name_as.id, self->id)) {
        peer = self;
        self = &m->name_as;
    }

    bucket = &map->buckets[sender_hash(m, self->id) & (map->n - 1)];

    for (sender = *bucket; sender != NULL; sender = sender->next) {
        if (sender->known == m->known
            && (m->known ? sender->reporter_id == m->reporter_id
                         : lapor_str_eq(sender->self->id, self->id)))
        {
            *ret_new = false;
            return sender;
        }
    }

    sender = lapor_pool_alloc(map->pool, sizeof(*sender));
    sender->part = m->home;
    sender->known = m->known;
    sender->reporter_id = m->known ? m->reporter_id : 0;
    sender->self = self;
    sender->peer = peer;
    sender->seen_ms = m->at_ms;
    sender->next = *bucket;
    *bucket = sender;
    *ret_new = true;

    return sender;
}


/* A retry of yesterday's message may come last. */

static void
sender_name(struct lapor_intake_sender *sender,
    const struct lapor_intake_message *m)
{
    if ((m->name.data == NULL && m->username.data == NULL)
        || m->at_ms < sender->named_ms)
    {
        return;
    }

    if (m->name.data != NULL) {
        sender->name = m->name;
    }

    if (m->username.data != NULL) {
        sender->username = m->username;
    }

    sender->named_ms = m->at_ms;
}


/* FNV-1a, 64 bit. */

static uint64_t
sender_hash(const struct lapor_intake_message *m, struct lapor_str id)
{
    uint64_t  hash;

    if (m->known) {
        hash = (uint64_t) m->reporter_id * UINT64_C(0x9e3779b97f4a7c15);
        return hash >> 32;
    }

    return lapor_str_hash(id);
}


/* The order of locks: parts ascending, in each reporters, then new ones by
 * their identity. */

static int
sender_compare(const void *one, const void *two)
{
    int                                rc;
    const struct lapor_intake_sender  *a, *b;

    a = *(struct lapor_intake_sender *const *) one;
    b = *(struct lapor_intake_sender *const *) two;

    if (a->part != b->part) {
        return a->part < b->part ? -1 : 1;
    }

    if (a->known != b->known) {
        return a->known ? -1 : 1;
    }

    if (a->known) {
        return a->reporter_id < b->reporter_id ? -1 : 1;
    }

    rc = memcmp(a->self->id.data, b->self->id.data,
                a->self->id.len < b->self->id.len ? a->self->id.len
                                                  : b->self->id.len);

    if (rc == 0) {
        rc = a->self->id.len < b->self->id.len ? -1 : 1;
    }

    return rc;
}
