/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The scout: while there is a backlog it reads ahead of it, in the message
 * streams that its loop owns, and finds the emergencies (P1), so that they are
 * stored before the rest. It delivers and acknowledges nothing: the usual pass
 * meets such an entry later and finds its messages in the ledger. So it may
 * stop, begin anew or look twice at any time.
 */

#ifndef LAPOR_INTAKE_SCOUT_H
#define LAPOR_INTAKE_SCOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pool.h"
#include "lib/stream.h"


struct lapor_intake_scout {
    struct lapor_stream     *stream;
    struct lapor_pool       *pool;        /* of one look */
    uint64_t                 generation;  /* of the connection */
    unsigned                 next;        /* partition to look at */
    struct lapor_stream_id   at[LAPOR_STREAM_PARTS];  /* looked at up to */
    int64_t                  due[LAPOR_STREAM_PARTS]; /* lapor_mono_ms() after
                                             the end of a stream was reached */
    uint64_t                 looked;      /* entries, in this backlog */
    uint64_t                 found;
};


void lapor_intake_scout_init(struct lapor_intake_scout *scout,
    struct lapor_stream *stream);
void lapor_intake_scout_done(struct lapor_intake_scout *scout);

/*
 * Looks at some entries of one partition. Those with an emergency are in
 * *ret_entries until the next look; *ret_more is false when there is nothing
 * to look at for now. -1 when Redis is away.
 */
int lapor_intake_scout_look(struct lapor_intake_scout *scout,
    struct lapor_entry **ret_entries, size_t *ret_n, bool *ret_more)
    __attribute__((warn_unused_result));

/* The backlog is over: says in the log what was seen. */
void lapor_intake_scout_rest(struct lapor_intake_scout *scout);

#endif
