/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OAUTHBEARER (RFC 7628) and XOAUTH2, server side. Also base64, which all mechanisms travel in. */
#include "sasl.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void ts_base64_add(struct ts_bytes *out, const void *data, size_t length)
{
    unsigned char *text = malloc(length * 4 / 3 + 8);
    if (text == NULL)
        abort();
    int used = EVP_EncodeBlock(text, data, (int)length);
    ts_bytes_add(out, text, (size_t)used);
    free(text);
}

int ts_base64_read(const char *text, struct ts_bytes *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text), letters = strspn(text, alphabet);
    size_t padding = length - letters;
    if (length % 4 != 0 || padding > 2 || strspn(text + letters, "=") != padding)
        return -1;
    unsigned char *data = malloc(length / 4 * 3 + 1);
    if (data == NULL)
        abort();
    int used = EVP_DecodeBlock(data, (const unsigned char *)text, (int)length);
    if (used >= 0)
        ts_bytes_add(out, data, (size_t)used - padding);
    free(data);
    ts_bytes_add(out, "", 1);
    out->length--;
    return used < 0 ? -1 : 0;
}

/* Copies the value behind `key` up to the next ^A. Returns 0, or -1. */
static int take_value(const char *text, const char *key, char *out, size_t size)
{
    const char *found = strstr(text, key);
    if (found == NULL)
        return -1;
    found += strlen(key);
    size_t length = strcspn(found, "\001");
    if (found[length] != '\001' || length >= size)
        return -1;
    memcpy(out, found, length);
    out[length] = '\0';
    return 0;
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* Reads who it is and what for; returns NULL, or what is wrong. */
static const char *read_bearer(const char *in, char user[256], char token[4096], char where[256])
{
    char host[128], port[16];
    if (strncmp(in, "n,a=", 4) != 0 || !ends_with(in, "\001\001"))
        return "no GS2 header, or no end";
    size_t length = strcspn(in + 4, ",");
    if (length >= 256 || strncmp(in + 4 + length, ",\001", 2) != 0)
        return "no user";
    snprintf(user, 256, "%.*s", (int)length, in + 4);
    if (take_value(in, "\001auth=Bearer ", token, 4096) != 0)
        return "no token";
    if (take_value(in, "\001host=", host, sizeof host) != 0 ||
        take_value(in, "\001port=", port, sizeof port) != 0)
        return "no host or port";
    snprintf(where, 256, " host=%s port=%s", host, port);
    return NULL;
}

static const char *read_xoauth2(const char *in, char user[256], char token[4096])
{
    if (strncmp(in, "user=", 5) != 0 || !ends_with(in, "\001\001"))
        return "no user, or no end";
    if (take_value(in, "user=", user, 256) != 0 ||
        take_value(in, "\001auth=Bearer ", token, 4096) != 0)
        return "no token";
    return NULL;
}

/* The client acknowledges the error with nothing (XOAUTH2), or one ^A (RFC 7628 §3.2.3). */
static enum ts_sasl_then take_acknowledgement(struct ts_login *login, int is_bearer,
                                              const unsigned char *in, size_t length)
{
    int is_right = is_bearer ? length == 1 && in[0] == 1 : length == 0;
    return is_right ? ts_sasl_say(login, TS_SASL_DENIED, "invalid token, acknowledged")
                    : ts_sasl_say(login, TS_SASL_MALFORMED, "error not acknowledged");
}

enum ts_sasl_then ts_sasl_token(struct ts_login *login, const unsigned char *in, size_t length,
                                struct ts_bytes *out)
{
    char user[256], token[4096], where[256] = "";
    int is_bearer = login->mechanism[0] == 'O';
    if (login->steps > 0)
        return take_acknowledgement(login, is_bearer, in, length);
    if (strlen((const char *)in) != length)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "a NUL");
    const char *wrong = is_bearer ? read_bearer((const char *)in, user, token, where)
                                  : read_xoauth2((const char *)in, user, token);
    if (wrong != NULL)
        return ts_sasl_say(login, TS_SASL_MALFORMED, "%s", wrong);
    if (strcmp(user, login->server->auth_user) == 0 &&
        strcmp(token, login->server->auth_token) == 0)
        return ts_sasl_say(login, TS_SASL_DONE, "user=%s%s", user, where);
    const char *error = is_bearer
                            ? "{\"status\":\"invalid_token\",\"scope\":\"mail\"}"
                            : "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}";
    ts_bytes_add(out, error, strlen(error));
    return TS_SASL_MORE;
}
