/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each option of compat mode does with its value; compat_arguments.c has the walk over the words and
 * what several options decide together. Functions that return bool leave a text in compat->text on false.
 */
#ifndef SP_NAGIOS_COMPAT_OPTIONS_H
#define SP_NAGIOS_COMPAT_OPTIONS_H

#include "nagios/compat.h"
#include "nagios/compat_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long options without a letter. */
enum {
    SP_COMPAT_SNI = 256,
    SP_COMPAT_STRICT,
    SP_COMPAT_PASSWORD_FILE,
    SP_COMPAT_PASSWORD_ENV,
    SP_COMPAT_SERVER_NAME,
    SP_COMPAT_CA_FILE,
    SP_COMPAT_COMPAT
};

struct sp_compat_parser {
    struct sp_compat *compat;
    struct sp_compat_words words;
    bool has_hostname; /* a -H stands somewhere, so that words behind -q are skipped */
    int base;          /* of the words that getopt walks over: optind counts from here */
    int previous;      /* the option before the one at hand, or 0 */
    /* What options said that is settled last. */
    bool starttls, ssl;
    uint16_t port;                            /* 0: not given */
    const char *authtype;                     /* NULL: not given */
    const char *password_file, *password_env; /* at most one; the last that was given counts */
};

/* Obeys an option: its letter or one of the numbers above. `value` is NULL for a flag. */
bool sp_compat_take(struct sp_compat_parser *parser, int option, const char *value);
/* -H, and the word without an option. A macro of the monitoring system must never turn into a file, a
 * list or several targets. */
bool sp_compat_set_host(struct sp_compat_parser *parser, const char *value);
/* Copies a string into the arena. */
bool sp_compat_keep(struct sp_compat_parser *parser, const char *value, const char **out);
/* Wipes and frees it. */
void sp_compat_drop_password(struct sp_compat *compat);

/* "NAME: message[ - value]" and the usage. Always false. */
bool sp_compat_refuse(struct sp_compat_parser *parser, const char *message, const char *value);
/* A message whose rest is quoted from elsewhere, and no usage: the command line is right as such. Always
 * false. */
bool sp_compat_fail(struct sp_compat_parser *parser, const char *message, const char *rest);
/* The end of a line and the usage below it. */
void sp_compat_append_usage(struct sp_compat_parser *parser);
void sp_compat_append_safe(struct sp_buf *text, const char *value, size_t len);

#endif
