/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Input: a reference name up to the first NUL, then the GeneralNames of a certificate. What matches
 * must stand there literally, or as "*." and the rest of the reference.
 */
#include "probe/name.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_dns(const char *reference, struct sp_slice presented)
{
    size_t len = strlen(reference);
    const char *name = (const char *)presented.data;
    len -= len > 0 && reference[len - 1] == '.' ? 1 : 0;
    need(memchr(name, '\0', presented.len) == NULL);
    if (presented.len == len && strncasecmp(name, reference, len) == 0) {
        need(memchr(name, '*', len) == NULL);
        return;
    }
    const char *dot = strchr(reference, '.');
    need(presented.len > 4 && memcmp(name, "*.", 2) == 0 && dot != NULL && dot > reference);
    need(presented.len - 1 == len - (size_t)(dot - reference));
    need(strncasecmp(name + 1, dot, presented.len - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_cert cert = {0};
    struct sp_general_name name;
    const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
    if (nul == NULL) {
        return 0;
    }
    const char *reference = (const char *)data;
    cert.san.data = nul + 1;
    cert.san.len = size - (size_t)(nul + 1 - data);
    if (sp_name_match(&cert, reference, &name)) {
        need(name.value.data > nul && name.value.data + name.value.len <= data + size);
        if (name.type == SP_NAME_DNS) {
            check_dns(reference, name.value);
        } else {
            need(name.type == SP_NAME_IP && (name.value.len == 4 || name.value.len == 16));
        }
    }
    return 0;
}
