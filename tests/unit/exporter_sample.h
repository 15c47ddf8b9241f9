/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes and histories of the exporter, without network: results of tests/golden, and a server whose every
 * word is markup. */
#ifndef SP_TESTS_UNIT_EXPORTER_SAMPLE_H
#define SP_TESTS_UNIT_EXPORTER_SAMPLE_H

#include "prometheus/page.h"
#include "tests/golden/fixtures.h"

#define SAMPLE_NOW_MS INT64_C(1788256860123) /* a minute after the fixtures' start */
#define SAMPLE_SCRIPT "<script>alert(1)</script>"
#define SAMPLE_BIDI "\xE2\x80\xAE"

/* Set up and taken down with a group of tests: modules smtp_starttls and smtp, two targets. */
extern struct sp_config *sample_config;
int sample_load_config(void **state);
int sample_free_config(void **state);
/* The id of the outcome that was made last. */
extern uint64_t sample_last_id;

/* Without result; of the module smtp_starttls. */
struct sp_outcome *sample_outcome(const char *target);
struct sp_outcome *sample_outcome_of(enum fixture fixture);
struct sp_outcome *sample_outcome_of_markup(const char *target);
/* The history takes the caller's reference over. */
void sample_add(struct sp_history *history, struct sp_outcome *outcome);
/* Every fixture, the good one twice, and markup: eight endpoints. */
struct sp_history *sample_history(void);
struct sp_page_context sample_context(struct sp_history *history);

#endif
