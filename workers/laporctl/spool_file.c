/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Where no record is, the next valid one is looked for byte by byte; only a
 * right checksum ends the search. What remains at the end of the file is a
 * torn tail when a write that was cut short can have left it, else damage.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "laporctl/spool_file.h"
#include "lib/log.h"


/* A window's least size: large enough for reads to be cheap. */
#define SPOOL_CHUNK   262144

/* What a disk writes at once: the zeros that a crash leaves start at one. */
#define SPOOL_SECTOR  512

/* CRC-32 of IEEE 802.3, bits reversed, eight bytes a step. */
#define CRC_POLYNOMIAL  0xedb88320u
#define CRC_STEP        8

static uint32_t  crc_table[CRC_STEP][256];


static const unsigned char *window(struct ctl_spool_reader *r, int64_t offset,
    size_t want, size_t *ret_len);
static void make_room(struct ctl_spool_reader *r, size_t room);
static int check(struct ctl_spool_reader *r, int64_t offset,
    struct ctl_spool_item *ret_item);
static int find(struct ctl_spool_reader *r, int64_t from, int64_t *ret_at);
static int torn(struct ctl_spool_reader *r, int64_t offset,
    const char **ret_why);
static int last_byte(struct ctl_spool_reader *r, int64_t from,
    int64_t *ret_end);
static int cut(struct ctl_spool_reader *r, int64_t offset, int64_t end,
    const char **ret_why);
static int mended(struct ctl_spool_reader *r, int64_t offset, int64_t bytes,
    int64_t key, int64_t body);
static int sane(int64_t key, int64_t body);
static uint32_t u32(const unsigned char *p);
static int64_t i64(const unsigned char *p);
static uint32_t crc32_of(uint32_t crc, const unsigned char *p, size_t len);
static void crc_init(void);


int
lapor_ctl_spool_open(struct ctl_spool_reader *r, int fd)
{
    struct stat  st;

    memset(r, 0, sizeof(*r));
    r->fd = fd;

    if (fstat(fd, &st) == -1) {
        return -1;
    }

    r->size = (int64_t) st.st_size;
    return 0;
}


void
lapor_ctl_spool_close(struct ctl_spool_reader *r)
{
    free(r->data);
    r->data = NULL;
    r->room = r->len = 0;
}


enum ctl_spool_piece
lapor_ctl_spool_next(struct ctl_spool_reader *r,
    struct ctl_spool_item *ret_item)
{
    int      rc;
    int64_t  end;

    memset(ret_item, 0, sizeof(*ret_item));

    if (r->next >= r->size) {
        return CTL_SPOOL_END;
    }

    rc = check(r, r->next, ret_item);

    if (rc == 1) {
        r->next += ret_item->bytes;
        return CTL_SPOOL_RECORD;
    }

    if (rc == -1 || find(r, r->next + 1, &end) == -1) {
        return CTL_SPOOL_ERROR;
    }

    rc = end < r->size ? 0 : torn(r, r->next, &ret_item->why);

    if (rc == -1) {
        return CTL_SPOOL_ERROR;
    }

    /* a writer may have cut the file meanwhile */
    end = end > r->size ? r->size : end;

    if (end <= r->next) {
        return CTL_SPOOL_END;
    }

    ret_item->offset = r->next;
    ret_item->bytes = end - r->next;
    r->next = end;

    return rc == 1 ? CTL_SPOOL_TORN : CTL_SPOOL_DAMAGED;
}


/*
 * The bytes from offset on: "want" of them, or what the file has. Dead after
 * the next call. NULL with errno.
 */

static const unsigned char *
window(struct ctl_spool_reader *r, int64_t offset, size_t want,
    size_t *ret_len)
{
    size_t   ask;
    ssize_t  n;
    int64_t  skip, left;

    left = r->size - offset;
    want = left <= 0 ? 0 : left < (int64_t) want ? (size_t) left : want;
    skip = offset - r->start;

    if (skip < 0 || skip > (int64_t) r->len) {
        skip = (int64_t) r->len;
    }

    if (r->len - (size_t) skip < want) {
        r->len -= (size_t) skip;

        if (r->len > 0) {
            memmove(r->data, r->data + skip, r->len);
        }

        r->start = offset;
        make_room(r, want < SPOOL_CHUNK ? SPOOL_CHUNK : want);
        skip = 0;
    }

    while (r->len - (size_t) skip < want) {
        left = r->size - r->start - (int64_t) r->len;
        ask = r->room - r->len;
        ask = left < (int64_t) ask ? (size_t) left : ask;
        n = pread(r->fd, r->data + r->len, ask,
                  (off_t) (r->start + (int64_t) r->len));

        if (n == -1 && errno != EINTR) {
            return NULL;
        }

        if (n == 0) {
            r->size = r->start + (int64_t) r->len;
            want = r->len;
        }

        r->len += n > 0 ? (size_t) n : 0;
    }

    *ret_len = want;
    return r->data + skip;
}


static void
make_room(struct ctl_spool_reader *r, size_t room)
{
    unsigned char  *data;

    if (room <= r->room) {
        return;
    }

    data = realloc(r->data, room);

    if (data == NULL) {
        lapor_fatal_memory();
    }

    r->data = data;
    r->room = room;
}


/* 1: a record begins there; 0: none does, and why; -1: errno. */

static int
check(struct ctl_spool_reader *r, int64_t offset,
    struct ctl_spool_item *ret_item)
{
    size_t                len, bytes;
    uint32_t              key, body;
    const unsigned char  *p;

    ret_item->why = "no record begins there";
    p = window(r, offset, CTL_SPOOL_HEADER, &len);

    if (p == NULL) {
        return -1;
    }

    if (len < CTL_SPOOL_HEADER || memcmp(p, "LSP1", 4) != 0) {
        return 0;
    }

    key = u32(p + 8);
    body = u32(p + 12);

    if (!sane(key, body)) {
        ret_item->why = "a length that no record has";
        return 0;
    }

    bytes = CTL_SPOOL_HEADER + (size_t) key + body;

    if ((int64_t) bytes > r->size - offset) {
        ret_item->why = "a length beyond the end of the file";
        return 0;
    }

    p = window(r, offset, bytes, &len);

    if (p == NULL) {
        return -1;
    }

    if (len < bytes || crc32_of(0, p + 8, bytes - 8) != u32(p + 4)) {
        ret_item->why = "a wrong checksum";
        return 0;
    }

    ret_item->offset = offset;
    ret_item->bytes = (int64_t) bytes;
    ret_item->ms = i64(p + 16);
    ret_item->key.data = (const char *) p + CTL_SPOOL_HEADER;
    ret_item->key.len = key;
    ret_item->body.data = ret_item->key.data + key;
    ret_item->body.len = body;
    ret_item->why = NULL;

    return 1;
}


/* The next valid record; the file's size when there is none. */

static int
find(struct ctl_spool_reader *r, int64_t from, int64_t *ret_at)
{
    int                     rc;
    size_t                  len;
    struct ctl_spool_item   item;
    const unsigned char    *p, *hit;

    while (from < r->size) {
        p = window(r, from, SPOOL_CHUNK, &len);

        if (p == NULL) {
            return -1;
        }

        hit = memmem(p, len, "LSP1", 4);

        if (hit == NULL) {

            if (len < SPOOL_CHUNK) {
                break;
            }

            /* its first bytes may stand at the window's end */
            from += (int64_t) len - 3;
            continue;
        }

        from += hit - p;
        rc = check(r, from, &item);

        if (rc == -1) {
            return -1;
        }

        if (rc == 1) {
            *ret_at = from;
            return 0;
        }

        from++;
    }

    *ret_at = r->size;
    return 0;
}


/*
 * Whether a write that was cut short can have left what stands from offset to
 * the end: the start of one record, cut by the end of the file or by zeros
 * that the file system put where no data came; or zeros alone.
 */

static int
torn(struct ctl_spool_reader *r, int64_t offset, const char **ret_why)
{
    int64_t  end;

    if (last_byte(r, offset, &end) == -1) {
        return -1;
    }

    if (end == offset) {
        *ret_why = "zeros to the end of the file";
        return 1;
    }

    end = (end + SPOOL_SECTOR - 1) / SPOOL_SECTOR * SPOOL_SECTOR;

    return cut(r, offset, end < r->size ? end : r->size, ret_why);
}


/* Behind the last byte that is not zero; from if there is none. */

static int
last_byte(struct ctl_spool_reader *r, int64_t from, int64_t *ret_end)
{
    size_t                i, len;
    const unsigned char  *p;

    *ret_end = from;

    while (from < r->size) {
        p = window(r, from, SPOOL_CHUNK, &len);

        if (p == NULL) {
            return -1;
        }

        for (i = len; i > 0 && p[i - 1] == 0; i--) { /* void */ }

        *ret_end = i > 0 ? from + (int64_t) i : *ret_end;
        from += (int64_t) len;
    }

    return 0;
}


static int
cut(struct ctl_spool_reader *r, int64_t offset, int64_t end,
    const char **ret_why)
{
    size_t                n;
    int64_t               key, body, left;
    const unsigned char  *p;

    p = window(r, offset, CTL_SPOOL_HEADER, &n);

    if (p == NULL) {
        return -1;
    }

    left = end - offset;
    n = left < (int64_t) n ? (size_t) left : n;

    if (memcmp(p, "LSP1", n < 4 ? n : 4) != 0) {
        return 0;
    }

    key = n < 12 ? 1 : u32(p + 8);
    body = n < 16 ? 1 : u32(p + 12);

    if (!sane(key, body)
        || (n == CTL_SPOOL_HEADER && n + (size_t) (key + body)
                                     <= (size_t) left))
    {
        return 0;
    }

    /* the last record, whole, with a bit of its length changed */
    if (n == CTL_SPOOL_HEADER && end == r->size
        && (mended(r, offset, left, key, left - CTL_SPOOL_HEADER - key) == 1
            || mended(r, offset, left, left - CTL_SPOOL_HEADER - body, body)
               == 1))
    {
        return 0;
    }

    *ret_why = end == r->size ? "cut by the end of the file"
                              : "cut, with zeros to the end of the file";
    return 1;
}


/* Whether the checksum is right with these lengths instead of the record's. */

static int
mended(struct ctl_spool_reader *r, int64_t offset, int64_t bytes, int64_t key,
    int64_t body)
{
    int                   i;
    size_t                len;
    uint32_t              crc;
    unsigned char         lengths[8];
    const unsigned char  *p;

    if (!sane(key, body)) {
        return 0;
    }

    p = window(r, offset, (size_t) bytes, &len);

    if (p == NULL || (int64_t) len < bytes) {
        return 0;
    }

    for (i = 0; i < 4; i++) {
        lengths[i] = (unsigned char) ((uint64_t) key >> (8 * i));
        lengths[4 + i] = (unsigned char) ((uint64_t) body >> (8 * i));
    }

    crc = crc32_of(0, lengths, sizeof(lengths));

    return crc32_of(crc, p + 16, len - 16) == u32(p + 4);
}


static int
sane(int64_t key, int64_t body)
{
    return key >= 1 && key <= CTL_SPOOL_KEY_MAX && body >= 1
           && body <= CTL_SPOOL_BODY_MAX;
}


static uint32_t
u32(const unsigned char *p)
{
    return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
           | (uint32_t) p[3] << 24;
}


static int64_t
i64(const unsigned char *p)
{
    return (int64_t) (u32(p) | (uint64_t) u32(p + 4) << 32);
}


/* As zlib's crc32(): 0 at first, then the result so far. */

static uint32_t
crc32_of(uint32_t crc, const unsigned char *p, size_t len)
{
    uint32_t  low, high;

    if (crc_table[0][1] == 0) {
        crc_init();
    }

    crc = ~crc;

    for ( /* void */ ; len >= CRC_STEP; len -= CRC_STEP, p += CRC_STEP) {
        low = u32(p) ^ crc;
        high = u32(p + 4);
        crc = crc_table[7][low & 0xff] ^ crc_table[6][low >> 8 & 0xff]
              ^ crc_table[5][low >> 16 & 0xff] ^ crc_table[4][low >> 24]
              ^ crc_table[3][high & 0xff] ^ crc_table[2][high >> 8 & 0xff]
              ^ crc_table[1][high >> 16 & 0xff] ^ crc_table[0][high >> 24];
    }

    for ( /* void */ ; len > 0; len--, p++) {
        crc = crc_table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
    }

    return ~crc;
}


/* crc_table[k][b]: the byte b with k zero bytes behind it. */

static void
crc_init(void)
{
    int       bit, k;
    uint32_t  i, crc;

    for (i = 0; i < 256; i++) {
        crc = i;

        for (bit = 0; bit < 8; bit++) {
            crc = (crc & 1) ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
        }

        crc_table[0][i] = crc;
    }

    for (k = 1; k < CRC_STEP; k++) {
        for (i = 0; i < 256; i++) {
            crc = crc_table[k - 1][i];
            crc_table[k][i] = crc_table[0][crc & 0xff] ^ crc >> 8;
        }
    }
}
