/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Everything is written in network byte order straight into pool memory.
 * An array starts with room for its header, which is filled in when it is
 * handed over: number of dimensions, whether there are NULLs, element type,
 * length and lower bound of the one dimension.
 */

#include <string.h>

#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/pool.h"
#include "lib/timeutil.h"


#define LAPOR_PGARRAY_HEAD   20
#define LAPOR_PGARRAY_EMPTY  12

/* PostgreSQL takes no value above 1 GB (MaxAllocSize). */
#define LAPOR_PGARRAY_MAX    ((size_t) 1 << 30)

/* timestamptz_in() takes years up to 294276; ours end where RFC 3339 does. */
#define LAPOR_PGARRAY_TIME_MAX  INT64_C(253402300799999)
#define LAPOR_PGARRAY_TIME_MIN  INT64_C(-62135596800000)


struct lapor_pgarray {
    struct lapor_pool  *pool;
    enum lapor_pg_oid   type;
    size_t              n;
    bool                nulls;
    char               *data;
    size_t              len;
    size_t              size;
};


static void lapor_pg_put16(char *p, uint16_t value);
static void lapor_pg_put32(char *p, uint32_t value);
static void lapor_pg_put64(char *p, uint64_t value);
static uint64_t lapor_pg_time(int64_t unix_ms);
static uint64_t lapor_pg_float(double value);
static unsigned lapor_pg_array_type(enum lapor_pg_oid type);
static void lapor_pgparams_add(struct lapor_pgparams *p, unsigned type,
    const void *data, size_t len);
static void lapor_pgarray_move(struct lapor_pgarray *a, size_t size);
static char *lapor_pgarray_add(struct lapor_pgarray *a,
    enum lapor_pg_oid type, size_t len);


static void
lapor_pg_put16(char *p, uint16_t value)
{
    p[0] = (char) (value >> 8);
    p[1] = (char) value;
}


static void
lapor_pg_put32(char *p, uint32_t value)
{
    lapor_pg_put16(p, (uint16_t) (value >> 16));
    lapor_pg_put16(p + 2, (uint16_t) value);
}


static void
lapor_pg_put64(char *p, uint64_t value)
{
    lapor_pg_put32(p, (uint32_t) (value >> 32));
    lapor_pg_put32(p + 4, (uint32_t) value);
}


/* Microseconds since 2000-01-01, src/include/datatype/timestamp.h */

static uint64_t
lapor_pg_time(int64_t unix_ms)
{
    if (unix_ms > LAPOR_PGARRAY_TIME_MAX) {
        unix_ms = LAPOR_PGARRAY_TIME_MAX;
    }

    if (unix_ms < LAPOR_PGARRAY_TIME_MIN) {
        unix_ms = LAPOR_PGARRAY_TIME_MIN;
    }

    return (uint64_t) ((unix_ms - LAPOR_TIME_PG_EPOCH_MS) * 1000);
}


static uint64_t
lapor_pg_float(double value)
{
    uint64_t  bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}


static unsigned
lapor_pg_array_type(enum lapor_pg_oid type)
{
    switch (type) {
    case LAPOR_PG_BOOL:
        return 1000;
    case LAPOR_PG_BYTEA:
        return 1001;
    case LAPOR_PG_INT2:
        return 1005;
    case LAPOR_PG_INT4:
        return 1007;
    case LAPOR_PG_TEXT:
        return 1009;
    case LAPOR_PG_INT8:
        return 1016;
    case LAPOR_PG_FLOAT8:
        return 1022;
    case LAPOR_PG_TIMESTAMPTZ:
        return 1185;
    case LAPOR_PG_JSON:
        return 199;
    case LAPOR_PG_JSONB:
        return 3807;
    }

    lapor_fatal(LAPOR_EXIT_RUNTIME, "there is no array of type %u",
                (unsigned) type);
}


void
lapor_pgparams_init(struct lapor_pgparams *p, struct lapor_pool *pool)
{
    p->pool = pool;
    p->n = 0;
}


static void
lapor_pgparams_add(struct lapor_pgparams *p, unsigned type, const void *data,
    size_t len)
{
    if (p->n == LAPOR_PG_PARAMS || len > LAPOR_PGARRAY_MAX) {
        lapor_fatal(LAPOR_EXIT_RUNTIME,
                    "too many or too long parameters n=%d len=%zu", p->n, len);
    }

    p->types[p->n] = type;
    p->values[p->n] = data;
    p->lengths[p->n] = (int) len;
    p->formats[p->n] = 1;
    p->n++;
}


void
lapor_pgparams_null(struct lapor_pgparams *p, enum lapor_pg_oid type)
{
    lapor_pgparams_add(p, type, NULL, 0);
}


void
lapor_pgparams_bool(struct lapor_pgparams *p, bool value)
{
    lapor_pgparams_add(p, LAPOR_PG_BOOL, value ? "\1" : "\0", 1);
}


void
lapor_pgparams_int2(struct lapor_pgparams *p, int16_t value)
{
    char  *data;

    data = lapor_pool_bytes(p->pool, 2);
    lapor_pg_put16(data, (uint16_t) value);
    lapor_pgparams_add(p, LAPOR_PG_INT2, data, 2);
}


void
lapor_pgparams_int4(struct lapor_pgparams *p, int32_t value)
{
    char  *data;

    data = lapor_pool_bytes(p->pool, 4);
    lapor_pg_put32(data, (uint32_t) value);
    lapor_pgparams_add(p, LAPOR_PG_INT4, data, 4);
}


void
lapor_pgparams_int8(struct lapor_pgparams *p, int64_t value)
{
    char  *data;

    data = lapor_pool_bytes(p->pool, 8);
    lapor_pg_put64(data, (uint64_t) value);
    lapor_pgparams_add(p, LAPOR_PG_INT8, data, 8);
}


void
lapor_pgparams_float8(struct lapor_pgparams *p, double value)
{
    char  *data;

    data = lapor_pool_bytes(p->pool, 8);
    lapor_pg_put64(data, lapor_pg_float(value));
    lapor_pgparams_add(p, LAPOR_PG_FLOAT8, data, 8);
}


void
lapor_pgparams_time(struct lapor_pgparams *p, int64_t unix_ms)
{
    char  *data;

    data = lapor_pool_bytes(p->pool, 8);
    lapor_pg_put64(data, lapor_pg_time(unix_ms));
    lapor_pgparams_add(p, LAPOR_PG_TIMESTAMPTZ, data, 8);
}


void
lapor_pgparams_text(struct lapor_pgparams *p, const char *data, size_t len)
{
    lapor_pgparams_add(p, LAPOR_PG_TEXT, data, len);
}


void
lapor_pgparams_cstr(struct lapor_pgparams *p, const char *text)
{
    lapor_pgparams_text(p, text, text == NULL ? 0 : strlen(text));
}


void
lapor_pgparams_bytea(struct lapor_pgparams *p, const void *data, size_t len)
{
    lapor_pgparams_add(p, LAPOR_PG_BYTEA, data, len);
}


void
lapor_pgparams_array(struct lapor_pgparams *p, struct lapor_pgarray *a)
{
    size_t       len;
    const char  *data;

    data = lapor_pgarray_data(a, &len);
    lapor_pgparams_add(p, lapor_pgarray_type(a), data, len);
}


struct lapor_pgarray *
lapor_pgarray_new(struct lapor_pool *pool, enum lapor_pg_oid type)
{
    struct lapor_pgarray  *a;

    a = lapor_pool_alloc(pool, sizeof(struct lapor_pgarray));
    a->pool = pool;
    a->type = type;
    a->len = LAPOR_PGARRAY_HEAD;
    a->size = 256;
    a->data = lapor_pool_bytes(pool, a->size);

    return a;
}


size_t
lapor_pgarray_n(const struct lapor_pgarray *a)
{
    return a->n;
}


unsigned
lapor_pgarray_type(const struct lapor_pgarray *a)
{
    return lapor_pg_array_type(a->type);
}


const char *
lapor_pgarray_data(struct lapor_pgarray *a, size_t *ret_len)
{
    lapor_pg_put32(a->data, a->n == 0 ? 0 : 1);
    lapor_pg_put32(a->data + 4, a->nulls ? 1 : 0);
    lapor_pg_put32(a->data + 8, a->type);
    lapor_pg_put32(a->data + 12, (uint32_t) a->n);
    lapor_pg_put32(a->data + 16, 1);

    *ret_len = (a->n == 0) ? LAPOR_PGARRAY_EMPTY : a->len;
    return a->data;
}


/* What passes the limit is not made room for: adding it is what fails. */

void
lapor_pgarray_reserve(struct lapor_pgarray *a, size_t n, size_t bytes)
{
    if (n <= LAPOR_PGARRAY_MAX / 4 && bytes <= LAPOR_PGARRAY_MAX - 4 * n
        && a->size - a->len < 4 * n + bytes)
    {
        lapor_pgarray_move(a, a->len + 4 * n + bytes);
    }
}


static void
lapor_pgarray_move(struct lapor_pgarray *a, size_t size)
{
    char  *data;

    data = lapor_pool_bytes(a->pool, size);
    memcpy(data, a->data, a->len);
    a->data = data;
    a->size = size;
}


/* Appends a value's length and returns where its len bytes go. */

static char *
lapor_pgarray_add(struct lapor_pgarray *a, enum lapor_pg_oid type, size_t len)
{
    char    *data;
    size_t   size;

    if (type != a->type) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "value of type %u in an array of %u",
                    (unsigned) type, (unsigned) a->type);
    }

    if (len > LAPOR_PGARRAY_MAX || a->len + 4 + len > LAPOR_PGARRAY_MAX) {
        lapor_fatal(LAPOR_EXIT_RUNTIME, "array is too long n=%zu len=%zu",
                    a->n, a->len + len);
    }

    if (a->size - a->len < 4 + len) {
        for (size = a->size; size - a->len < 4 + len; size *= 2) {
            /* void */
        }

        lapor_pgarray_move(a, size);
    }

    lapor_pg_put32(a->data + a->len, (uint32_t) len);
    data = a->data + a->len + 4;

    a->len += 4 + len;
    a->n++;

    return data;
}


void
lapor_pgarray_null(struct lapor_pgarray *a)
{
    char  *data;

    /* a length of -1 and no bytes */
    data = lapor_pgarray_add(a, a->type, 0);
    lapor_pg_put32(data - 4, UINT32_MAX);
    a->nulls = true;
}


void
lapor_pgarray_bool(struct lapor_pgarray *a, bool value)
{
    lapor_pgarray_add(a, LAPOR_PG_BOOL, 1)[0] = value ? 1 : 0;
}


void
lapor_pgarray_int2(struct lapor_pgarray *a, int16_t value)
{
    lapor_pg_put16(lapor_pgarray_add(a, LAPOR_PG_INT2, 2), (uint16_t) value);
}


void
lapor_pgarray_int4(struct lapor_pgarray *a, int32_t value)
{
    lapor_pg_put32(lapor_pgarray_add(a, LAPOR_PG_INT4, 4), (uint32_t) value);
}


void
lapor_pgarray_int8(struct lapor_pgarray *a, int64_t value)
{
    lapor_pg_put64(lapor_pgarray_add(a, LAPOR_PG_INT8, 8), (uint64_t) value);
}


void
lapor_pgarray_float8(struct lapor_pgarray *a, double value)
{
    lapor_pg_put64(lapor_pgarray_add(a, LAPOR_PG_FLOAT8, 8),
                   lapor_pg_float(value));
}


void
lapor_pgarray_time(struct lapor_pgarray *a, int64_t unix_ms)
{
    lapor_pg_put64(lapor_pgarray_add(a, LAPOR_PG_TIMESTAMPTZ, 8),
                   lapor_pg_time(unix_ms));
}


void
lapor_pgarray_text(struct lapor_pgarray *a, const char *data, size_t len)
{
    char  *copy;

    if (data == NULL) {
        lapor_pgarray_null(a);
        return;
    }

    copy = lapor_pgarray_add(a, LAPOR_PG_TEXT, len);
    memcpy(copy, data, len);
}


void
lapor_pgarray_cstr(struct lapor_pgarray *a, const char *text)
{
    lapor_pgarray_text(a, text, text == NULL ? 0 : strlen(text));
}


void
lapor_pgarray_bytea(struct lapor_pgarray *a, const void *data, size_t len)
{
    char  *copy;

    if (data == NULL) {
        lapor_pgarray_null(a);
        return;
    }

    copy = lapor_pgarray_add(a, LAPOR_PG_BYTEA, len);
    memcpy(copy, data, len);
}
