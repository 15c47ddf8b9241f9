/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as DIGEST-MD5's challenge and, behind the first NUL, as the server's last words. What is
 * answered must be a list of directives in the form of RFC 2831 itself: our own reader takes it.
 */
#include "probe/digest_md5.h"
#include "probe/sasl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct sp_sasl *begin(const char *user, const char *password)
{
    struct sp_sasl_config config = {.mech = sp_sasl_find("DIGEST-MD5", 10), .host = "mx.example"};
    struct sp_sasl *sasl = sp_sasl_new(&config);
    require(sasl != NULL);
    sasl->prepared = true;
    sasl->user = strdup(user);
    sasl->password = strdup(password);
    return sasl;
}

static void give(struct sp_sasl *sasl, const uint8_t *data, size_t size)
{
    require(sp_sasl_challenge(sasl, data, size));
    sp_sasl_compute(sasl);
    require(sasl->result == SP_SASL_RESPOND || sasl->detail[0] != '\0');
    require(sasl->result != SP_SASL_NO_MEMORY && sasl->result != SP_SASL_CANCELLED);
}

/* The response ends in our qop, has each directive once, and its nonce is the challenge's. */
static void check_response(const struct sp_sasl *sasl, const uint8_t *data, size_t size)
{
    static struct sp_digest_challenge asked, told;
    static uint8_t text[SP_DIGEST_RESPONSE + 64];
    static const char more[] = ",algorithm=md5-sess";
    char error[256] = "";
    size_t len = sasl->out.len;
    require(len > 9 && len <= SP_DIGEST_RESPONSE);
    require(memcmp(sasl->out.data + len - 9, ",qop=auth", 9) == 0);
    require(sp_digest_read_challenge((struct sp_slice){data, size}, &asked, error, sizeof error));
    memcpy(text, sasl->out.data, len);
    memcpy(text + len, more, sizeof more - 1);
    if (len + sizeof more - 1 > SP_DIGEST_CHALLENGE)
        return;
    struct sp_slice all = {text, len + sizeof more - 1};
    require(sp_digest_read_challenge(all, &told, error, sizeof error));
    require(sp_slice_equal(asked.nonce, told.nonce) && asked.utf8 == told.utf8);
    require(told.realm_count == (asked.realm_count > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const users[] = {"chris", "chris@a", "J\xc3\xbcrgen@a", "\xce\xa6\"\\"};
    if (size == 0)
        return 0;
    const uint8_t *end = memchr(data + 1, 0, size - 1);
    size_t len = end ? (size_t)(end - data - 1) : size - 1;
    struct sp_sasl *sasl = begin(users[data[0] % 4], data[0] & 4 ? "p\xc3\xa4ss" : "secret");
    give(sasl, data + 1, len);
    if (sasl->result == SP_SASL_RESPOND) {
        check_response(sasl, data + 1, len);
        require(!sasl->last && !sasl->proven);
        if (end) {
            give(sasl, end + 1, (size_t)(data + size - end - 1));
            require(sasl->proven == (sasl->result == SP_SASL_RESPOND) && sasl->out.len == 0);
        }
    }
    sp_sasl_free(sasl);
    return 0;
}
