/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/secret.h"

#include "probe/base64.h"
#include "probe/hex.h"
#include "probe/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHORTEST_MASKED 4u
#define TELLING_PREFIX 8u /* so many octets of a form are masked even if the rest is missing */
#define PIPE_WAIT_MS 2000

void sp_secret_wipe(void *memory, size_t len)
{
    if (len > 0)
        explicit_bzero(memory, len);
}

void sp_secret_free(char *text)
{
    if (text != NULL)
        sp_secret_wipe(text, strlen(text));
    free(text);
}

bool sp_secret_protect_process(void)
{
    /* Each alone keeps core dumps away, but fs.suid_dumpable may be 2, and a pattern that begins with a
     * pipe does not look at the limit (core(5)). */
    const struct rlimit none = {0, 0};
    bool limited = setrlimit(RLIMIT_CORE, &none) == 0;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limited;
}

/* --- a file ----------------------------------------------------------------------------------- */

static int64_t clock_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool sp_secret_is_exposed(const struct stat *facts)
{
    bool by_group = (facts->st_mode & S_IRGRP) != 0 && facts->st_uid == geteuid();
    return by_group || (facts->st_mode & S_IROTH) != 0;
}

/* Opened without waiting for a pipe's other end, and without becoming a terminal's owner. */
static int open_secret(const char *path, bool *out_exposed, char *error, size_t size)
{
    struct stat facts;
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        snprintf(error, size, "can't read the secret from %s: %s; check path and permissions", path,
                 strerror_r(errno, text, sizeof text));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *out_exposed = sp_secret_is_exposed(&facts);
    if (S_ISREG(facts.st_mode) || S_ISFIFO(facts.st_mode))
        return fd;
    snprintf(error, size,
             "can't read the secret from %s: it is %s; give a file with it in the first line", path,
             S_ISDIR(facts.st_mode) ? "a directory" : "neither a file nor a pipe");
    close(fd);
    return -1;
}

/* Waits until there is something to read: a descriptor that somebody else opened may block. */
static bool wait_readable(int fd, int64_t until)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left;
    int count;
    do {
        left = until - clock_ms();
        count = poll(&wait, 1, left > 0 ? (int)left : 0);
    } while (count < 0 && errno == EINTR && left > 0);
    return count > 0;
}

/* Reads up to the first line's end, the end of the file or `cap` octets. False: error is set. */
static bool read_line(int fd, const char *what, char *line, size_t cap, size_t *out_len,
                      char *error, size_t size)
{
    int64_t until = clock_ms() + PIPE_WAIT_MS;
    char text[128];
    size_t len = 0;
    while (len < cap && memchr(line, '\n', len) == NULL) {
        if (!wait_readable(fd, until)) {
            snprintf(error, size, "can't read the secret from %s: its other end writes no line",
                     what);
            return false;
        }
        ssize_t count = read(fd, line + len, cap - len);
        if (count == 0)
            break;
        if (count > 0) {
            len += (size_t)count;
        } else if (errno != EAGAIN && errno != EINTR) {
            snprintf(error, size, "can't read the secret from %s: %s", what,
                     strerror_r(errno, text, sizeof text));
            return false;
        }
    }
    *out_len = len;
    return true;
}

/* The first line's text within line[0..len), terminated, or what is wrong with it. */
static const char *cut_line(char *line, size_t len)
{
    char *end = memchr(line, '\n', len);
    if (end != NULL)
        len = (size_t)(end - line);
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len == 0)
        return end != NULL ? "its first line is empty" : "it is empty";
    if (len > SP_LIMIT_SECRET)
        return "its first line is longer than 8192 octets";
    if (memchr(line, '\0', len) != NULL)
        return "there is a NUL octet in its first line";
    line[len] = '\0';
    return NULL;
}

static char *read_secret(int fd, const char *what, char *error, size_t size)
{
    static_assert(SP_LIMIT_SECRET == 8192, "a message names the limit");
    char line[SP_LIMIT_SECRET + 3]; /* one octet too many shows, and CR LF don't count */
    char *secret = NULL;
    size_t len = 0;
    if (read_line(fd, what, line, sizeof line, &len, error, size)) {
        const char *wrong = cut_line(line, len);
        if (wrong != NULL)
            snprintf(error, size,
                     "can't read the secret from %s: %s; put the secret alone in the first line",
                     what, wrong);
        else if ((secret = strdup(line)) == NULL)
            snprintf(error, size, "can't read the secret from %s: out of memory", what);
    }
    sp_secret_wipe(line, sizeof line);
    return secret;
}

char *sp_secret_read_file(const char *path, bool *out_exposed, char *error, size_t size)
{
    *out_exposed = false;
    int fd = open_secret(path, out_exposed, error, size);
    if (fd < 0)
        return NULL;
    char *secret = read_secret(fd, path, error, size);
    close(fd);
    return secret;
}

char *sp_secret_read_fd(int fd, char *error, size_t size)
{
    char what[32], text[128];
    struct stat facts;
    snprintf(what, sizeof what, "descriptor %d", fd);
    if (fstat(fd, &facts) != 0)
        snprintf(error, size, "can't read the secret from %s: %s; open it, as in %d<FILE", what,
                 strerror_r(errno, text, sizeof text), fd);
    else if (isatty(fd))
        snprintf(error, size,
                 "can't read the secret from %s: it is a terminal, which would show it", what);
    else if (S_ISDIR(facts.st_mode))
        snprintf(error, size, "can't read the secret from %s: it is a directory", what);
    else
        return read_secret(fd, what, error, size);
    return NULL;
}

/* --- masking ---------------------------------------------------------------------------------- */

void sp_secrets_init(struct sp_secrets *secrets)
{
    *secrets = (struct sp_secrets){0};
}

static void drop_last(struct sp_secrets *secrets)
{
    struct sp_secret_form *last = &secrets->forms[--secrets->count];
    sp_secret_wipe(last->text, last->len);
    free(last->text);
}

static bool make_place(struct sp_secrets *secrets)
{
    if (secrets->count < secrets->size)
        return true;
    if (secrets->size == SP_LIMIT_SECRET_FORMS)
        return false;
    size_t size = secrets->size + 8;
    struct sp_secret_form *forms = realloc(secrets->forms, size * sizeof *forms);
    if (forms == NULL)
        return false;
    secrets->forms = forms;
    secrets->size = size;
    return true;
}

static bool add_form(struct sp_secrets *secrets, const void *octets, size_t len)
{
    char *copy = len > 0 && make_place(secrets) ? malloc(len) : NULL;
    if (copy == NULL)
        return false;
    memcpy(copy, octets, len);
    secrets->forms[secrets->count++] = (struct sp_secret_form){copy, len};
    return true;
}

/* Short ones would hide half of what a server says. */
static bool add_readable(struct sp_secrets *secrets, const char *octets, size_t len)
{
    return len < SHORTEST_MASKED || add_form(secrets, octets, len);
}

/* All forms of a secret or none. */
static bool keep_if(struct sp_secrets *secrets, bool complete, size_t before)
{
    while (!complete && secrets->count > before)
        drop_last(secrets);
    return complete;
}

/* In lower case, which the comparison takes for upper case too. */
static bool add_hex(struct sp_secrets *secrets, const char *octets, size_t len)
{
    char hex[2 * SP_LIMIT_SECRET + 1];
    if (len < SHORTEST_MASKED)
        return true;
    sp_hex((const uint8_t *)octets, len, hex);
    bool added = add_form(secrets, hex, 2 * len);
    sp_secret_wipe(hex, 2 * len);
    return added;
}

/*
 * What base64 makes of it behind one or two other octets: the characters that it alone decides. Nothing of less
 * than 4 octets.
 */
static bool add_shifted(struct sp_secrets *secrets, const char *secret, size_t len)
{
    char octets[SP_LIMIT_SECRET + 2] = {0}, base64[SP_BASE64_SIZE(SP_LIMIT_SECRET + 2)];
    bool added = true;
    for (size_t shift = 1; added && shift <= 2 && len >= SHORTEST_MASKED; shift++) {
        size_t first = (shift * 8 + 5) / 6, last = (shift + len) * 8 / 6;
        memcpy(octets + shift, secret, len);
        added = sp_base64_encode(octets, shift + len, base64, sizeof base64) &&
                add_form(secrets, base64 + first, last - first);
    }
    sp_secret_wipe(octets, sizeof octets);
    sp_secret_wipe(base64, sizeof base64);
    return added;
}

bool sp_secrets_add(struct sp_secrets *secrets, const char *secret)
{
    char base64[SP_BASE64_SIZE(SP_LIMIT_SECRET)];
    size_t len = secret != NULL ? strlen(secret) : 0;
    size_t before = secrets->count;
    if (len == 0)
        return true;
    bool complete =
        len <= SP_LIMIT_SECRET && sp_base64_encode(secret, len, base64, sizeof base64) &&
        add_readable(secrets, secret, len) && add_form(secrets, base64, strlen(base64)) &&
        add_shifted(secrets, secret, len) && add_hex(secrets, secret, len);
    sp_secret_wipe(base64, sizeof base64);
    return keep_if(secrets, complete, before);
}

bool sp_secrets_add_sent(struct sp_secrets *secrets, const char *text)
{
    return strlen(text) < TELLING_PREFIX || add_form(secrets, text, strlen(text));
}

bool sp_secrets_add_encoded(struct sp_secrets *secrets, const char *word)
{
    char plain[SP_LIMIT_COMMAND_AUTH];
    size_t before = secrets->count, len = strlen(word), plain_len = 0;
    if (len > SP_LIMIT_COMMAND_AUTH)
        return false;
    bool complete;
    if (sp_base64_decode(word, len, plain, &plain_len) && plain_len > 0) {
        const char *nul = memrchr(plain, '\0', plain_len);
        size_t skip = nul != NULL ? (size_t)(nul + 1 - plain) : 0;
        complete = add_form(secrets, word, len) && add_readable(secrets, plain, plain_len) &&
                   (skip == 0 || add_readable(secrets, plain + skip, plain_len - skip));
    } else {
        complete = sp_secrets_add(secrets, word);
    }
    sp_secret_wipe(plain, sizeof plain);
    return keep_if(secrets, complete, before);
}

/* The same in every locale. */
static unsigned char to_lower(char octet)
{
    return (unsigned char)(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

/* How many octets at the beginning of `text` are to be masked because of this form. */
static size_t measure_match(const struct sp_secret_form *form, const char *text, size_t len)
{
    size_t equal = 0;
    while (equal < form->len && equal < len && to_lower(form->text[equal]) == to_lower(text[equal]))
        equal++;
    return equal == form->len || equal >= TELLING_PREFIX ? equal : 0;
}

void sp_secrets_mask(const struct sp_secrets *secrets, char *text, size_t len)
{
    size_t until = 0; /* everything before it belongs to an occurrence */
    for (size_t at = 0; secrets != NULL && secrets->count > 0 && at < len; at++) {
        for (size_t i = 0; i < secrets->count; i++) {
            size_t match = measure_match(&secrets->forms[i], text + at, len - at);
            if (at + match > until)
                until = at + match;
        }
        /* Only what lies behind is overwritten, so that occurrences may overlap. */
        if (at < until && text[at] != '\r' && text[at] != '\n')
            text[at] = '*';
    }
}

void sp_secrets_free(struct sp_secrets *secrets)
{
    while (secrets->count > 0)
        drop_last(secrets);
    free(secrets->forms);
    sp_secrets_init(secrets);
}
