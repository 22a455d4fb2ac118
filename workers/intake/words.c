/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Whoever withdraws says so in a few words. A text with any word that is not
 * in these lists says more than that, and is read as a report: "batal" in
 * "pesanan saya batal, uang tidak kembali" withdraws nothing.
 */

#include <ctype.h>
#include <string.h>

#include "intake/words.h"


#define WORDS_LEN  20    /* of a word that we know, at most */
#define WORDS_MAX  12    /* in one command */


static size_t words_next(struct lapor_str text, size_t at,
    char ret_word[WORDS_LEN]);
static bool words_in(const char *word, const char *const *list);


static const char *const  words_withdraw[] = {
    "batal", "batalkan", "batalin", "dibatalkan", "dibatalin", "pembatalan",
    "membatalkan", "cancel", "dicancel", "canceled", "cancelled", "cabut",
    "dicabut", "mencabut", "btl", NULL
};

/* tidak jadi, gak jadi lapor */
static const char *const  words_not[] = {
    "tidak", "tak", "ga", "gak", "gk", "nggak", "ngga", "enggak", "g", "tdk",
    "nda", "ndak", NULL
};

static const char *const  words_beside[] = {
    "laporan", "laporannya", "lapor", "melapor", "melaporkan", "pelaporan",
    "report", "my", "the", "please", "sorry",
    "saya", "aku", "sy", "kami", "ini", "itu", "yang", "yg", "tadi", "kode",
    "nomor", "no", "nya", "aja", "saja", "dulu", "ya", "yaa", "y", "dong",
    "deh", "kok", "lah", "pak", "bapak", "bpk", "bu", "ibu", "min", "admin",
    "kak", "bang", "mas", "mbak", "ndan", "komandan", "maaf", "mohon",
    "tolong", "ingin", "mau", "untuk", "di", "dgn", "dengan", "terima",
    "kasih", "makasih", "trims", NULL
};

/* greetings, thanks, tests and consent; nothing that asks for anything */
static const char *const  words_polite[] = {
    "terima", "kasih", "terimakasih", "trimakasih", "makasih", "makasi",
    "mksh", "mksih", "tks", "thx", "thanks", "thank", "you", "trims",
    "terimakasi", "matur", "nuwun", "suwun", "hatur", "nuhun", "sama",
    "ok", "oke", "okey", "okay", "okee", "sip", "siap", "baik", "baiklah",
    "iya", "ya", "yaa", "y", "mantap", "alhamdulillah", "aamiin", "amin",
    "selamat", "met", "pagi", "siang", "sore", "malam", "halo", "hallo",
    "hai", "hello", "hi", "permisi", "ass", "assalamualaikum",
    "assalamu", "alaikum", "waalaikumsalam", "salam", "wr", "wb",
    "p", "tes", "test", "testing", "ping", "cek",
    "pak", "bapak", "bpk", "bu", "ibu", "min", "admin", "kak", "bang",
    "mas", "mbak", "ndan", "komandan", "polisi", "polri", "semua", "tim",
    "banyak", "sekali", "atas", "bantuan", "bantuannya", "respon",
    "responnya", "responsnya", "informasinya", "infonya", "kerjasamanya",
    "pelayanannya", "sudah", "selesai", "beres", "aman", "semoga", "sehat",
    "sukses", "selalu", NULL
};


size_t
lapor_words_drill(struct lapor_str text)
{
    bool              capitals;
    size_t            i, from;
    static const char  word[] = "LATIHAN";

    from = 0;

    while (from < text.len
           && (isspace((unsigned char) text.data[from])
               || strchr("*_[(\"", text.data[from]) != NULL))
    {
        from++;
    }

    if (text.len - from < sizeof(word) - 1) {
        return 0;
    }

    capitals = true;

    for (i = 0; i < sizeof(word) - 1; i++) {
        if (toupper((unsigned char) text.data[from + i]) != word[i]) {
            return 0;
        }

        capitals &= text.data[from + i] == word[i];
    }

    i += from;

    if (i < text.len && isalnum((unsigned char) text.data[i])) {
        return 0;
    }

    while (i < text.len && strchr("*_])\"", text.data[i]) != NULL) {
        i++;
    }

    if (!capitals && i < text.len && strchr(":-.,!", text.data[i]) == NULL) {
        return 0;
    }

    while (i < text.len
           && (isspace((unsigned char) text.data[i])
               || strchr(":-.,!", text.data[i]) != NULL))
    {
        i++;
    }

    return i;
}


bool
lapor_words_withdraw(struct lapor_str text, char ret_code[LAPOR_CODE_LEN])
{
    bool              withdraws, negated;
    char              word[WORDS_LEN];
    size_t            at, next, count, taken;
    struct lapor_str  rest;

    ret_code[0] = '\0';
    withdraws = false;
    negated = false;
    count = 0;

    for (at = 0; at < text.len; at = next) {
        next = words_next(text, at, word);

        if (word[0] == '\0') {
            continue;
        }

        if (++count > WORDS_MAX) {
            return false;
        }

        rest.data = text.data + at;
        rest.len = text.len - at;

        while (rest.len > 0 && !isalnum((unsigned char) rest.data[0])) {
            rest.data++;
            rest.len--;
        }

        taken = ret_code[0] == '\0' ? lapor_code_read(rest, ret_code) : 0;

        if (taken > 0) {
            next = (size_t) (rest.data - text.data) + taken;
            negated = false;

        } else if (words_in(word, words_withdraw)
                   || (negated && strcmp(word, "jadi") == 0))
        {
            /* "tidak batal" is the opposite */
            if (negated && strcmp(word, "jadi") != 0) {
                return false;
            }

            withdraws = true;
            negated = false;

        } else if (words_in(word, words_not)) {
            negated = true;

        } else if (negated || !words_in(word, words_beside)) {
            return false;
        }
    }

    return withdraws && !negated;
}


bool
lapor_words_polite(struct lapor_str text)
{
    char    word[WORDS_LEN];
    size_t  at, count;

    count = 0;

    for (at = 0; at < text.len; /* void */ ) {
        at = words_next(text, at, word);

        if (word[0] != '\0') {

            if (!words_in(word, words_polite)) {
                return false;
            }

            count++;
        }
    }

    return count > 0;
}


/* The next word in lower case; cut where it is
 * longer than any of ours, and then none of them. What is not ASCII belongs to
 * the word. Returns where it ends. */

static size_t
words_next(struct lapor_str text, size_t at, char ret_word[WORDS_LEN])
{
    size_t         len;
    unsigned char  c;

    while (at < text.len && !isalnum((unsigned char) text.data[at])
           && (unsigned char) text.data[at] < 0x80)
    {
        at++;
    }

    len = 0;

    while (at < text.len) {
        c = (unsigned char) text.data[at];

        if (!isalnum(c) && c < 0x80) {
            break;
        }

        if (len < WORDS_LEN - 1) {
            ret_word[len++] = (char) tolower(c);
        }

        at++;
    }

    ret_word[len] = '\0';

    return at;
}


/* The first letter tells nearly all of them, without a call. */

static bool
words_in(const char *word, const char *const *list)
{
    while (*list != NULL
           && (word[0] != (*list)[0] || strcmp(word, *list) != 0))
    {
        list++;
    }

    return *list != NULL;
}
