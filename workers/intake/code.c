/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The same arithmetic as lapor.code_make (schema/002_intake.sql), which says
 * why; t/stream/talk.t compares the two.
 */

#include <ctype.h>
#include <string.h>

#include "intake/code.h"


#define CODE_BASE     31
#define CODE_SYMBOLS  9    /* at most, the check symbol counted */


static void code_print(const int *digits, int n, char *ret_code);
static int code_check(const int *digits, int n);


static const char  code_symbols[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";


int
lapor_code_make(unsigned part, int64_t n, char ret_code[LAPOR_CODE_LEN])
{
    int      i, len, digits[CODE_SYMBOLS];
    int64_t  space, factor;

    len = 2;
    space = CODE_BASE * CODE_BASE;

    while (n >= space) {
        n -= space;
        len += 2;
        space *= CODE_BASE * CODE_BASE;

        if (len > 6) {
            ret_code[0] = '\0';
            return 0;
        }
    }

    factor = len == 2 ? 367 : len == 4 ? 350377 : 337351;
    n = (n * factor + (int64_t) part * 7919) % space;

    for (i = len + 1; i >= 2; i--) {
        digits[i] = (int) (n % CODE_BASE);
        n /= CODE_BASE;
    }

    digits[0] = (int) part / CODE_BASE;
    digits[1] = (int) part % CODE_BASE;
    len += 2;
    digits[len] = code_check(digits, len);
    code_print(digits, len, ret_code);

    return (int) strlen(ret_code);
}


/* K-, the first four, a dash and the others if there are any, a dash and the
 * check symbol, which is digits[n]. */

static void
code_print(const int *digits, int n, char *ret_code)
{
    int    i;
    char  *p;

    p = ret_code;
    *p++ = 'K';
    *p++ = '-';

    for (i = 0; i < n; i++) {
        if (i == 4) {
            *p++ = '-';
        }

        *p++ = code_symbols[digits[i]];
    }

    *p++ = '-';
    *p++ = code_symbols[digits[n]];
    *p = '\0';
}


static int
code_check(const int *digits, int n)
{
    int  i, check;

    check = 0;

    for (i = 0; i < n; i++) {
        check = (check + (i + 2) * digits[i]) % CODE_BASE;
    }

    return check;
}


size_t
lapor_code_read(struct lapor_str text, char ret_code[LAPOR_CODE_LEN])
{
    int          n, digits[CODE_SYMBOLS];
    size_t       i, taken;
    const char  *symbol;

    taken = 0;
    n = 0;

    if (text.len == 0 || toupper((unsigned char) text.data[0]) != 'K') {
        return 0;
    }

    /* the longest that is right; a word behind it may look like symbols */
    for (i = 1; i < text.len && n < CODE_SYMBOLS; i++) {

        if (text.data[i] == '-' || text.data[i] == ' ') {
            continue;
        }

        symbol = memchr(code_symbols, toupper((unsigned char) text.data[i]),
                        sizeof(code_symbols) - 1);

        if (symbol == NULL) {
            break;
        }

        digits[n++] = (int) (symbol - code_symbols);

        if ((n == 5 || n == 7 || n == 9)
            && code_check(digits, n - 1) == digits[n - 1]
            && (i + 1 == text.len
                || !isalnum((unsigned char) text.data[i + 1])))
        {
            code_print(digits, n - 1, ret_code);
            taken = i + 1;
        }
    }

    return taken;
}
