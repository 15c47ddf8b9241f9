/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The certificates of servers as PEM, fit to be saved or handed to other programs:
 *
 *   chain       = "# " target ": " verdict LF *certificate
 *   certificate = "# " depth " s:" subject LF "#   i:" issuer LF block       ; as openssl s_client writes them
 *
 * Lines outside of blocks begin with "#" and never hold "-----", whatever a server put into its names.
 */
#ifndef SP_OUTPUT_PEM_H
#define SP_OUTPUT_PEM_H

#include "output/output.h"

/* One certificate: comments and block. */
void sp_pem_write(struct sp_writer *writer, const struct sp_render *render,
                  const struct sp_cert *cert, size_t depth);
/* All that one endpoint sent, under a comment that says whose they are and how it went. */
void sp_pem_write_chain(struct sp_writer *writer, const struct sp_render *render,
                        const struct sp_result *result);

#endif
