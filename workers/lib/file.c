/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * All names are relative to one open directory, so that a renamed or
 * replaced DIR never mixes two trees in one file's life.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/codec.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/timeutil.h"


#define LAPOR_FILE_TMP  "tmp"


static int lapor_file_mkdir(int dir, const char *name);
static int lapor_file_fsync_dir(int dir, const char *name);
static int lapor_file_place(struct lapor_file *f, char *name);
static void lapor_file_close(struct lapor_file *f);
static bool lapor_file_owned(const char *name, const char *owner);


int
lapor_file_create(const char *dir, const char *owner,
    struct lapor_file *ret_file)
{
    char           hex[2 * 12 + 1];
    int            saved;
    unsigned char  random[12];

    memset(ret_file, 0, sizeof(struct lapor_file));
    ret_file->fd = -1;

    ret_file->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (ret_file->dir == -1) {
        saved = errno;
        lapor_log_err("could not open directory \"%s\": %s", dir,
                      strerror(saved));
        errno = saved;
        return -1;
    }

    if (lapor_file_mkdir(ret_file->dir, LAPOR_FILE_TMP) == -1) {
        goto failed;
    }

    lapor_random_bytes(random, sizeof(random));
    lapor_hex_encode(random, sizeof(random), hex);
    (void) snprintf(ret_file->tmp, sizeof(ret_file->tmp), "%s/%.*s.%s",
                    LAPOR_FILE_TMP, LAPOR_FILE_OWNER_MAX, owner, hex);

    ret_file->fd = openat(ret_file->dir, ret_file->tmp,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (ret_file->fd == -1) {
        goto failed;
    }

    lapor_sha256_init(&ret_file->hash);
    return 0;

failed:

    saved = errno;
    lapor_log_err("could not create a file in \"%s/%s\": %s", dir,
                  LAPOR_FILE_TMP, strerror(saved));
    ret_file->tmp[0] = '\0';
    lapor_file_close(ret_file);
    errno = saved;
    return -1;
}


int
lapor_file_write(struct lapor_file *f, const void *data, size_t len)
{
    ssize_t      n;
    const char  *p;

    lapor_sha256_update(&f->hash, data, len);

    for (p = data; len > 0; p += n, len -= (size_t) n) {
        n = write(f->fd, p, len);

        if (n == -1) {
            if (errno != EINTR) {
                return -1;
            }

            n = 0;
        }

        f->size += n;
    }

    return 0;
}


void
lapor_file_digest(struct lapor_file *f,
    unsigned char ret_digest[LAPOR_SHA256_LEN])
{
    lapor_sha256_final(&f->hash, ret_digest);
}


int
lapor_file_commit(struct lapor_file *f,
    const unsigned char digest[LAPOR_SHA256_LEN],
    char ret_name[LAPOR_FILE_NAME_LEN])
{
    int   rc, saved;
    char  hex[LAPOR_SHA256_HEX_LEN + 1], name[LAPOR_FILE_NAME_LEN];

    lapor_hex_encode(digest, LAPOR_SHA256_LEN, hex);
    (void) snprintf(name, sizeof(name), "%.2s/%.2s/%s", hex, hex + 2, hex);

    rc = lapor_file_place(f, name);
    saved = errno;

    if (rc == -1) {
        lapor_log_err("could not keep file \"%s\": %s", name,
                      strerror(saved));
        lapor_file_discard(f);
        errno = saved;
        return -1;
    }

    f->tmp[0] = '\0';
    lapor_file_close(f);

    memcpy(ret_name, name, sizeof(name));
    return 0;
}


/*
 * The three directories are always fsynced, also when they existed: another
 * process may have made them a moment ago and not be that far.
 */

static int
lapor_file_place(struct lapor_file *f, char *name)
{
    char  two[3], four[6];

    memcpy(two, name, 2);
    two[2] = '\0';
    memcpy(four, name, 5);
    four[5] = '\0';

    if (fsync(f->fd) == -1
        || lapor_file_mkdir(f->dir, two) == -1
        || lapor_file_mkdir(f->dir, four) == -1
        || renameat(f->dir, f->tmp, f->dir, name) == -1)
    {
        return -1;
    }

    /* from here on the file stands under its name; a retry replaces it */
    f->tmp[0] = '\0';

    if (lapor_file_fsync_dir(f->dir, four) == -1
        || lapor_file_fsync_dir(f->dir, two) == -1
        || fsync(f->dir) == -1)
    {
        return -1;
    }

    return 0;
}


static int
lapor_file_mkdir(int dir, const char *name)
{
    if (mkdirat(dir, name, 0750) == -1 && errno != EEXIST) {
        return -1;
    }

    return 0;
}


static int
lapor_file_fsync_dir(int dir, const char *name)
{
    int  fd, rc, saved;

    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);
    saved = errno;
    close(fd);
    errno = saved;

    return rc;
}


void
lapor_file_discard(struct lapor_file *f)
{
    if (f->dir != -1 && f->tmp[0] != '\0') {
        (void) unlinkat(f->dir, f->tmp, 0);
        f->tmp[0] = '\0';
    }

    lapor_file_close(f);
}


static void
lapor_file_close(struct lapor_file *f)
{
    if (f->hash.ctx != NULL) {
        lapor_sha256_final(&f->hash, NULL);
    }

    if (f->fd != -1) {
        close(f->fd);
        f->fd = -1;
    }

    if (f->dir != -1) {
        close(f->dir);
        f->dir = -1;
    }
}


static bool
lapor_file_owned(const char *name, const char *owner)
{
    size_t  len;

    if (owner == NULL) {
        return true;
    }

    len = strlen(owner);

    return strncmp(name, owner, len) == 0 && name[len] == '.';
}


int
lapor_file_sweep(const char *dir, const char *owner, int64_t older_than_ms)
{
    int             n, base, fd;
    DIR            *d;
    int64_t         limit;
    struct stat     st;
    struct dirent  *e;

    base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (base == -1) {
        return 0;
    }

    fd = openat(base, LAPOR_FILE_TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(base);

    if (fd == -1) {
        return 0;
    }

    d = fdopendir(fd);

    if (d == NULL) {
        close(fd);
        return 0;
    }

    n = 0;
    limit = lapor_time_ms() - older_than_ms;

    while ((e = readdir(d)) != NULL) {
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(st.st_mode)
            && lapor_file_owned(e->d_name, owner)
            && (older_than_ms == 0
                || (int64_t) st.st_mtim.tv_sec * 1000 <= limit)
            && unlinkat(fd, e->d_name, 0) == 0)
        {
            n++;
        }
    }

    closedir(d);
    return n;
}


int
lapor_file_read(const char *path, size_t max, char **ret_data,
    size_t *ret_len)
{
    int      fd, saved;
    char    *data, *grown;
    size_t   len, size;
    ssize_t  n;

    fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        return -1;
    }

    data = NULL;
    size = 0;
    len = 0;

    for ( ;; ) {
        if (len + 1 >= size) {
            size = (size == 0) ? 8192 : size * 2;
            grown = realloc(data, size);

            if (grown == NULL) {
                lapor_fatal_memory();
            }

            data = grown;
        }

        n = read(fd, data + len, size - len - 1);

        if (n == 0) {
            break;
        }

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n > 0) {
            len += (size_t) n;
        }

        if (n == -1 || len > max) {
            saved = (n == -1) ? errno : EFBIG;
            free(data);
            close(fd);
            errno = saved;
            return -1;
        }
    }

    close(fd);
    data[len] = '\0';

    *ret_data = data;
    *ret_len = len;
    return 0;
}
