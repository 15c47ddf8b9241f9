/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of one certificate in full; a part of chain.c. */
#ifndef SP_OUTPUT_CHAIN_FACTS_H
#define SP_OUTPUT_CHAIN_FACTS_H

#include "output/output.h"

/* Columns in front of what stands below a certificate's number. */
#define SP_CHAIN_INDENT 8u

/* Issuer, names, dates, key, usage, what limits it, and where it can be asked for. `cert` is parsed. */
void sp_chain_write_facts(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_cert *cert, int64_t now_ms);

#endif
