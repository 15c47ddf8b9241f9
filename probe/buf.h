/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing octet buffer that is born with a cap. Its content is binary; no NUL is kept behind it. */
#ifndef SP_PROBE_BUF_H
#define SP_PROBE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_buf {
    uint8_t *data; /* NULL while nothing was ever stored */
    size_t len;    /* octets in use */
    size_t size;   /* octets allocated */
    size_t cap;    /* octets that it may ever hold */
};

/* An empty buffer that may hold at most `cap` octets; allocates nothing. */
void sp_buf_init(struct sp_buf *buf, size_t cap);
/* Frees the memory; the buffer is empty again and keeps its cap. */
void sp_buf_free(struct sp_buf *buf);
/* As sp_buf_free, after overwriting all the memory: for content that may be secret. */
void sp_buf_wipe(struct sp_buf *buf);
/* Appends `len` octets. False: over the cap or out of memory, and nothing was appended. */
bool sp_buf_append(struct sp_buf *buf, const void *data, size_t len);
/* The same, without leaving a copy of what was there behind: for content that may be secret. */
bool sp_buf_append_secret(struct sp_buf *buf, const void *data, size_t len);
bool sp_buf_append_str(struct sp_buf *buf, const char *text);
bool sp_buf_printf(struct sp_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes room for `len` more octets and returns where they go (NULL as above); the caller writes
 * there and then adds what it wrote to buf->len. */
uint8_t *sp_buf_reserve(struct sp_buf *buf, size_t len);
/* Drops the first `len` octets (all of them when there are fewer). */
void sp_buf_consume(struct sp_buf *buf, size_t len);

#endif
