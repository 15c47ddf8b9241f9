/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --expect-reply: the user says how a stage is to be answered, so that reply is judged by this alone. */
#ifndef SP_CHECKS_EXPECTED_REPLY_H
#define SP_CHECKS_EXPECTED_REPLY_H

#include "checks/check.h"

/*
 * Compares the last reply of each stage that --expect-reply names with the codes named for it; any of them
 * will do. The findings that the reply itself has caused become information. A reply with another code adds
 * reply-mismatch: CRITICAL, but WARNING for one in the 400s, which says "not now" and nothing else. A
 * reply that never came adds it with the state of what prevented it, so that what was not tested isn't
 * judged. To be called when all findings are there and before they are sorted.
 */
void sp_expected_replies_apply(struct sp_result *result);

#endif
