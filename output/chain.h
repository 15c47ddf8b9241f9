/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each certificate in full, for people. */
#ifndef SP_OUTPUT_CHAIN_H
#define SP_OUTPUT_CHAIN_H

#include "output/output.h"

/*
 * --show-certificates: what the server sent, in its order, the path that was used, and the root at its end.
 * What was found of a certificate stands below it. --pem: its octets too, or only them with short names.
 * Begins with an empty line; nothing when the server sent no certificate.
 */
void sp_chain_write(struct sp_writer *writer, const struct sp_render *render,
                    const struct sp_result *result);

#endif
