/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/facts.h"

#include "probe/base64.h"
#include "probe/limits.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NUMBER_MAX 1e15 /* thousandths of it still fit into int64_t */
#define TENTH_OF_DAY_MS 8640000
#define PEM_COLUMNS 64u

/* value/1000 without zeros at the end. */
static void set_thousandths(char out[SP_FACT_SIZE], int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    unsigned fraction = (unsigned)(size % 1000);
    int digits = 3;

    while (digits > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    const char *sign = value < 0 ? "-" : "";

    if (digits == 0)
        snprintf(out, SP_FACT_SIZE, "%s%" PRIu64, sign, size / 1000);
    else
        snprintf(out, SP_FACT_SIZE, "%s%" PRIu64 ".%0*u", sign, size / 1000, digits, fraction);
}

void sp_fact_ms(char out[SP_FACT_SIZE], int64_t ns)
{
    set_thousandths(out, ns <= 0 ? 0 : ns / 1000 + (ns % 1000 >= 500));
}

void sp_fact_time(char out[SP_FACT_SIZE], int64_t ns)
{
    int64_t tenths = ns <= 0 ? 0 : ns / 100000 + (ns % 100000 >= 50000);

    if (ns > 0 && tenths == 0)
        snprintf(out, SP_FACT_SIZE, "<0.1 ms");
    else
        snprintf(out, SP_FACT_SIZE, "%" PRId64 ".%d ms", tenths / 10, (int)(tenths % 10));
}

bool sp_fact_number(char out[SP_FACT_SIZE], double value)
{
    if (!isfinite(value) || fabs(value) >= NUMBER_MAX) {
        snprintf(out, SP_FACT_SIZE, "null");
        return false;
    }
    set_thousandths(out, llround(value * 1000));
    return true;
}

/* Rounds towards minus infinity, so that the day before 1970 is not the day of 1970. */
static int64_t divide_floor(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static bool set_time(struct tm *tm, int64_t unix_s)
{
    time_t when = (time_t)unix_s;

    return gmtime_r(&when, tm) != NULL && tm->tm_year >= -1900 && tm->tm_year <= 8099;
}

bool sp_fact_instant(char out[SP_FACT_SIZE], int64_t unix_ms)
{
    int64_t seconds = divide_floor(unix_ms, 1000);
    struct tm tm;

    out[0] = '\0';
    if (!set_time(&tm, seconds))
        return false;
    snprintf(out, SP_FACT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (int)(unix_ms - seconds * 1000));
    return true;
}

int64_t sp_fact_tenths_of_days(int64_t until_s, int64_t now_ms)
{
    return (until_s * 1000 - now_ms) / TENTH_OF_DAY_MS;
}

void sp_fact_tenths(char out[SP_FACT_SIZE], int64_t tenths)
{
    uint64_t size = tenths < 0 ? 0 - (uint64_t)tenths : (uint64_t)tenths;

    snprintf(out, SP_FACT_SIZE, "%s%" PRIu64 ".%u", tenths < 0 ? "-" : "", size / 10,
             (unsigned)(size % 10));
}

bool sp_fact_hex(struct sp_buf *out, const void *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *octets = data;
    uint8_t *place = len > out->cap / 2 ? NULL : sp_buf_reserve(out, len * 2);

    if (place == NULL)
        return false;
    for (size_t i = 0; i < len; i++) {
        place[2 * i] = (uint8_t)hex[octets[i] >> 4];
        place[2 * i + 1] = (uint8_t)hex[octets[i] & 15u];
    }
    out->len += len * 2;
    return true;
}

bool sp_fact_serial(struct sp_buf *out, const struct sp_cert *cert)
{
    const uint8_t *data = cert->serial.data;
    size_t len = cert->serial.len;

    if (len > 1 && data[0] == 0) {
        data++;
        len--;
    }
    return sp_fact_hex(out, data, len);
}

static bool add_address(struct sp_buf *out, const struct sp_text *value)
{
    char text[INET6_ADDRSTRLEN];
    int family = value->len == 4 ? AF_INET : AF_INET6;

    if ((value->len != 4 && value->len != 16) ||
        inet_ntop(family, value->data, text, sizeof(text)) == NULL)
        return sp_buf_append_str(out, "IP:") && sp_fact_hex(out, value->data, value->len);
    return sp_buf_append_str(out, "IP:") && sp_buf_append_str(out, text);
}

bool sp_fact_name(struct sp_buf *out, const struct sp_cert_name *name)
{
    const struct sp_text *value = &name->value;

    switch (name->type) {
    case SP_NAME_DNS:
        return sp_buf_append_str(out, "DNS:") && sp_buf_append(out, value->data, value->len);
    case SP_NAME_EMAIL:
        return sp_buf_append_str(out, "email:") && sp_buf_append(out, value->data, value->len);
    case SP_NAME_URI:
        return sp_buf_append_str(out, "URI:") && sp_buf_append(out, value->data, value->len);
    case SP_NAME_IP: return add_address(out, value);
    case SP_NAME_OTHER: break;
    }
    return sp_buf_append_str(out, "other");
}

/* Bits of a mask that are one and stand in front; -1: it is no such mask. */
static int count_prefix(const uint8_t *mask, size_t len)
{
    size_t bits = 0;

    while (bits < len * 8 && (mask[bits / 8] & (0x80u >> bits % 8)) != 0)
        bits++;
    for (size_t i = bits; i < len * 8; i++)
        if ((mask[i / 8] & (0x80u >> i % 8)) != 0)
            return -1;
    return (int)bits;
}

/* RFC 5280 §4.2.1.10: an address and a mask of the same length behind it. */
static bool add_network(struct sp_buf *out, struct sp_slice value)
{
    size_t half = value.len / 2;
    const struct sp_text address = {(const char *)value.data, half};

    if (value.len != 8 && value.len != 32)
        return sp_buf_append_str(out, "IP:") && sp_fact_hex(out, value.data, value.len);
    if (!add_address(out, &address) || !sp_buf_append_str(out, "/"))
        return false;
    int prefix = count_prefix(value.data + half, half);
    return prefix >= 0 ? sp_buf_printf(out, "%d", prefix)
                       : sp_fact_hex(out, value.data + half, half);
}

bool sp_fact_subtree(struct sp_buf *out, const struct sp_general_name *name)
{
    const struct sp_cert_name plain = {name->type,
                                       {(const char *)name->value.data, name->value.len}};

    return name->type == SP_NAME_IP ? add_network(out, name->value) : sp_fact_name(out, &plain);
}

bool sp_fact_pem(struct sp_buf *out, const struct sp_cert *cert)
{
    size_t size = SP_BASE64_SIZE(cert->der.len), before = out->len;
    struct sp_buf text;

    sp_buf_init(&text, SP_BASE64_SIZE(SP_LIMIT_CERT_BYTES));
    char *place = (char *)sp_buf_reserve(&text, size);
    bool done = place != NULL && sp_base64_encode(cert->der.data, cert->der.len, place, size) &&
                sp_buf_append_str(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; done && at + 1 < size; at += PEM_COLUMNS) {
        size_t part = size - 1 - at < PEM_COLUMNS ? size - 1 - at : PEM_COLUMNS;

        done = sp_buf_append(out, place + at, part) && sp_buf_append_str(out, "\n");
    }
    done = done && sp_buf_append_str(out, "-----END CERTIFICATE-----\n");
    if (!done)
        out->len = before;
    sp_buf_free(&text);
    return done;
}

bool sp_fact_target(struct sp_buf *out, const struct sp_endpoint *endpoint)
{
    if (endpoint->invalid == NULL && endpoint->unix_path != NULL)
        return sp_buf_append_str(out, endpoint->unix_path);
    if (endpoint->invalid != NULL || endpoint->host == NULL)
        return sp_buf_append_str(out, endpoint->input);
    if (strchr(endpoint->host, ':') != NULL)
        return sp_buf_printf(out, "[%s]:%u", endpoint->host, (unsigned)endpoint->port);
    return sp_buf_printf(out, "%s:%u", endpoint->host, (unsigned)endpoint->port);
}

const char *sp_fact_tls_mode(enum sp_tls_mode mode)
{
    switch (mode) {
    case SP_TLS_NONE: return "none";
    case SP_TLS_OPPORTUNISTIC: return "opportunistic";
    case SP_TLS_STARTTLS: return "starttls";
    case SP_TLS_IMPLICIT: return "implicit";
    case SP_TLS_DEFAULT: break;
    }
    return NULL;
}

const char *sp_fact_family(int family)
{
    switch (family) {
    case AF_INET: return "ipv4";
    case AF_INET6: return "ipv6";
    case AF_UNIX: return "unix";
    default: return NULL;
    }
}

bool sp_fact_login_tried(const struct sp_auth *auth)
{
    return auth->result != SP_AUTH_NONE || auth->mechanism != NULL;
}

const char *sp_fact_auth_result(enum sp_auth_result result)
{
    switch (result) {
    case SP_AUTH_OK: return "ok";
    case SP_AUTH_REJECTED: return "rejected";
    case SP_AUTH_TEMPORARY: return "temporary";
    case SP_AUTH_SKIPPED: return "skipped";
    case SP_AUTH_NONE:
    case SP_AUTH_UNKNOWN: break;
    }
    return NULL;
}

const char *sp_fact_login(enum sp_auth_result result)
{
    switch (result) {
    case SP_AUTH_OK: return "logged in";
    case SP_AUTH_REJECTED: return "rejected";
    case SP_AUTH_TEMPORARY: return "failed for now";
    case SP_AUTH_SKIPPED: return "not tried";
    case SP_AUTH_NONE:
    case SP_AUTH_UNKNOWN: break;
    }
    return "no result";
}

const char *sp_fact_hint(const struct sp_finding *finding)
{
    const char *hint = finding->hint;

    if (hint == NULL)
        hint = sp_reason_info(finding->reason)->next;
    return hint[0] == '\0' ? NULL : hint;
}

bool sp_fact_tried(const struct sp_evidence *evidence, enum sp_phase phase)
{
    return evidence->spans[phase].start_ns >= 0;
}

const char *sp_fact_arrow(const struct sp_transcript_line *line)
{
    switch (line->direction) {
    case SP_FROM_SERVER: return line->in_tls ? "<~ " : "<- ";
    case SP_TO_SERVER: return line->in_tls ? "~> " : "-> ";
    case SP_NOTE: break;
    }
    return "== ";
}
