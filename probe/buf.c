/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 512u

void sp_buf_init(struct sp_buf *buf, size_t cap)
{
    *buf = (struct sp_buf){.cap = cap};
}

void sp_buf_free(struct sp_buf *buf)
{
    free(buf->data);
    sp_buf_init(buf, buf->cap);
}

void sp_buf_wipe(struct sp_buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->size);
    sp_buf_free(buf);
}

uint8_t *sp_buf_reserve(struct sp_buf *buf, size_t len)
{
    if (len > buf->cap - buf->len)
        return NULL;
    size_t need = buf->len + len;
    if (need <= buf->size && buf->data)
        return buf->data + buf->len;
    size_t size = buf->size ? buf->size : FIRST_SIZE;
    while (size < need)
        size *= 2;
    if (size > buf->cap)
        size = buf->cap;
    uint8_t *data = realloc(buf->data, size ? size : 1);
    if (!data)
        return NULL;
    buf->data = data;
    buf->size = size;
    return data + buf->len;
}

bool sp_buf_append(struct sp_buf *buf, const void *data, size_t len)
{
    uint8_t *place = sp_buf_reserve(buf, len);
    if (!place)
        return false;
    if (len > 0)
        memcpy(place, data, len);
    buf->len += len;
    return true;
}

bool sp_buf_append_secret(struct sp_buf *buf, const void *data, size_t len)
{
    if (buf->data && len <= buf->cap - buf->len && buf->len + len > buf->size) {
        struct sp_buf larger; /* realloc would free the old memory as it is */
        size_t size = buf->size < buf->cap / 2 ? buf->size * 2 : buf->cap;
        sp_buf_init(&larger, buf->cap);
        if (!sp_buf_reserve(&larger, size > buf->len + len ? size : buf->len + len))
            return false;
        sp_buf_append(&larger, buf->data, buf->len);
        sp_buf_wipe(buf);
        *buf = larger;
    }
    return sp_buf_append(buf, data, len);
}

bool sp_buf_append_str(struct sp_buf *buf, const char *text)
{
    return sp_buf_append(buf, text, strlen(text));
}

bool sp_buf_printf(struct sp_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    bool ok = false;
    int len = vsnprintf(NULL, 0, format, args);
    /* One more octet for the NUL that vsnprintf insists on; it doesn't count as content. */
    char *text = len < 0 ? NULL : malloc((size_t)len + 1);
    if (text) {
        vsnprintf(text, (size_t)len + 1, format, again);
        ok = sp_buf_append(buf, text, (size_t)len);
    }
    free(text);
    va_end(again);
    va_end(args);
    return ok;
}

void sp_buf_consume(struct sp_buf *buf, size_t len)
{
    if (len >= buf->len) {
        buf->len = 0;
        return;
    }
    memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len;
}
