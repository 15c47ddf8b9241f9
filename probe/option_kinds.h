/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between options.c, which has the table, and option_kinds.c, which reads values: for no one else. */
#ifndef SP_PROBE_OPTION_KINDS_H
#define SP_PROBE_OPTION_KINDS_H

#include "probe/options.h"

/* How a value is read, and the type of the field that it goes to. */
enum sp_option_kind {
    SP_KIND_ACTION,     /* no field */
    SP_KIND_FLAG,       /* bool */
    SP_KIND_COUNT,      /* unsigned */
    SP_KIND_FAMILY,     /* enum sp_family; `min` is the family that the flag asks for */
    SP_KIND_CHOICE,     /* an enum; index among the choices plus `min` */
    SP_KIND_VERSION,    /* uint16_t; as CHOICE */
    SP_KIND_DURATION,   /* uint32_t, milliseconds */
    SP_KIND_NUMBER,     /* uint32_t */
    SP_KIND_RATE,       /* double */
    SP_KIND_TEXT,       /* const char *; not empty */
    SP_KIND_NAME,       /* const char *; host name or address */
    SP_KIND_EHLO,       /* const char *; domain or address literal */
    SP_KIND_ADDRESS,    /* const char *; numeric */
    SP_KIND_SERVER,     /* const char *; numeric with an optional port */
    SP_KIND_WORDS,      /* struct sp_words */
    SP_KIND_FILES,      /* struct sp_words, in the letters given */
    SP_KIND_PINS,       /* struct sp_pins */
    SP_KIND_SUITES,     /* struct sp_numbers */
    SP_KIND_GROUPS,     /* struct sp_numbers */
    SP_KIND_PROTOCOLS,  /* struct sp_words */
    SP_KIND_DAYS,       /* struct sp_range */
    SP_KIND_THRESHOLD,  /* struct sp_range[SP_PHASE_TOTAL + 1] */
    SP_KIND_FD,         /* uint32_t; SP_NO_FD: not given */
    SP_KIND_MECHANISMS, /* struct sp_words */
    SP_KIND_REPLIES     /* expect_replies with its count */
};

struct sp_option_row {
    struct sp_option_info info; /* first, so that a row can be found from its info */
    enum sp_option_kind kind;
    size_t offset;
    double min, max;
};

/* What a setter works with. */
struct sp_setting {
    const struct sp_option_row *row;
    void *field;
    struct sp_options *options; /* that the field is of */
    struct sp_arena *arena;     /* NULL: the text lives as long as the program */
    const char *value;          /* NULL: a flag without value */
    char *error;
    size_t size;
};

/* Reads the value and stores it as the row's kind demands. False: set->error says why, and the field is
 * as before. A kind that needs a value gets one. */
bool sp_setting_apply(const struct sp_setting *set);
/* Says that the value can't be used, and what would be right. Always false. */
bool sp_setting_refuse(const struct sp_setting *set, const char *right);

#endif
