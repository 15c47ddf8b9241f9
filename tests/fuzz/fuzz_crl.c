/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: a certificate and its issuer's, with their lengths in two octets, and a file of revocation lists. Whatever
 * can be loaded can be asked, and every entry of a list is found by its serial number.
 */
#include "probe/crl.h"
#include "probe/crl_list.h"
#include "probe/limits.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1788264000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check(const struct sp_crl_answer *answer)
{
    need(answer->status != SP_CRL_UNUSABLE || answer->error != NULL);
    need(answer->status != SP_CRL_GOOD || answer->error == NULL);
    need(sp_crl_status_name(answer->status) != NULL);
    for (const char *p = answer->error; p != NULL && *p != '\0'; p++) {
        need((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

static struct sp_slice take(const uint8_t **data, size_t *size)
{
    struct sp_slice part = {*data, 0};
    if (*size < 2) {
        return part;
    }
    part.data += 2;
    part.len = (size_t)(*data)[0] << 8 | (*data)[1];
    part.len = part.len < *size - 2 ? part.len : *size - 2;
    *data += 2 + part.len;
    *size -= 2 + part.len;
    return part;
}

static void find_all(const uint8_t *data, size_t size)
{
    struct sp_crl_list list;
    struct sp_crl_entry entry;
    struct sp_der entries, inner;
    struct sp_der_value serial;
    bool out_of_memory = false;
    size_t count = 0;
    if (sp_crl_list_read(&list, data, size, &out_of_memory) != NULL) {
        return;
    }
    sp_der_init(&entries, list.entries);
    while (count < 1000 && sp_der_enter(&entries, SP_DER_SEQUENCE, &inner)) {
        need(sp_der_expect(&inner, SP_DER_INTEGER, &serial));
        need(sp_crl_list_find(&list, serial.content, &entry));
        count++;
    }
    need(count == list.count || count == 1000);
    need(!sp_crl_list_find(&list, (struct sp_slice){(const uint8_t *)"", 0}, &entry));
    sp_crl_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    struct sp_slice first = take(&data, &size), second = take(&data, &size);
    struct sp_cert cert, issuer;
    struct sp_crl_answer answer;
    char error[256] = "";
    need(arena != NULL);
    find_all(data, size);
    struct sp_crls *crls = sp_crls_from_memory(data, size, error, sizeof error);
    need((crls == NULL) == (error[0] != '\0'));
    if (crls != NULL) {
        need(sp_crls_count(crls) > 0);
        if (sp_cert_parse(arena, first.data, first.len, &cert) &&
            sp_cert_parse(arena, second.data, second.len, &issuer) && cert.parsed &&
            issuer.parsed && sp_crls_lookup(crls, arena, &cert, &issuer, NOW, &answer)) {
            check(&answer);
        }
    }
    sp_crls_free(crls);
    sp_arena_free(arena);
    return 0;
}
