/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: certificates one behind the other, each with its length in two octets. The first octet of the
 * input says how many of them are anchors and how the clock stands. Signatures hardly ever verify here,
 * so what is shown is that the verdict is always whole, and that nobody is trusted without an anchor.
 */
#include "probe/path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_CERTS 24u

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check(const struct sp_verify *verify, size_t count, bool anchors)
{
    need(verify->done == (count > 0));
    need(verify->problem_count <= SP_LIMIT_PROBLEMS);
    need(!verify->trusted || (anchors && verify->anchor != NULL && verify->path_count > 0));
    need(verify->done && !verify->trusted ? verify->problem_count > 0 : true);
    need(verify->authenticated_by == NULL || (verify->trusted && verify->name_match));
    for (size_t i = 0; i < verify->path_count; i++) {
        need(verify->path[i] >= 0 && (size_t)verify->path[i] < count);
    }
    for (size_t i = 0; i < verify->problem_count; i++) {
        const struct sp_problem *problem = &verify->problems[i];
        need(problem->depth >= -1 && problem->depth < (int)count && problem->detail != NULL);
        for (const char *p = problem->detail; *p != '\0'; p++) {
            need((unsigned char)*p >= 0x20 && *p != 0x7f);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_cert certs[MAX_CERTS];
    struct sp_trust *trust = NULL;
    struct sp_verify verify;
    size_t count = 0, anchors, at = 1;
    if (size < 3) {
        return 0;
    }
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_ARENA);
    need(arena != NULL);
    while (count < MAX_CERTS && size - at >= 2) {
        size_t len = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        len = len < size - at ? len : size - at;
        if (!sp_cert_parse(arena, data + at, len, &certs[count])) {
            break;
        }
        count++;
        at += len;
    }
    anchors = data[0] % 4 < count ? data[0] % 4 : 0;
    if (anchors > 0) {
        char error[256];
        trust = sp_trust_from_memory(certs[count - 1].der.data, certs[count - 1].der.len, error,
                                     sizeof error);
        need(trust != NULL || error[0] != '\0');
        count -= data[0] % 8 < 4 && trust != NULL ? 1 : 0;
    }
    int64_t now = INT64_C(1788264000) + (int64_t)(data[0] / 8) * 86400 * 30;
    if (sp_path_validate(arena, certs, count, trust, "mx.example.org", now, &verify)) {
        check(&verify, count, trust != NULL);
    }
    sp_trust_free(trust);
    sp_arena_free(arena);
    return 0;
}
