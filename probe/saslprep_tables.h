/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of stringprep (RFC 3454) that SASLprep (RFC 4013) uses, of Unicode 3.2. */
#ifndef SP_PROBE_SASLPREP_TABLES_H
#define SP_PROBE_SASLPREP_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct sp_code_range {
    uint32_t first, last; /* code points, both included; in order */
};

extern const struct sp_code_range sp_saslprep_spaces[];
extern const size_t sp_saslprep_spaces_count;
extern const struct sp_code_range sp_saslprep_nothing[];
extern const size_t sp_saslprep_nothing_count;
extern const struct sp_code_range sp_saslprep_forbidden[];
extern const size_t sp_saslprep_forbidden_count;
extern const struct sp_code_range sp_saslprep_right_to_left[];
extern const size_t sp_saslprep_right_to_left_count;
extern const struct sp_code_range sp_saslprep_left_to_right[];
extern const size_t sp_saslprep_left_to_right_count;

#endif
