/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A result whose certificates are real: chain.pem, validated to chain-root.pem at a fixed time. */
#ifndef SP_TESTS_CHAIN_H
#define SP_TESTS_CHAIN_H

#include "checks/check.h"

/* The server's own, its issuer and one that nobody needs; static memory. Ends the program on failure. */
const struct sp_result *chain_result(void);

#endif
