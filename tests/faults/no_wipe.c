/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For LD_PRELOAD: what a program overwrites because it was a secret stays as it is, so that a test that
 * looks for secrets in memory can show that it would find them. */
#include <stddef.h>

void explicit_bzero(void *memory, size_t len);
void __explicit_bzero_chk(void *memory, size_t len, size_t room);

void explicit_bzero(void *memory, size_t len)
{
    (void)memory;
    (void)len;
}

/* What _FORTIFY_SOURCE makes of it. */
void __explicit_bzero_chk(void *memory, size_t len, size_t room)
{
    (void)memory;
    (void)len;
    (void)room;
}
