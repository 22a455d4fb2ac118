/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "media/temp.h"


#define LAPOR_MEDIA_TMP  "tmp"


int
lapor_media_temp_create(const char *dir, const char *name,
    struct lapor_file *ret_file)
{
    int   n, saved;
    char  own[sizeof(ret_file->tmp)];

    if (lapor_file_create(dir, ret_file) == -1) {
        return -1;
    }

    /* a worker killed between these two lines leaves an empty file to the
       sweep by age */
    n = snprintf(own, sizeof(own), LAPOR_MEDIA_TMP "/%s.%s", name,
                 ret_file->tmp + sizeof(LAPOR_MEDIA_TMP "/") - 1);

    if (n < 0 || (size_t) n >= sizeof(own)) {
        errno = ENAMETOOLONG;

    } else if (renameat(ret_file->dir, ret_file->tmp, ret_file->dir, own)
               == 0)
    {
        memcpy(ret_file->tmp, own, (size_t) n + 1);
        return 0;
    }

    saved = errno;
    lapor_log_err("could not name a temporary file: %s", strerror(saved));
    lapor_file_discard(ret_file);
    errno = saved;
    return -1;
}


int
lapor_media_temp_sweep(const char *dir, const char *name)
{
    int             base, fd, n;
    DIR            *d;
    size_t          len;
    struct dirent  *e;

    base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base == -1) {
        return 0;
    }

    fd = openat(base, LAPOR_MEDIA_TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
    len = strlen(name);

    while ((e = readdir(d)) != NULL) {
        if (strncmp(e->d_name, name, len) == 0 && e->d_name[len] == '.'
            && unlinkat(fd, e->d_name, 0) == 0)
        {
            n++;
        }
    }

    closedir(d);
    return n;
}
