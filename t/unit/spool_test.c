/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl's reader of the spool's files: whatever a crash or a disk makes of
 * one, it gives the whole records and no others, and says of every other byte
 * what it is. The reader is part of a program, so its file is taken in.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "laporctl/spool_file.c"
#include "lib/buf.h"
#include "t/unit/tap.h"


#define RECORDS   4
#define MAX_BODY  700
#define MS        INT64_C(1760000000123)

struct seen {
    int         records;
    int         damaged;
    int         torn;
    int         wrong;      /* records that were never written */
    int         gap;        /* the pieces do not follow one another */
    int64_t     end;
    unsigned    which;      /* bit N: record N was given */
    const char *why;        /* of the last that is no record */
};


static void add_record(struct lapor_buf *buf, int n);
static void add_u32(struct lapor_buf *buf, uint32_t value);
static void put_u32(struct lapor_buf *buf, size_t at, uint32_t value);
static uint32_t slow_crc(const char *data, size_t len);
static struct lapor_str body_of(int n);
static void read_all(const char *data, size_t len, struct seen *ret_seen);
static void take(const struct ctl_spool_item *item, struct seen *seen);
static void test_crc(void);
static void test_whole(void);
static void test_cut(void);
static void test_zeros(void);
static void test_flip(void);
static void test_sum(void);
static void test_middle(void);
static void test_lengths(void);
static void test_large(void);
static void test_moving(void);


static char              bodies[RECORDS][MAX_BODY + 1];
static struct lapor_buf  whole;
static size_t            ends[RECORDS + 1];
static int               memory = -1;


int
main(void)
{
    int  n;

    memory = memfd_create("spool", MFD_CLOEXEC);

    for (n = 0; n < RECORDS; n++) {
        memset(bodies[n], 'a' + n, (size_t) (1 + n * MAX_BODY / RECORDS));
        add_record(&whole, n);
        ends[n + 1] = whole.len;
    }

    test_crc();
    test_whole();
    test_cut();
    test_zeros();
    test_flip();
    test_sum();
    test_middle();
    test_lengths();
    test_large();
    test_moving();

    lapor_buf_free(&whole);
    close(memory);

    return tap_done();
}


static struct lapor_str
body_of(int n)
{
    return lapor_str_from(bodies[n]);
}


static void
add_u32(struct lapor_buf *buf, uint32_t value)
{
    int  i;

    for (i = 0; i < 4; i++) {
        lapor_buf_addc(buf, (char) (value >> (8 * i)));
    }
}


static void
put_u32(struct lapor_buf *buf, size_t at, uint32_t value)
{
    int  i;

    for (i = 0; i < 4; i++) {
        buf->data[at + (size_t) i] = (char) (value >> (8 * i));
    }
}


static void
add_record(struct lapor_buf *buf, int n)
{
    size_t  start;
    char    key[32];

    start = buf->len;
    (void) snprintf(key, sizeof(key), "lapor:{%02x}:%s", (unsigned) n,
                    n % 2 == 0 ? "msg" : "status");

    lapor_buf_addz(buf, "LSP1");
    add_u32(buf, 0);
    add_u32(buf, (uint32_t) strlen(key));
    add_u32(buf, (uint32_t) body_of(n).len);
    add_u32(buf, (uint32_t) (MS + n));
    add_u32(buf, (uint32_t) ((MS + n) >> 32));
    lapor_buf_addz(buf, key);
    lapor_buf_adds(buf, body_of(n));
    put_u32(buf, start + 4, slow_crc(buf->data + start + 8,
                                     buf->len - start - 8));
}


/* Bit by bit, so that it shares no table with the reader. */

static uint32_t
slow_crc(const char *data, size_t len)
{
    int       bit;
    size_t    i;
    uint32_t  crc;

    crc = 0xffffffffu;

    for (i = 0; i < len; i++) {
        crc ^= (unsigned char) data[i];

        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        }
    }

    return ~crc;
}


static void
read_all(const char *data, size_t len, struct seen *ret_seen)
{
    enum ctl_spool_piece     piece;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    memset(ret_seen, 0, sizeof(*ret_seen));

    if (ftruncate(memory, 0) == -1
        || pwrite(memory, data, len, 0) != (ssize_t) len
        || lapor_ctl_spool_open(&r, memory) == -1)
    {
        ret_seen->wrong = 1;
        return;
    }

    while ((piece = lapor_ctl_spool_next(&r, &item)) > CTL_SPOOL_END) {
        ret_seen->gap += item.offset != ret_seen->end || item.bytes <= 0;
        ret_seen->end = item.offset + item.bytes;

        if (piece == CTL_SPOOL_RECORD) {
            take(&item, ret_seen);
            continue;
        }

        ret_seen->why = item.why;
        ret_seen->damaged += piece == CTL_SPOOL_DAMAGED;
        ret_seen->torn += piece == CTL_SPOOL_TORN;
        ret_seen->gap += item.why == NULL
                         || (piece == CTL_SPOOL_TORN
                             && ret_seen->end != (int64_t) len);
    }

    ret_seen->gap += piece == CTL_SPOOL_ERROR
                     || ret_seen->end != (int64_t) len;
    lapor_ctl_spool_close(&r);
}


static void
take(const struct ctl_spool_item *item, struct seen *seen)
{
    int  n;

    for (n = 0; n < RECORDS; n++) {
        if (lapor_str_eq(item->body, body_of(n)) && item->ms == MS + n
            && item->key.len == (n % 2 == 0 ? 14 : 17)
            && item->key.data[8] == '0' + n && item->why == NULL)
        {
            seen->which |= 1u << n;
            seen->records++;
            return;
        }
    }

    seen->wrong++;
}


static void
test_crc(void)
{
    size_t    i;
    char      data[100];

    /* the check value of CRC-32/ISO-HDLC */
    is(crc32_of(0, (const unsigned char *) "123456789", 9), 0xcbf43926,
       "CRC-32");

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (char) (i * 37);

        if (crc32_of(0, (unsigned char *) data, i) != slow_crc(data, i)) {
            break;
        }
    }

    is(i, sizeof(data), "CRC-32 of every length");
    is(crc32_of(crc32_of(0, (unsigned char *) data, 33),
                (unsigned char *) data + 33, 67), slow_crc(data, 100),
       "CRC-32 in pieces");
}


static void
test_whole(void)
{
    struct seen  seen;

    read_all("", 0, &seen);
    is(seen.records + seen.damaged + seen.torn + seen.gap, 0,
       "an empty file has nothing");

    read_all(whole.data, whole.len, &seen);
    is(seen.which, (1 << RECORDS) - 1, "every record");
    is(seen.records, RECORDS, "once");
    is(seen.damaged + seen.torn + seen.wrong + seen.gap, 0,
       "and nothing else");
}


/* A power cut leaves any start of what was to be written. */

static void
test_cut(void)
{
    int          bad, n;
    size_t       len;
    struct seen  seen;

    bad = 0;

    for (len = 0, n = 0; len <= whole.len; len++) {
        n += n < RECORDS && len == ends[n + 1];
        read_all(whole.data, len, &seen);

        if (seen.which != (1u << n) - 1 || seen.records != n
            || seen.damaged + seen.wrong + seen.gap > 0
            || seen.torn != (len != ends[n]))
        {
            bad++;
            diag("cut at %zu: %d records, %d damaged, %d torn", len,
                 seen.records, seen.damaged, seen.torn);
        }
    }

    is(bad, 0, "cut at each of %zu offsets: the whole records, and torn",
       whole.len);
}


/* Or a file of the right length whose last blocks never came. */

static void
test_zeros(void)
{
    int               bad, n;
    size_t            from;
    struct seen       seen;
    struct lapor_buf  copy = LAPOR_BUF_INIT;

    static const char  zeros[70000];

    bad = 0;

    for (n = 0; n <= RECORDS; n++) {
        lapor_buf_reset(&copy);
        lapor_buf_add(&copy, whole.data, ends[n]);
        lapor_buf_add(&copy, zeros, n == 0 ? sizeof(zeros) : 1 + (size_t) n);
        read_all(copy.data, copy.len, &seen);
        bad += seen.records != n || seen.torn != 1
               || seen.damaged + seen.wrong + seen.gap > 0;
    }

    is(bad, 0, "zeros behind the last record are torn");
    is_str(seen.why, "zeros to the end of the file", "and called so");

    bad = 0;

    for (from = 512; from < whole.len; from += 512) {
        lapor_buf_reset(&copy);
        lapor_buf_add(&copy, whole.data, from);
        lapor_buf_add(&copy, zeros, whole.len - from);
        read_all(copy.data, copy.len, &seen);

        for (n = 0; n < RECORDS && ends[n + 1] <= from; n++) { /* void */ }

        bad += seen.records != n || seen.torn != 1
               || seen.damaged + seen.wrong + seen.gap > 0;
    }

    is(bad, 0, "so is a record that zeros cut at a sector");
    is_str(seen.why, "cut, with zeros to the end of the file", "called so");

    /* zeros in the middle are none */
    lapor_buf_reset(&copy);
    lapor_buf_add(&copy, zeros, 4096);
    lapor_buf_add(&copy, whole.data, whole.len);
    read_all(copy.data, copy.len, &seen);
    is(seen.records == RECORDS && seen.damaged == 1 && seen.torn == 0, 1,
       "zeros in front of records are damage");
    lapor_buf_free(&copy);
}


static void
test_flip(void)
{
    int                bad, n;
    size_t             at;
    unsigned           change;
    struct seen        seen;

    static const unsigned char  changes[] = { 0x01, 0x80, 0xff, 0x20 };

    bad = 0;

    for (at = 0, n = 0; at < whole.len; at++) {
        n += at == ends[n + 1];

        for (change = 0; change <= sizeof(changes); change++) {
            unsigned char  with;

            /* the last time the byte becomes 0 */
            with = change < sizeof(changes) ? changes[change]
                   : (unsigned char) whole.data[at];

            if (with == 0) {
                continue;
            }

            whole.data[at] ^= (char) with;
            read_all(whole.data, whole.len, &seen);
            whole.data[at] ^= (char) with;

            if (seen.which != ((1u << RECORDS) - 1 - (1u << n))
                || seen.records != RECORDS - 1 || seen.damaged != 1
                || seen.torn + seen.wrong + seen.gap > 0)
            {
                bad++;
                diag("byte %zu ^ %02x: %d records, %d damaged, %d torn, %d "
                     "wrong", at, with, seen.records, seen.damaged,
                     seen.torn, seen.wrong);
            }
        }
    }

    is(bad, 0, "each byte changed: that record is damage, the others are "
       "given");
}


/* Two bytes at once, in each pair of a record's lengths and checksum. */

static void
test_sum(void)
{
    int          bad;
    size_t       one, two;
    struct seen  seen;

    bad = 0;

    for (one = 0; one < CTL_SPOOL_HEADER; one++) {
        for (two = one + 1; two < CTL_SPOOL_HEADER; two++) {
            whole.data[ends[1] + one] ^= 0x41;
            whole.data[ends[1] + two] ^= 0x41;
            read_all(whole.data, whole.len, &seen);
            whole.data[ends[1] + one] ^= 0x41;
            whole.data[ends[1] + two] ^= 0x41;
            bad += seen.which != 0xd || seen.damaged != 1
                   || seen.torn + seen.wrong + seen.gap > 0;
        }
    }

    is(bad, 0, "each two bytes of a header changed");
}


static void
test_middle(void)
{
    size_t            i;
    struct seen       seen;
    struct lapor_buf  copy = LAPOR_BUF_INIT;

    /* foreign bytes of all lengths, which the search steps over */
    for (i = 1; i < 40; i++) {
        lapor_buf_reset(&copy);
        lapor_buf_add(&copy, whole.data, ends[1]);
        lapor_buf_add(&copy, "LSPLSP1LSPLSP1LSPLSP1LSPLSP1LSPLSP1LSPLSP1",
                      i);
        lapor_buf_add(&copy, whole.data + ends[1], whole.len - ends[1]);
        read_all(copy.data, copy.len, &seen);

        if (seen.records != RECORDS || seen.damaged != 1 || seen.torn != 0) {
            break;
        }
    }

    is(i, 40, "foreign bytes between two records");

    lapor_buf_reset(&copy);
    lapor_buf_add(&copy, whole.data, whole.len);
    lapor_buf_addz(&copy, "no record at all");
    read_all(copy.data, copy.len, &seen);
    is(seen.records == RECORDS && seen.damaged == 1 && seen.torn == 0, 1,
       "foreign bytes at the end are damage");

    /* the search's window ends within the four bytes that it looks for */
    for (i = 0; i < 8; i++) {
        lapor_buf_reset(&copy);

        while (copy.len < SPOOL_CHUNK - i) {
            lapor_buf_addc(&copy, 'x');
        }

        lapor_buf_add(&copy, whole.data, whole.len);
        read_all(copy.data, copy.len, &seen);

        if (seen.records != RECORDS || seen.damaged != 1) {
            break;
        }
    }

    is(i, 8, "a record at the edge of what is read at once");
    lapor_buf_free(&copy);
}


static void
test_lengths(void)
{
    size_t            i, k;
    struct seen       seen;
    struct lapor_buf  copy = LAPOR_BUF_INIT;

    static const uint32_t  lengths[] = {
        0, 65, 0xff, CTL_SPOOL_BODY_MAX, CTL_SPOOL_BODY_MAX + 1, 0x7fffffff,
        0x80000000, 0xffffffff, 0xffffffe8
    };

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (k = 8; k <= 12; k += 4) {
            lapor_buf_reset(&copy);
            lapor_buf_add(&copy, whole.data, whole.len);
            put_u32(&copy, ends[1] + k, lengths[i]);
            read_all(copy.data, copy.len, &seen);
            ok(seen.which == 0xd && seen.damaged == 1 && seen.torn == 0
               && seen.wrong + seen.gap == 0, "a length of %u at %zu",
               lengths[i], k);
        }
    }

    /* a checksum that is right does not make a length right */
    lapor_buf_reset(&copy);
    lapor_buf_add(&copy, whole.data, ends[1]);
    put_u32(&copy, 8, 0);
    put_u32(&copy, 4, slow_crc(copy.data + 8, copy.len - 8));
    read_all(copy.data, copy.len, &seen);
    is(seen.records == 0 && seen.damaged == 1, 1, "a record without a key");
    lapor_buf_free(&copy);
}


/* The largest body there may be is read; the window grows and serves on. */

static void
test_large(void)
{
    char                    *body;
    size_t                   n;
    struct lapor_buf         copy = LAPOR_BUF_INIT;
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    n = CTL_SPOOL_BODY_MAX;
    body = malloc(n);

    if (body == NULL || ftruncate(memory, 0) == -1) {
        free(body);
        return;
    }

    memset(body, 'L', n);
    lapor_buf_add(&copy, whole.data, CTL_SPOOL_HEADER);
    put_u32(&copy, 8, 1);
    put_u32(&copy, 12, (uint32_t) n);
    lapor_buf_addc(&copy, 'k');
    lapor_buf_add(&copy, body, n);
    put_u32(&copy, 4, crc32_of(0, (unsigned char *) copy.data + 8,
                               copy.len - 8));
    lapor_buf_add(&copy, whole.data, ends[1]);

    is(pwrite(memory, copy.data, copy.len, 0), copy.len, "64 MiB written");
    is(lapor_ctl_spool_open(&r, memory), 0, "opened");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_RECORD, "the largest");
    is(item.body.len == n && memcmp(item.body.data, body, n) == 0, 1,
       "whole");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_RECORD, "the one behind");
    is_mem(item.body.data, item.body.len, "a", 1, "is right");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_END, "and the last");
    ok(r.room <= CTL_SPOOL_HEADER + CTL_SPOOL_KEY_MAX + CTL_SPOOL_BODY_MAX,
       "memory for one record and no more");

    lapor_ctl_spool_close(&r);
    lapor_buf_free(&copy);
    free(body);
}


/* A writer that adds, and one that takes back what it could not write. */

static void
test_moving(void)
{
    struct ctl_spool_item    item;
    struct ctl_spool_reader  r;

    is(ftruncate(memory, 0), 0, "emptied");
    is(pwrite(memory, whole.data, ends[1], 0), ends[1], "one record");
    is(lapor_ctl_spool_open(&r, memory), 0, "opened");
    is(pwrite(memory, whole.data, whole.len, 0), whole.len, "more of them");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_RECORD, "the first");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_END,
       "what came later is not read");
    lapor_ctl_spool_close(&r);

    is(lapor_ctl_spool_open(&r, memory), 0, "opened");
    is(ftruncate(memory, (off_t) ends[1]), 0, "cut after one record");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_RECORD, "the first");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_END,
       "what was taken back is missed by nobody");
    lapor_ctl_spool_close(&r);

    is(lapor_ctl_spool_open(&r, memory), 0, "opened");
    is(ftruncate(memory, 0), 0, "cut to nothing");
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_END, "nothing");
    lapor_ctl_spool_close(&r);

    is(lapor_ctl_spool_open(&r, -1), -1, "no file");
    r.fd = -1;
    r.size = 100;
    is(lapor_ctl_spool_next(&r, &item), CTL_SPOOL_ERROR, "nor a read of it");
    lapor_ctl_spool_close(&r);
}
