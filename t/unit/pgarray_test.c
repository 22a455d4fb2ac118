/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/pgarray: bytes as PostgreSQL's receive functions want them. */

#include "lib/pgarray.h"
#include "lib/pool.h"
#include "t/unit/tap.h"


#define BYTES(literal)  literal, sizeof(literal) - 1


static void is_array(struct lapor_pgarray *a, const char *want, size_t len,
    const char *name);
static void test_arrays(struct lapor_pool *pool);
static void test_growth(struct lapor_pool *pool);
static void test_reserve(struct lapor_pool *pool);
static void test_params(struct lapor_pool *pool);


static void
is_array(struct lapor_pgarray *a, const char *want, size_t len,
    const char *name)
{
    size_t       got;
    const char  *data;

    data = lapor_pgarray_data(a, &got);
    is_mem(data, got, want, len, "%s", name);
}


static void
test_arrays(struct lapor_pool *pool)
{
    struct lapor_pgarray  *a;

    a = lapor_pgarray_new(pool, LAPOR_PG_TEXT);
    is_array(a, BYTES("\0\0\0\0\0\0\0\0\0\0\0\031"), "empty text[]");
    is(lapor_pgarray_type(a), 1009, "type text[]");

    lapor_pgarray_cstr(a, "ab");
    lapor_pgarray_text(a, NULL, 0);
    lapor_pgarray_text(a, "", 0);
    is(lapor_pgarray_n(a), 3, "elements");
    is_array(a, BYTES("\0\0\0\1\0\0\0\1\0\0\0\031\0\0\0\3\0\0\0\1"
                      "\0\0\0\2" "ab" "\377\377\377\377" "\0\0\0\0"),
             "text[] with NULL and empty");

    a = lapor_pgarray_new(pool, LAPOR_PG_INT4);
    lapor_pgarray_int4(a, -2);
    is_array(a, BYTES("\0\0\0\1\0\0\0\0\0\0\0\027\0\0\0\1\0\0\0\1"
                      "\0\0\0\4\377\377\377\376"), "int4[]");

    a = lapor_pgarray_new(pool, LAPOR_PG_INT2);
    lapor_pgarray_int2(a, 258);
    is_array(a, BYTES("\0\0\0\1\0\0\0\0\0\0\0\025\0\0\0\1\0\0\0\1"
                      "\0\0\0\2\1\2"), "int2[]");

    a = lapor_pgarray_new(pool, LAPOR_PG_BOOL);
    lapor_pgarray_bool(a, true);
    lapor_pgarray_bool(a, false);
    is_array(a, BYTES("\0\0\0\1\0\0\0\0\0\0\0\020\0\0\0\2\0\0\0\1"
                      "\0\0\0\1\1\0\0\0\1\0"), "bool[]");

    a = lapor_pgarray_new(pool, LAPOR_PG_TIMESTAMPTZ);
    lapor_pgarray_time(a, INT64_C(946684800001));
    lapor_pgarray_time(a, INT64_C(946684799999));
    is_array(a, BYTES("\0\0\0\1\0\0\0\0\0\0\004\240\0\0\0\2\0\0\0\1"
                      "\0\0\0\010\0\0\0\0\0\0\003\350"
                      "\0\0\0\010\377\377\377\377\377\377\374\030"),
             "timestamptz[], a millisecond after and before 2000");

    a = lapor_pgarray_new(pool, LAPOR_PG_FLOAT8);
    lapor_pgarray_float8(a, 1.5);
    is_array(a, BYTES("\0\0\0\1\0\0\0\0\0\0\002\275\0\0\0\1\0\0\0\1"
                      "\0\0\0\010\077\370\0\0\0\0\0\0"), "float8[]");
}


static void
test_growth(struct lapor_pool *pool)
{
    char                   big[5000];
    size_t                 i, len;
    const char            *data;
    struct lapor_pgarray  *a;

    memset(big, 'x', sizeof(big));
    a = lapor_pgarray_new(pool, LAPOR_PG_BYTEA);

    for (i = 0; i < 500; i++) {
        lapor_pgarray_bytea(a, big, i * 10);
    }

    data = lapor_pgarray_data(a, &len);
    is((intmax_t) len, 20 + 500 * 4 + 10 * 499 * 500 / 2, "length");
    is_mem(data + 12, 4, "\0\0\001\364", 4, "500 elements");
    is_mem(data + len - 4994, 5, "\0\0\023\176x", 5, "last element");
}


static void
test_reserve(struct lapor_pool *pool)
{
    char                   big[5000];
    size_t                 i, len;
    const char            *data;
    struct lapor_pgarray  *a;

    memset(big, 'x', sizeof(big));
    a = lapor_pgarray_new(pool, LAPOR_PG_BYTEA);
    lapor_pgarray_bytea(a, big, 3);
    lapor_pgarray_reserve(a, 10, 10 * sizeof(big));
    data = lapor_pgarray_data(a, &len);
    is_mem(data + 12, len - 12, "\0\0\0\1\0\0\0\1\0\0\0\3xxx", 15,
           "room for more keeps what there is");

    for (i = 0; i < 10; i++) {
        lapor_pgarray_bytea(a, big, sizeof(big));
    }

    ok(lapor_pgarray_data(a, &len) == data, "and then nothing is moved");
    is((intmax_t) len, 20 + 7 + 10 * (4 + 5000), "length");

    lapor_pgarray_reserve(a, SIZE_MAX, 1);
    lapor_pgarray_reserve(a, 1, SIZE_MAX);
    lapor_pgarray_reserve(a, 0, 0);
    ok(lapor_pgarray_data(a, &len) == data, "what no value has gets no room");
}


static void
test_params(struct lapor_pool *pool)
{
    struct lapor_pgarray   *a;
    struct lapor_pgparams   p;

    a = lapor_pgarray_new(pool, LAPOR_PG_INT8);
    lapor_pgarray_int8(a, 1);

    lapor_pgparams_init(&p, pool);
    lapor_pgparams_int8(&p, -1);
    lapor_pgparams_cstr(&p, "abc");
    lapor_pgparams_cstr(&p, NULL);
    lapor_pgparams_bool(&p, true);
    lapor_pgparams_array(&p, a);
    lapor_pgparams_time(&p, INT64_MAX);
    lapor_pgparams_null(&p, LAPOR_PG_INT4);

    is(p.n, 7, "parameters");
    is(p.types[0], 20, "int8");
    is_mem(p.values[0], (size_t) p.lengths[0],
           BYTES("\377\377\377\377\377\377\377\377"), "its value");
    is_mem(p.values[1], (size_t) p.lengths[1], "abc", 3, "text");
    ok(p.values[2] == NULL && p.types[2] == 25, "NULL text");
    is_mem(p.values[3], (size_t) p.lengths[3], "\1", 1, "bool");
    is(p.types[4], 1016, "int8[]");
    is(p.lengths[4], 20 + 12, "its length");
    is(p.lengths[5], 8, "time beyond all years is cut");
    ok(p.values[6] == NULL && p.types[6] == 23, "NULL int4");
    is(p.formats[0] + p.formats[6], 2, "all in binary");
}


int
main(void)
{
    struct lapor_pool  *pool;

    pool = lapor_pool_create(1024);

    test_arrays(pool);
    test_growth(pool);
    test_reserve(pool);
    test_params(pool);

    lapor_pool_destroy(pool);

    return tap_done();
}
