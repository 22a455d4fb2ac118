/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Report codes, as people read them to each other.
 */

#ifndef LAPOR_INTAKE_CODE_H
#define LAPOR_INTAKE_CODE_H

#include <stdint.h>

#include "lib/str.h"


/* "K-7Q4M-9XKD-5" and its NUL. */
#define LAPOR_CODE_LEN  14


/*
 * The code of the n-th report (from 0) of a part, the same as
 * lapor.code_make of the schema. Returns its length; 0 where the part has no
 * codes left (31^2 + 31^4 + 31^6 of them, 888 million).
 */
int lapor_code_make(unsigned part, int64_t n, char ret_code[LAPOR_CODE_LEN]);

/*
 * Reads a code at the start of a text as people type it: any case, dashes or
 * blanks between its symbols or none. Returns how many bytes it took, with
 * ret_code in its one form; 0 if there is none, or its check symbol is wrong.
 */
size_t lapor_code_read(struct lapor_str text, char ret_code[LAPOR_CODE_LEN]);

#endif
