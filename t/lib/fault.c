
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Loaded before the C library (t/lib/Lapor/Fault.pm): calls for paths that
 * contain ".spool" or end in "/spool" fail as the file LAPOR_FAULT says, which
 * has a line for each, "CALL ERRNO" or "CALL hang". "write cut" writes half,
 * then fails with ENOSPC. The file beside it, .count, gets a byte for each
 * fdatasync().
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define HANG  -1
#define CUT   -2

int open(const char *path, int flags, ...);
ssize_t write(int fd, const void *p, size_t len);
ssize_t pread(int fd, void *p, size_t len, off_t offset);
int fdatasync(int fd);
int fsync(int fd);
int ftruncate(int fd, off_t len);
int unlink(const char *path);
int rename(const char *from, const char *to);

static char  *told;


/* at the start: nginx takes most variables out of its environment */

__attribute__((constructor)) static void
start(void)
{
    char  *path;

    path = getenv("LAPOR_FAULT");
    told = path ? strdup(path) : NULL;
}


static void *
next(const char *name)
{
    void  *f;

    f = dlsym(RTLD_NEXT, name);

    if (f == NULL) {
        abort();
    }

    return f;
}


/* 0, an errno, HANG or CUT */

static int
fault(const char *call)
{
    int    n, found;
    char   name[32], what[32];
    FILE  *f;

    f = told ? fopen(told, "re") : NULL;
    found = 0;

    if (f == NULL) {
        return 0;
    }

    while (!found && fscanf(f, "%31s %31s", name, what) == 2) {
        if (strcmp(name, call) == 0) {
            n = (int) strtol(what, NULL, 10);
            found = strcmp(what, "hang") == 0 ? HANG
                    : strcmp(what, "cut") == 0 ? CUT : n;
        }
    }

    (void) fclose(f);

    return found;
}


static int
ours(const char *path)
{
    size_t  len;

    len = strlen(path);

    return strstr(path, ".spool") != NULL
           || (len >= 6 && strcmp(path + len - 6, "/spool") == 0);
}


static int
ours_fd(int fd)
{
    char     link[64], path[4096];
    ssize_t  n;

    (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);

    if (n < 0) {
        return 0;
    }

    path[n] = '\0';

    return ours(path);
}


/* 0, or -1 and errno; waits as long as the call hangs */

static int
fails(const char *call)
{
    int  err;

    while ((err = fault(call)) == HANG) {
        (void) usleep(10000);
    }

    if (err <= 0) {
        return 0;
    }

    errno = err;

    return -1;
}


int
open(const char *path, int flags, ...)
{
    int      mode;
    va_list  args;
    int    (*real)(const char *, int, ...);

    va_start(args, flags);
    mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);

    if (ours(path) && fails(flags & O_CREAT ? "create" : "open") == -1) {
        return -1;
    }

    real = (int (*)(const char *, int, ...)) next("open");

    return real(path, flags, mode);
}


ssize_t
write(int fd, const void *p, size_t len)
{
    ssize_t              (*real)(int, const void *, size_t);

    static _Thread_local int  cut;

    real = (ssize_t (*)(int, const void *, size_t)) next("write");

    if (!ours_fd(fd)) {
        return real(fd, p, len);
    }

    if (fault("write") == CUT) {
        cut = !cut;

        if (cut) {
            return real(fd, p, len / 2);
        }

        errno = ENOSPC;
        return -1;
    }

    cut = 0;

    return fails("write") == -1 ? -1 : real(fd, p, len);
}


ssize_t
pread(int fd, void *p, size_t len, off_t offset)
{
    ssize_t  (*real)(int, void *, size_t, off_t);

    if (ours_fd(fd) && fails("pread") == -1) {
        return -1;
    }

    real = (ssize_t (*)(int, void *, size_t, off_t)) next("pread");

    return real(fd, p, len, offset);
}


static void
count(void)
{
    char   path[4096];
    FILE  *f;

    (void) snprintf(path, sizeof(path), "%s.count", told ? told : "");
    f = fopen(path, "r+e");

    if (f != NULL) {
        (void) fseek(f, 0, SEEK_END);
        (void) fputc('.', f);
        (void) fclose(f);
    }
}


int
fdatasync(int fd)
{
    if (ours_fd(fd)) {
        count();

        if (fails("fdatasync") == -1) {
            return -1;
        }
    }

    return ((int (*)(int)) next("fdatasync"))(fd);
}


int
fsync(int fd)
{
    if (ours_fd(fd) && fails("fsync") == -1) {
        return -1;
    }

    return ((int (*)(int)) next("fsync"))(fd);
}


int
ftruncate(int fd, off_t len)
{
    if (ours_fd(fd) && fails("ftruncate") == -1) {
        return -1;
    }

    return ((int (*)(int, off_t)) next("ftruncate"))(fd, len);
}


int
unlink(const char *path)
{
    if (ours(path) && fails("unlink") == -1) {
        return -1;
    }

    return ((int (*)(const char *)) next("unlink"))(path);
}


int
rename(const char *from, const char *to)
{
    if (ours(from) && fails("rename") == -1) {
        return -1;
    }

    return ((int (*)(const char *, const char *)) next("rename"))(from, to);
}
