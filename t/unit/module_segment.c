/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The files of the module's spool: a segment is cut at every offset, filled
 * with zeros from every offset on, and each of its bits is changed; files are
 * made while somebody takes them away. What is read lies in a copy exactly as
 * long, for ASan and valgrind.
 */

#include "../../ngx_http_lapor_module/ngx_http_lapor_segment.c"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define RECORDS  5

static const char  *keys[RECORDS] = {
    "lapor:{00}:msg", "lapor:{0a}:status", "k", "lapor:{ff}:msg", "lapor:{03}:x"
};

static const char  *bodies[RECORDS] = {
    "{\"banjir\":1}", "x", "LSP1 LSP1LLSP1 and what looks like a record",
    "LLLLLLLL", "the last one"
};

static unsigned char  file[1024];
static size_t         ends[RECORDS];
static size_t         size;

static char           dir[] = "/tmp/lapor-segment-XXXXXX";

static int  tests;
static int  failed;


static void
check(int ok, const char *name)
{
    tests++;

    if (!ok) {
        failed++;
    }

    printf("%sok %d - %s\n", ok ? "" : "not ", tests, name);
}


static void
make_file(void)
{
    int             i;
    unsigned char  *p;

    p = file;

    for (i = 0; i < RECORDS; i++) {
        p = ngx_http_lapor_record_start(p, (const unsigned char *) keys[i],
                                        strlen(keys[i]), strlen(bodies[i]),
                                        1760000000000 + (uint64_t) i);
        memcpy(p, bodies[i], strlen(bodies[i]));
        p += strlen(bodies[i]);
        ends[i] = (size_t) (p - file);
    }

    size = ends[RECORDS - 1];
    ngx_http_lapor_record_seal(file, size);
}


/*
 * Bit i of what is returned: record i was found, once and in its order. -1: a
 * record that never was, or one in the wrong place.
 */

static int
read_all(const unsigned char *text, size_t len, int *ret_damaged)
{
    int                       i, found, rc;
    size_t                    pos;
    unsigned char            *copy;
    ngx_http_lapor_record_t   r;

    copy = malloc(len + (len == 0));
    if (copy == NULL) {
        exit(71);
    }

    memcpy(copy, text, len);
    *ret_damaged = 0;
    found = 0;
    rc = 0;
    pos = 0;

    for (i = 0; ngx_http_lapor_record_next(copy, len, &pos, &r, ret_damaged);
         i++)
    {
        while (i < RECORDS && r.ms != 1760000000000 + (uint64_t) i) {
            i++;
        }

        if (i >= RECORDS || r.key_len != strlen(keys[i])
            || memcmp(r.key, keys[i], r.key_len) != 0
            || r.body_len != strlen(bodies[i])
            || memcmp(r.body, bodies[i], r.body_len) != 0)
        {
            rc = -1;
            break;
        }

        found |= 1 << i;
    }

    if (rc == 0 && pos != len) {
        rc = -1;
    }

    free(copy);

    return rc == -1 ? -1 : found;
}


/* the records that end at or before n */

static int
before(size_t n)
{
    int  i, found;

    found = 0;

    for (i = 0; i < RECORDS && ends[i] <= n; i++) {
        found |= 1 << i;
    }

    return found;
}


static int
is_end(size_t n)
{
    int  i;

    for (i = 0; i < RECORDS; i++) {
        if (ends[i] == n) {
            return 1;
        }
    }

    return n == 0;
}


static void
test_cuts(void)
{
    int     damaged, wrong, loud;
    size_t  n;

    wrong = 0;
    loud = 0;

    for (n = 0; n <= size; n++) {
        wrong += read_all(file, n, &damaged) != before(n);
        loud += damaged;
    }

    check(wrong == 0, "cut at any offset: the whole records before it");
    check(loud == 0, "and it is no damage");
}


static void
test_zeros(void)
{
    int             damaged, wrong, loud;
    size_t          n, len;
    unsigned char   text[sizeof(file)];

    wrong = 0;
    loud = 0;

    for (n = 0; n <= size; n++) {
        memset(text, 0, sizeof(text));
        memcpy(text, file, n);

        for (len = n; len <= size + 70; len++) {
            wrong += read_all(text, len, &damaged) != before(n);
            loud += damaged && is_end(n);
        }
    }

    check(wrong == 0, "zeros from any offset on: the whole records before it");
    check(loud == 0, "zeros behind a record are no damage");
}


static void
test_flips(void)
{
    int             damaged, wrong, silent, lost, found;
    size_t          i, at;
    unsigned char   text[sizeof(file)];

    wrong = 0;
    silent = 0;
    lost = 0;

    for (i = 0; i < size * 8; i++) {
        memcpy(text, file, size);
        text[i / 8] ^= (unsigned char) (1 << i % 8);
        found = read_all(text, size, &damaged);

        for (at = 0; ends[at] <= i / 8; at++) { /* void */ }

        wrong += found == -1;
        lost += found != ((1 << RECORDS) - 1 - (1 << at));
        silent += !damaged;
    }

    check(wrong == 0, "any bit changed: no record that never was");
    check(lost == 0, "all others are found");
    check(silent == 0, "and it is damage");
}


static void
test_garbage(void)
{
    int             damaged, wrong, silent, i;
    size_t          n, len, gap;
    unsigned char   text[2048];

    wrong = 0;
    silent = 0;
    srand(7);

    for (n = 0; n < 2000; n++) {
        len = 0;

        for (i = 0; i < RECORDS; i++) {
            for (gap = (size_t) rand() % 60 + 1; gap; gap--) {
                text[len++] = (unsigned char) "LSP1\0\1x"[rand() % 7];
            }

            memcpy(text + len, file + (i ? ends[i - 1] : 0),
                   ends[i] - (i ? ends[i - 1] : 0));
            len += ends[i] - (i ? ends[i - 1] : 0);
        }

        wrong += read_all(text, len, &damaged) != (1 << RECORDS) - 1;
        silent += !damaged;
    }

    check(wrong == 0, "foreign bytes between records are stepped over");
    check(silent == 0, "and are damage");
}


static void
test_bounds(void)
{
    int                       damaged;
    size_t                    pos;
    unsigned char            *p, text[256], *body;
    ngx_http_lapor_record_t   r;
    unsigned char             key[NGX_HTTP_LAPOR_KEY_MAX];
    unsigned                  ms;

    check(ngx_http_lapor_record_size(1, 1) == 26, "the least record");
    memset(key, 'k', sizeof(key));
    memset(text, 0, sizeof(text));
    body = ngx_http_lapor_record_start(text, key, sizeof(key), 1, UINT64_MAX);
    *body++ = 'b';
    ngx_http_lapor_record_seal(text, (size_t) (body - text));
    pos = 0;
    damaged = 0;
    check(ngx_http_lapor_record_next(text, (size_t) (body - text), &pos, &r,
                                     &damaged)
          && r.key_len == sizeof(key) && r.ms == UINT64_MAX && !damaged,
          "the longest key, the last time");

    for (ms = 0; ms < 4; ms++) {
        p = ngx_http_lapor_record_start(text, key, 1, 1, 1);
        *p++ = 'b';
        ngx_http_lapor_put(text + 8, ms == 0 ? 0 : ms == 1 ? 65 : 1, 4);
        ngx_http_lapor_put(text + 12, ms == 2 ? 0
                                      : ms == 3 ? NGX_HTTP_LAPOR_BODY_MAX + 1
                                      : 1, 4);
        ngx_http_lapor_put(text + 4, ngx_http_lapor_record_crc(text, 26), 4);
        pos = 0;
        damaged = 0;
        check(!ngx_http_lapor_record_next(text, 26, &pos, &r, &damaged)
              && damaged && pos == 26, "a length out of bounds is damage");
    }
}


static void
test_names(void)
{
    unsigned  i;

    static const char  *wrong[] = {
        "", "lock", "1760000000000-0000001-000000.spool.damaged",
        "1760000000000-0000001-000000.spoo", "1760000000000-0000001-000000",
        "1760000000000-0000001-00000.spool", ".spool",
        "176000000000x-0000001-000000.spool",
        "1760000000000-00000001-000000.spool",
        "1760000000000-hello.spool", "1760000000000-0000001_000000.spool",
        "1760000000000-0000001-000000.spool.spool"
    };

    check(ngx_http_lapor_is_segment("1760000000000-0000001-000000.spool"),
          "a segment's name");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        check(!ngx_http_lapor_is_segment(wrong[i]), wrong[i]);
    }
}


static void
test_segment(void)
{
    int                       fd, other, clean;
    char                      name[NGX_HTTP_LAPOR_SEGMENT_NAME];
    char                      found[NGX_HTTP_LAPOR_SEGMENT_NAME];
    char                      path[PATH_MAX];
    size_t                    len;
    unsigned char            *p;
    ngx_http_lapor_usage_t    usage;

    fd = ngx_http_lapor_segment_create(dir, 1760000000123, 1000002, name);
    check(fd != -1 && ngx_http_lapor_is_segment(name), "a segment is made");
    check(strstr(name, "-000002.spool") != NULL, "its number wraps round");
    check(ngx_http_lapor_segment_oldest(dir, "", NULL, found) == -1
          && errno == 0,
          "nobody takes what is being written");
    check(ngx_http_lapor_segment_append(fd, file, ends[1], 0, &clean) == 0
          && ngx_http_lapor_segment_append(fd, file + ends[1],
                                           size - ends[1], (off_t) ends[1],
                                           &clean) == 0, "is written to");
    other = ngx_http_lapor_segment_create(dir, 1760000000123, 1000002, found);
    check(other != -1 && strcmp(name, found) != 0,
          "a name that is taken is not taken again");
    check(ngx_http_lapor_spool_usage(dir, &usage) == 0 && usage.files == 2
          && usage.bytes == size && usage.damaged == 0, "both are counted");
    (void) close(fd);
    (void) close(other);

    check(ngx_http_lapor_segment_oldest(dir, "", "1760000000123", found) == -1
          && errno == 0, "none is older than the oldest");
    fd = ngx_http_lapor_segment_oldest(dir, "", "1760000000124", found);
    check(fd != -1 && strcmp(name, found) == 0, "the older one is found");
    (void) close(fd);
    fd = ngx_http_lapor_segment_oldest(dir, name, NULL, found);
    check(fd != -1 && strcmp(name, found) < 0, "the one after it");
    other = ngx_http_lapor_segment_oldest(dir, found, NULL, path);
    check(other == -1 && errno == 0, "and none after that");
    (void) close(fd);
    fd = ngx_http_lapor_segment_oldest(dir, "", NULL, found);
    check(ngx_http_lapor_segment_read(fd, &p, &len) == 0 && len == size
          && memcmp(p, file, size) == 0, "with what was written");
    free(p);
    check(ngx_http_lapor_segment_finish(dir, name, 1) == 0, "is set aside");
    (void) close(fd);
    fd = ngx_http_lapor_segment_oldest(dir, "", NULL, found);
    check(fd != -1 && strcmp(name, found) != 0
          && ngx_http_lapor_segment_finish(dir, found, 0) == 0,
          "the other one is removed");
    (void) close(fd);
    check(ngx_http_lapor_spool_usage(dir, &usage) == 0 && usage.files == 0
          && usage.bytes == size && usage.damaged == 1,
          "what is set aside is counted");
    (void) snprintf(path, sizeof(path), "%s/%s.damaged", dir, name);
    check(unlink(path) == 0, "and has its name");
}


static void
test_aside(void)
{
    int   fd, i, kept;
    char  path[PATH_MAX], name[] = "1760000000000-0000001-000000.spool";

    static const char  *names[] = { "damaged", "1.damaged", "2.damaged" };

    kept = 0;

    for (i = 0; i < 3; i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        fd = open(path, O_WRONLY|O_CREAT, 0600);
        kept += write(fd, names, (size_t) i + 1) == i + 1
                && ngx_http_lapor_segment_finish(dir, name, 1) == 0;
        (void) close(fd);
    }

    check(kept == 3, "one name is set aside three times");
    kept = 0;

    for (i = 0; i < 3; i++) {
        (void) snprintf(path, sizeof(path), "%s/%s.%s", dir, name, names[i]);
        fd = open(path, O_RDONLY);
        kept += lseek(fd, 0, SEEK_END) == i + 1 && unlink(path) == 0;
        (void) close(fd);
    }

    check(kept == 3, "and nothing was written over another");
}


static void
test_removed(void)
{
    int   fd, clean;
    char  name[NGX_HTTP_LAPOR_SEGMENT_NAME], path[PATH_MAX];

    fd = ngx_http_lapor_segment_create(dir, 1, 0, name);
    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void) unlink(path);
    check(ngx_http_lapor_segment_append(fd, file, size, 0, &clean) == -1
          && errno == ENOENT && !clean,
          "what is written to a file that was removed is not safe");
    (void) close(fd);
}


/* the limit stands for a disk that is full in the middle of a write */

static void
test_full(void)
{
    int               fd, clean, rc, again, err;
    char              name[NGX_HTTP_LAPOR_SEGMENT_NAME], path[PATH_MAX];
    struct stat       st;
    struct rlimit     limit;
    struct sigaction  sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = SIG_IGN;
    (void) sigaction(SIGXFSZ, &sa, NULL);
    (void) getrlimit(RLIMIT_FSIZE, &limit);

    fd = ngx_http_lapor_segment_create(dir, 1, 0, name);
    rc = ngx_http_lapor_segment_append(fd, file, ends[2], 0, &clean);
    limit.rlim_cur = size - 5;
    (void) setrlimit(RLIMIT_FSIZE, &limit);
    again = ngx_http_lapor_segment_append(fd, file + ends[2], size - ends[2],
                                          (off_t) ends[2], &clean);
    err = errno;
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_FSIZE, &limit);
    sa.sa_handler = SIG_DFL;
    (void) sigaction(SIGXFSZ, &sa, NULL);

    check(rc == 0 && again == -1 && err == EFBIG && clean,
          "a write that was cut short");
    check(fstat(fd, &st) == 0 && st.st_size == (off_t) ends[2],
          "leaves the file as it was");
    check(ngx_http_lapor_segment_append(fd, file + ends[2], size - ends[2],
                                        (off_t) ends[2], &clean) == 0
          && fstat(fd, &st) == 0 && st.st_size == (off_t) size,
          "which goes on when there is room");

    (void) close(fd);
    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void) unlink(path);
}


static void
test_foreign(void)
{
    int             fd;
    char            name[NGX_HTTP_LAPOR_SEGMENT_NAME], path[PATH_MAX];
    size_t          len;
    unsigned        i;
    unsigned char  *p;

    static const char  *odd[] = {
        "0000000000001-0000001-000000.spool",
        "0000000000002-0000001-000000.spool",
        "0000000000003-0000001-000000.spool",
        "0000000000004-0000001-000000.spool"
    };

    (void) snprintf(path, sizeof(path), "%s/%s", dir, odd[0]);
    check(mkdir(path, 0700) == 0, "a directory");
    (void) snprintf(path, sizeof(path), "%s/%s", dir, odd[1]);
    check(mkfifo(path, 0600) == 0, "a fifo");
    (void) snprintf(path, sizeof(path), "%s/%s", dir, odd[2]);
    check(symlink("/etc/passwd", path) == 0, "a link");
    check(ngx_http_lapor_segment_oldest(dir, "", NULL, name) == -1
          && errno == ELOOP, "are no segments, a link is an error");

    (void) snprintf(path, sizeof(path), "%s/%s", dir, odd[3]);
    fd = open(path, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    check(fd != -1 && ftruncate(fd, NGX_HTTP_LAPOR_SEGMENT_MAX + 1) == 0,
          "a huge file");
    (void) close(fd);
    fd = ngx_http_lapor_segment_oldest(dir, "", NULL, name);
    check(fd != -1 && strcmp(name, odd[3]) == 0, "is found all the same");
    check(ngx_http_lapor_segment_read(fd, &p, &len) == -1 && errno == EFBIG,
          "but not read");
    (void) close(fd);

    for (i = 0; i < 4; i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", dir, odd[i]);
        (void) remove(path);
    }
}


static void
test_lock(void)
{
    int    first, second, status;
    pid_t  pid;

    first = ngx_http_lapor_spool_lock(dir);
    second = ngx_http_lapor_spool_lock(dir);
    check(first != -1 && second == -1 && errno == EWOULDBLOCK,
          "one replays at a time");

    pid = fork();

    if (pid == 0) {
        _exit(ngx_http_lapor_spool_lock(dir) == -1 && errno == EWOULDBLOCK
              ? 0 : 1);
    }

    check(waitpid(pid, &status, 0) == pid && status == 0,
          "another process, too");
    (void) close(first);
    first = ngx_http_lapor_spool_lock(dir);
    check(first != -1, "until it ends");
    (void) close(first);
}


/* a reader that takes away whatever it can get, as fast as it can */

static void
take_all(void)
{
    int   fd;
    char  name[NGX_HTTP_LAPOR_SEGMENT_NAME];

    for ( ;; ) {
        fd = ngx_http_lapor_segment_oldest(dir, "", NULL, name);

        if (fd != -1) {
            (void) ngx_http_lapor_segment_finish(dir, name, 0);
            (void) close(fd);
        }
    }
}


static void
test_race(void)
{
    int       fd, clean, i, made, kept;
    char      name[NGX_HTTP_LAPOR_SEGMENT_NAME];
    pid_t     pid[2];
    unsigned  seq;

    for (i = 0; i < 2; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            take_all();
        }
    }

    made = 0;
    kept = 0;

    for (seq = 0; seq < 300; seq++) {
        fd = ngx_http_lapor_segment_create(dir, 5, seq, name);
        made += fd != -1;
        (void) sched_yield();
        kept += fd != -1
                && ngx_http_lapor_segment_append(fd, file, size, 0, &clean)
                   == 0;
        (void) close(fd);
    }

    for (i = 0; i < 2; i++) {
        (void) kill(pid[i], SIGKILL);
        (void) waitpid(pid[i], NULL, 0);
    }

    check(made == 300, "a segment can be made while others are taken away");
    check(kept == 300, "and is nobody else's until it is closed");
}


int
main(void)
{
    int   damaged;
    char  path[PATH_MAX];
    char  name[NGX_HTTP_LAPOR_SEGMENT_NAME];

    /* a line that a child has, too, would be told twice */

    (void) setvbuf(stdout, NULL, _IOLBF, 0);

    if (mkdtemp(dir) == NULL) {
        return 71;
    }

    make_file();
    check(read_all(file, size, &damaged) == (1 << RECORDS) - 1 && !damaged,
          "what was written is read");

    test_cuts();
    test_zeros();
    test_flips();
    test_garbage();
    test_bounds();
    test_names();
    test_segment();
    test_aside();
    test_removed();
    test_full();
    test_foreign();
    test_lock();
    test_race();

    while (ngx_http_lapor_segment_oldest(dir, "", NULL, name) != -1) {
        (void) ngx_http_lapor_segment_finish(dir, name, 0);
    }

    (void) snprintf(path, sizeof(path), "%s/lock", dir);
    (void) unlink(path);
    check(rmdir(dir) == 0, "nothing is left");

    printf("1..%d\n", tests);

    return failed != 0;
}
