/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Binary parameters of PostgreSQL statements, single values and arrays for
 * unnest(), all from one pool: they die with its reset.  Byte order and
 * layout are those of PostgreSQL's typsend/typreceive functions (array_recv,
 * src/backend/utils/adt/arrayfuncs.c).
 */

#ifndef LAPOR_LIB_PGARRAY_H
#define LAPOR_LIB_PGARRAY_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


struct lapor_pool;

/* Type numbers of src/include/catalog/pg_type.dat; fixed for ever. */
enum lapor_pg_oid {
    LAPOR_PG_BOOL = 16,
    LAPOR_PG_BYTEA = 17,
    LAPOR_PG_INT8 = 20,
    LAPOR_PG_INT2 = 21,
    LAPOR_PG_INT4 = 23,
    LAPOR_PG_TEXT = 25,
    LAPOR_PG_JSON = 114,
    LAPOR_PG_FLOAT8 = 701,
    LAPOR_PG_TIMESTAMPTZ = 1184,
    LAPOR_PG_JSONB = 3802
};

#define LAPOR_PG_PARAMS  64

/* The four arrays are as PQsendQueryParams() takes them. */
struct lapor_pgparams {
    struct lapor_pool  *pool;
    int                 n;
    unsigned            types[LAPOR_PG_PARAMS];
    const char         *values[LAPOR_PG_PARAMS];
    int                 lengths[LAPOR_PG_PARAMS];
    int                 formats[LAPOR_PG_PARAMS];
};

struct lapor_pgarray;


/* Starts an empty list.  More than LAPOR_PG_PARAMS values exit 1. */
void lapor_pgparams_init(struct lapor_pgparams *p, struct lapor_pool *pool);

/* One value; text, bytea and json are not copied and must outlive the call. */
void lapor_pgparams_null(struct lapor_pgparams *p, enum lapor_pg_oid type);
void lapor_pgparams_bool(struct lapor_pgparams *p, bool value);
void lapor_pgparams_int2(struct lapor_pgparams *p, int16_t value);
void lapor_pgparams_int4(struct lapor_pgparams *p, int32_t value);
void lapor_pgparams_int8(struct lapor_pgparams *p, int64_t value);
void lapor_pgparams_float8(struct lapor_pgparams *p, double value);
void lapor_pgparams_time(struct lapor_pgparams *p, int64_t unix_ms);

/* data NULL is SQL's NULL. */
void lapor_pgparams_text(struct lapor_pgparams *p, const char *data,
    size_t len);
void lapor_pgparams_cstr(struct lapor_pgparams *p, const char *text);
void lapor_pgparams_bytea(struct lapor_pgparams *p, const void *data,
    size_t len);

/* The array as the next parameter; it may grow no more. */
void lapor_pgparams_array(struct lapor_pgparams *p, struct lapor_pgarray *a);


/*
 * An empty one-dimensional array of type.  Appending a value of another type
 * exits 1.  Values are copied.  An array without elements goes as '{}'.
 */
struct lapor_pgarray *lapor_pgarray_new(struct lapor_pool *pool,
    enum lapor_pg_oid type);
size_t lapor_pgarray_n(const struct lapor_pgarray *a);

/* Room for n values more that have so many bytes together: else it grows by
 * doubling, and what is large is copied more than once. */
void lapor_pgarray_reserve(struct lapor_pgarray *a, size_t n, size_t bytes);

void lapor_pgarray_null(struct lapor_pgarray *a);
void lapor_pgarray_bool(struct lapor_pgarray *a, bool value);
void lapor_pgarray_int2(struct lapor_pgarray *a, int16_t value);
void lapor_pgarray_int4(struct lapor_pgarray *a, int32_t value);
void lapor_pgarray_int8(struct lapor_pgarray *a, int64_t value);
void lapor_pgarray_float8(struct lapor_pgarray *a, double value);
void lapor_pgarray_time(struct lapor_pgarray *a, int64_t unix_ms);
void lapor_pgarray_text(struct lapor_pgarray *a, const char *data, size_t len);
void lapor_pgarray_cstr(struct lapor_pgarray *a, const char *text);
void lapor_pgarray_bytea(struct lapor_pgarray *a, const void *data,
    size_t len);

/* The array's type number and its bytes, complete with header. */
unsigned lapor_pgarray_type(const struct lapor_pgarray *a);
const char *lapor_pgarray_data(struct lapor_pgarray *a, size_t *ret_len);


#endif
