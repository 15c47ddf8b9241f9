/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content coding (RFC 9110 §8.4, §12.5.3). */
#ifndef SP_PROMETHEUS_HTTP_GZIP_H
#define SP_PROMETHEUS_HTTP_GZIP_H

#include "probe/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* What a client's Accept-Encoding says; begin with SP_HTTP_CODINGS_NONE and read each header field. */
struct sp_http_codings {
    int gzip, identity, any; /* thousandths; -1: not named */
};
#define SP_HTTP_CODINGS_NONE ((struct sp_http_codings){-1, -1, -1})
void sp_http_codings_read(struct sp_http_codings *codings, const char *value);
/* gzip is allowed and not less wanted than no coding. */
bool sp_http_codings_want_gzip(const struct sp_http_codings *codings);

/* Keeps its memory (about 256 KiB, from the first use on) so that a reply costs no allocation. */
struct sp_http_gzip;
struct sp_http_gzip *sp_http_gzip_new(void); /* NULL: out of memory */
void sp_http_gzip_free(struct sp_http_gzip *gzip);
/* A malloc'd gzip member of data[0..len), or NULL: out of memory, or it would not get shorter. */
void *sp_http_gzip(struct sp_http_gzip *gzip, const void *data, size_t len, size_t *out_len);

#endif
