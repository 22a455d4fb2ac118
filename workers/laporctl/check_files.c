/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* Secrets and the media directory. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "laporctl/check.h"
#include "lib/conf.h"


#define FREE_PERCENT  10

static void check_secret(struct ctl_check *c, const char *what,
    const char *name);
static void check_media(struct ctl_check *c, const char *dir);
static int try_write(int dir, const char *name);


void
lapor_ctl_check_files(struct ctl_check *c)
{
    check_secret(c, "app_secret", c->conf->app_secret);
    check_secret(c, "verify_token", c->conf->verify_token);
    check_secret(c, "graph_token", c->conf->graph_token);
    check_media(c, c->conf->common.media_dir);
}


static void
check_secret(struct ctl_check *c, const char *what, const char *name)
{
    char         *value;
    char          err[300];
    struct stat   st;

    if (name == NULL) {
        lapor_ctl_say(c, CTL_WARN, what, "not named in [laporctl], so not "
                      "looked at");
        return;
    }

    /* refuses what others can read */
    if (lapor_conf_secret(name, &value, err, sizeof(err)) == -1) {
        lapor_ctl_say(c, CTL_BAD, what, "%s", err);
        return;
    }

    if (value[0] == '\0' || strchr(value, '\n') != NULL) {
        lapor_ctl_say(c, CTL_BAD, what, "%s must hold one line", name);

    } else if (strncmp(name, "cred:", 5) != 0 && stat(name, &st) == 0
               && (st.st_mode & S_IWGRP) != 0)
    {
        lapor_ctl_say(c, CTL_WARN, what, "%s can be changed by its group",
                      name);

    } else {
        lapor_ctl_say(c, CTL_OK, what, "%s", name);
    }

    explicit_bzero(value, strlen(value));
    free(value);
}


static void
check_media(struct ctl_check *c, const char *path)
{
    int             dir;
    char            name[64];
    double          left;
    struct statvfs  fs;

    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir == -1) {
        lapor_ctl_say(c, CTL_BAD, "media_dir", "%s: %s", path,
                      strerror(errno));
        return;
    }

    snprintf(name, sizeof(name), ".laporctl-check.%ld", (long) getpid());

    if (try_write(dir, name) == -1) {
        lapor_ctl_say(c, CTL_BAD, "media_dir", "%s: no durable file can be "
                      "written: %s", path, strerror(errno));

    } else if (fstatvfs(dir, &fs) == 0 && fs.f_blocks > 0) {
        left = 100.0 * (double) fs.f_bavail / (double) fs.f_blocks;
        lapor_ctl_say(c, left < FREE_PERCENT ? CTL_WARN : CTL_OK,
                      "media_dir", "%s, %.0f %% free", path, left);

    } else {
        lapor_ctl_say(c, CTL_OK, "media_dir", "%s", path);
    }

    close(dir);
}


/* A file, its bytes and its name made durable, and removed again. */

static int
try_write(int dir, const char *name)
{
    int  fd, rc, saved;

    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd == -1) {
        return -1;
    }

    rc = write(fd, "lapor\n", 6) == 6 && fsync(fd) == 0 && fsync(dir) == 0
         ? 0 : -1;
    saved = errno;
    close(fd);

    if (unlinkat(dir, name, 0) == -1 && rc == 0) {
        return -1;
    }

    errno = saved;
    return rc;
}
