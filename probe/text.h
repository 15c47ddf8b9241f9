/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Octets that a server sent, kept raw. Never print one: output/ has the functions that make it safe. */
#ifndef SP_PROBE_TEXT_H
#define SP_PROBE_TEXT_H

#include <stddef.h>

struct sp_text {
    const char *data; /* may hold any octet, NUL too; a NUL stands behind data[len] */
    size_t len;
};

#endif
