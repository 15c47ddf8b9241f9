/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accept (RFC 9110 §12.5.1), read leniently: what is no media range is passed over.
 *
 *   Accept    = #( range *( ";" parameter ) )
 *   range     = "*" "/" "*" | type "/" "*" | type "/" subtype
 *   parameter = token "=" ( token | quoted-string )         ; "q" is the weight, 0 to 1
 *
 * Of the parameters only version and q count: charset is always UTF-8, and "escaping" (a later Prometheus)
 * is about names that we don't have.
 */
#include "output/exposition.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WORD 64u /* octets of the longest type or version that can matter, and more */
#define Q_ONE 1000000u

enum { EXACT_NONE, EXACT_ANY, EXACT_TYPE, EXACT_SUBTYPE, EXACT_VERSION };

/* One element of the list. */
struct range {
    char type[WORD], version[WORD]; /* "" when absent; too long: "?" */
    unsigned q;                     /* millionths */
    bool usable;
};

/* The best that the header says of one format. */
struct wish {
    unsigned q;
    int exact;
    size_t position;
};

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* Copies up to the first octet of `ends`, without blanks behind; a word that is too long becomes "?". */
static const char *read_token(const char *at, const char *ends, char out[WORD])
{
    size_t len = strcspn(at, ends), kept = len;

    while (kept > 0 && (at[kept - 1] == ' ' || at[kept - 1] == '\t'))
        kept--;
    if (kept >= WORD) {
        at += len;
        memcpy(out, "?", 2);
        return at;
    }
    memcpy(out, at, kept);
    out[kept] = '\0';
    return at + len;
}

/* `at` stands behind the opening quote; returns what stands behind the closing one. */
static const char *read_quoted(const char *at, char out[WORD])
{
    size_t len = 0;

    for (; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        if (len + 1 < WORD)
            out[len++] = *at;
    }
    out[len] = '\0';
    return *at == '"' ? at + 1 : at;
}

/* "0.75" as millionths; digits beyond those are cut. False: not a number from 0 to 1. */
static bool read_q(const char *text, unsigned *out_q)
{
    unsigned q = 0, place = Q_ONE;

    if (text[0] != '0' && text[0] != '1' && text[0] != '.')
        return false;
    if (*text != '.')
        q = (unsigned)(*text++ - '0') * Q_ONE;
    if (*text == '.')
        for (text++; isdigit((unsigned char)*text); text++) {
            place /= 10;
            q += (unsigned)(*text - '0') * place;
        }
    if (*text != '\0' || q > Q_ONE)
        return false;
    *out_q = q;
    return true;
}

static const char *read_parameter(const char *at, struct range *range)
{
    char name[WORD], value[WORD] = "";

    at = read_token(skip_space(at), "=;,", name);
    if (*at == '=') {
        at = skip_space(at + 1);
        if (*at == '"') {
            at = read_quoted(at + 1, value);
            at += strcspn(at, ";,");
        } else {
            at = read_token(at, ";,", value);
        }
    }
    if (strcasecmp(name, "version") == 0)
        memcpy(range->version, value, WORD);
    else if (strcasecmp(name, "q") == 0)
        range->usable = range->usable && read_q(value, &range->q);
    return at;
}

static const char *read_range(const char *at, struct range *range)
{
    *range = (struct range){.q = Q_ONE};
    at = read_token(skip_space(at), ";,", range->type);
    range->usable = strchr(range->type, '/') != NULL;
    while (*at == ';')
        at = read_parameter(at + 1, range);
    return at;
}

/* How exactly the range means type "top/sub" in this version; EXACT_NONE: it doesn't. */
static int match(const struct range *range, const char *top, const char *sub, const char *version)
{
    const char *slash = strchr(range->type, '/');
    size_t len = (size_t)(slash - range->type);

    if (strcmp(range->type, "*/*") == 0)
        return EXACT_ANY;
    if (len != strlen(top) || strncasecmp(range->type, top, len) != 0)
        return EXACT_NONE;
    if (strcmp(slash + 1, "*") == 0)
        return EXACT_TYPE;
    if (strcasecmp(slash + 1, sub) != 0)
        return EXACT_NONE;
    if (range->version[0] == '\0')
        return EXACT_SUBTYPE;
    return strcmp(range->version, version) == 0 ? EXACT_VERSION : EXACT_NONE;
}

/* The most exact range counts for a format, whatever its q; of equal ones the better. */
static void note(struct wish *wish, int exact, unsigned q, size_t position)
{
    if (exact > wish->exact || (exact != EXACT_NONE && exact == wish->exact && q > wish->q))
        *wish = (struct wish){.q = q, .exact = exact, .position = position};
}

enum sp_exposition sp_exposition_choose(const char *accept)
{
    struct wish text = {0}, open = {0};
    const char *at = accept != NULL ? accept : "";

    for (size_t position = 0; *at != '\0'; position++) {
        struct range range;

        at = read_range(at, &range);
        if (range.usable) {
            note(&text, match(&range, "text", "plain", "0.0.4"), range.q, position);
            note(&open, match(&range, "application", "openmetrics-text", "1.0.0"), range.q,
                 position);
        }
        if (*at == ',')
            at++;
    }
    if (open.q != text.q)
        return open.q > text.q ? SP_EXPOSITION_OPENMETRICS : SP_EXPOSITION_TEXT;
    if (open.q == 0)
        return SP_EXPOSITION_TEXT;
    /* "version" makes a range no more wanted, only better told. */
    int open_exact = open.exact == EXACT_VERSION ? EXACT_SUBTYPE : open.exact;
    int text_exact = text.exact == EXACT_VERSION ? EXACT_SUBTYPE : text.exact;
    if (open_exact != text_exact)
        return open_exact > text_exact ? SP_EXPOSITION_OPENMETRICS : SP_EXPOSITION_TEXT;
    return open.position < text.position ? SP_EXPOSITION_OPENMETRICS : SP_EXPOSITION_TEXT;
}
