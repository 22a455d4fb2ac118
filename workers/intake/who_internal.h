/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What who.c and who_tenure.c share; nobody else includes it.
 */

#ifndef LAPOR_INTAKE_WHO_INTERNAL_H
#define LAPOR_INTAKE_WHO_INTERNAL_H

#include "intake/who.h"


struct lapor_who_tenure *lapor_who_fill(struct lapor_who *who,
    struct lapor_who_identity *a, int64_t since, int64_t at,
    struct lapor_who_person *person);
struct lapor_who_tenure *lapor_who_cut(struct lapor_who *who,
    struct lapor_who_identity *a, struct lapor_who_tenure *t, int64_t at);
void lapor_who_glue(struct lapor_who *who);
void lapor_who_drop(struct lapor_who_identity *a,
    const struct lapor_who_tenure *t);
void lapor_who_sight(struct lapor_who_identity *a, struct lapor_who_tenure *t,
    int64_t at);
void lapor_who_peer(struct lapor_who *who, struct lapor_who_identity *a,
    struct lapor_who_tenure *t, const struct lapor_who_identity *b);
struct lapor_who_person *lapor_who_make(struct lapor_who *who,
    const struct lapor_who_identity *a);
void lapor_who_tell(struct lapor_who *who, const char *what,
    struct lapor_who_identity *identity, struct lapor_who_identity *peer,
    struct lapor_who_person *from, struct lapor_who_person *to);

#endif
