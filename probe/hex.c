/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/hex.h"

void sp_hex(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15u];
    }
    *out = '\0';
}
