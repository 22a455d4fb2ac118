/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/* lib/file, lib/sha256 and lib/codec: what is kept is whole and named by it. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/codec.h"
#include "lib/file.h"
#include "lib/log.h"
#include "t/unit/tap.h"


/* SHA-256 of "abc", FIPS 180-2 appendix B.1 */
#define ABC  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


static void test_hash(void);
static void test_codec(void);
static void test_keep(void);
static void test_failures(void);
static void clean(void);


static char  dir[] = "/tmp/lapor-file-XXXXXX";


static void
test_hash(void)
{
    char                  hex[65];
    unsigned char         digest[32];
    struct lapor_sha256   h;

    lapor_sha256("abc", 3, digest);
    lapor_hex_encode(digest, 32, hex);
    is_str(hex, ABC, "SHA-256 at once");

    lapor_sha256_init(&h);
    lapor_sha256_update(&h, "a", 1);
    lapor_sha256_update(&h, "bc", 2);
    lapor_sha256_final(&h, digest);
    lapor_hex_encode(digest, 32, hex);
    is_str(hex, ABC, "SHA-256 in pieces");

    /* RFC 4231 section 4.3 */
    lapor_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    lapor_hex_encode(digest, 32, hex);
    is_str(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec"
           "3843", "HMAC");
}


static void
test_codec(void)
{
    char    text[16], data[32];
    size_t  i, len;

    static const char *const  plain[] = { "", "f", "fo", "foo", "foobar" };
    static const char *const  coded[] = { "", "Zg==", "Zm8=", "Zm9v",
                                          "Zm9vYmFy" };

    for (i = 0; i < 5; i++) {
        lapor_base64_encode(plain[i], strlen(plain[i]), text);
        is_str(text, coded[i], "base64 of \"%s\"", plain[i]);
        is(lapor_base64_decode(text, strlen(text), data, &len), 0, "decoded");
        is_mem(data, len, plain[i], strlen(plain[i]), "to the same");
    }

    is(lapor_base64_decode("Zg", 2, data, &len), 0, "no padding");
    is(lapor_base64_decode("_-8", 3, data, &len), 0, "URL alphabet");
    is_mem(data, len, "\377\357", 2, "decoded");
    is(lapor_base64_decode("Z", 1, data, &len), -1, "one character");
    is(lapor_base64_decode("Zg=", 3, data, &len), -1, "half a padding");
    is(lapor_base64_decode("Z*==", 4, data, &len), -1, "no such digit");
    is(lapor_hex_decode("00fFaB", 6, data), 0, "hex");
    is_mem(data, 3, "\0\377\253", 3, "decoded");
    is(lapor_hex_decode("abc", 3, data), -1, "odd hex");
    is(lapor_hex_decode("gg", 2, data), -1, "no hex");
}


static void
test_keep(void)
{
    int                 i;
    char                name[LAPOR_FILE_NAME_LEN], path[256], *data;
    size_t              len;
    struct stat         st;
    unsigned char       digest[32];
    struct lapor_file   f;

    /* the second time the name exists */
    for (i = 0; i < 2; i++) {
        is(lapor_file_create(dir, "own", &f), 0, "created");
        is(lapor_file_write(&f, "ab", 2), 0, "written");
        is(lapor_file_write(&f, "c", 1), 0, "written");
        is(f.size, 3, "size");
        lapor_file_digest(&f, digest);
        is(lapor_file_commit(&f, digest, name), 0, "committed");
        is_str(name, "ba/78/" ABC, "name");
        lapor_file_discard(&f);
    }

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    is(lapor_file_read(path, 3, &data, &len), 0, "read");
    is_mem(data, len, "abc", 3, "content");
    free(data);
    is(lapor_file_read(path, 2, &data, &len), -1, "too long to be read");
    is(errno, EFBIG, "and says so");
    is(stat(path, &st), 0, "stat");
    is(st.st_mode & 0007, 0, "closed to others");
}


static void
test_failures(void)
{
    char                path[256];
    unsigned char       digest[32];
    struct lapor_file   f;
    char                name[LAPOR_FILE_NAME_LEN];

    is(lapor_file_create(dir, "own", &f), 0, "created");
    is(lapor_file_write(&f, "x", 1), 0, "written");
    (void) snprintf(path, sizeof(path), "%s/%s", dir, f.tmp);
    is(access(path, F_OK), 0, "temporary file is there");
    lapor_file_discard(&f);
    is(access(path, F_OK), -1, "and is gone after discard");

    is(lapor_file_create("/nonexistent", "own", &f), -1, "no such directory");
    lapor_file_discard(&f);

    /* a file stands where a directory should */
    is(lapor_file_create(dir, "own", &f), 0, "created");
    is(lapor_file_write(&f, "x", 1), 0, "written");
    lapor_file_digest(&f, digest);
    (void) snprintf(path, sizeof(path), "%s/2d", dir);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    is(lapor_file_commit(&f, digest, name), -1, "commit fails");
    is(lapor_file_sweep(dir, NULL, 0), 0, "and leaves nothing");

    is(lapor_file_create(dir, "own", &f), 0, "created and forgotten");
    is(lapor_file_sweep(dir, NULL, 3600000), 0, "too young to be swept");
    is(lapor_file_sweep(dir, "ow", 0), 0, "nor by another");
    is(lapor_file_sweep(dir, "own", 0), 1, "swept by its owner");
    lapor_file_discard(&f);

    is(lapor_file_create(dir, "own", &f), 0, "created and forgotten");
    is(lapor_file_sweep(dir, NULL, 0), 1, "swept by all");
    lapor_file_discard(&f);
}


static void
clean(void)
{
    size_t  i;
    char    path[256];

    static const char *const  names[] = {
        ("ba/78/" ABC), "ba/78", "ba", "2d", "tmp", ""
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void) remove(path);
    }
}


int
main(void)
{
    int  null;

    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    null = open("/dev/null", O_WRONLY);
    lapor_log_set_fd(null);

    test_hash();
    test_codec();
    test_keep();
    test_failures();
    clean();
    close(null);

    return tap_done();
}
