/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passwords: read late from where nobody else can look, wiped after use, and masked wherever a server
 * repeats them.
 */
#ifndef SP_PROBE_SECRET_H
#define SP_PROBE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define SP_LIMIT_SECRET 8192u /* octets of one secret; a token may have some thousand */

struct sp_secret_form {
    char *text; /* may hold any octet, a NUL too */
    size_t len;
};

/* Forms in which secrets could come back: the secret itself, its base64, its hexadecimal. Owns them. */
struct sp_secrets {
    struct sp_secret_form *forms; /* `size` places, `count` of them in use */
    size_t count, size;
};

/* Overwrites memory in a way that the compiler can't drop. NULL with len 0 is allowed. */
void sp_secret_wipe(void *memory, size_t len);
/* The same of malloc'd text, which it frees. NULL is allowed. */
void sp_secret_free(char *text);
/* Keeps the process's memory out of core dumps and away from other processes of the user
 * (PR_SET_DUMPABLE, RLIMIT_CORE). Called before the first secret is read. False: the system refused. */
bool sp_secret_protect_process(void);
/*
 * Whether more than those can read a file for whom it is meant: anybody, or the group of a file of our own. One of
 * somebody else (root:nagios, 0640) was given to us by its group.
 */
bool sp_secret_is_exposed(const struct stat *facts);
/*
 * The first line of a file, without its line end (LF or CR LF), as malloc'd text that the caller wipes
 * and frees. The file is a regular one or a pipe, such as a shell's <(command); a pipe's line has to
 * come within two seconds, so nothing here waits for ever. Terminals and other devices are refused.
 * NULL: error[0..size) is one line that names the file, what is wrong with it (missing, a directory,
 * empty, longer than SP_LIMIT_SECRET, a NUL in it) and what to do; never any of its content.
 * *out_exposed: see sp_secret_is_exposed.
 */
char *sp_secret_read_file(const char *path, bool *out_exposed, char *error, size_t size);

/* The same of a descriptor that is open already, from where it stands; it is not closed. Terminals are
 * refused as well: they would show what is typed. */
char *sp_secret_read_fd(int fd, char *error, size_t size);

void sp_secrets_init(struct sp_secrets *secrets);
/* Adds the secret, its hexadecimal and its base64, by itself and inside of something longer, as forms to mask.
 * Of one with less than 4 octets only its base64 by itself: more would hide half of what a server says. NULL
 * and "" add nothing. False: longer than SP_LIMIT_SECRET, more than SP_LIMIT_SECRET_FORMS or out of memory;
 * then nothing was added. */
bool sp_secrets_add(struct sp_secrets *secrets, const char *secret);
/* A line that was sent and is made of a secret: as it is, without other forms. One of less than 8 octets adds
 * nothing. False: out of memory, or too many. */
bool sp_secrets_add_sent(struct sp_secrets *secrets, const char *text);
/*
 * As sp_secrets_add for a secret that is sent as it is, and is base64 of what must not be seen: the word, what it
 * decodes to, and of the three parts of AUTH PLAIN (RFC 4616 §2) the last one, which is the password. A
 * word that is not base64 is a secret itself. It may be as long as a line of AUTH.
 */
bool sp_secrets_add_encoded(struct sp_secrets *secrets, const char *word);
/*
 * Overwrites each occurrence in text[0..len) with '*', line ends excepted. Servers change what they
 * repeat: letters count as equal in both cases (ASCII), and the first 8 octets of a longer form are
 * enough. What is behind a cut, as in a form that goes on in the next line, is not found, nor is a form in
 * another encoding (UTF-16, escapes of JSON or of URLs) or with other octets put in.
 * NULL: no secrets.
 */
void sp_secrets_mask(const struct sp_secrets *secrets, char *text, size_t len);
/* Wipes and frees. */
void sp_secrets_free(struct sp_secrets *secrets);

#endif
