/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One endpoint in full, for people. */
#ifndef SP_OUTPUT_DETAIL_H
#define SP_OUTPUT_DETAIL_H

#include "output/output.h"

/* The verdict, the waterfall, what was seen and what was found, ended by a line end. `told` has an element
 * for each reason, NULL until that reason is explained and then the next step that was told last ("" for
 * none): neither is told again. It points into the results. */
void sp_detail_write(struct sp_writer *writer, const struct sp_render *render,
                     const struct sp_result *result, const char **told);
/* The part between waterfall and findings: what the server showed. */
void sp_detail_write_facts(struct sp_writer *writer, const struct sp_render *render,
                           const struct sp_result *result);
/* The certificates and what verification said of them; nothing when the server sent none. */
void sp_detail_write_certificates(struct sp_writer *writer, const struct sp_render *render,
                                  const struct sp_evidence *evidence);

/* The login; nothing when there was none. */
void sp_detail_write_auth(struct sp_writer *writer, const struct sp_render *render,
                          const struct sp_auth *auth);

#endif
