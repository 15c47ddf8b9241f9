/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of the history: one for each recent endpoint, found by target and module, and always in the order
 * in which they are shown. At most SP_LIMIT_HISTORY_ROWS; the one that was not probed for longest goes first.
 */
#ifndef SP_PROMETHEUS_HISTORY_TABLE_H
#define SP_PROMETHEUS_HISTORY_TABLE_H

#include "prometheus/history.h"

struct sp_history_table;

struct sp_history_table *sp_history_table_new(void);        /* NULL: out of memory */
void sp_history_table_free(struct sp_history_table *table); /* NULL is allowed */
/* The row gets the facts of its endpoint's last outcome, and leads to it if that is `kept`. Without memory
 * for a new row there is none. */
void sp_history_table_update(struct sp_history_table *table, struct sp_outcome *outcome, bool kept);
/* No row leads to this outcome any more. */
void sp_history_table_forget(struct sp_history_table *table, const struct sp_outcome *outcome);
/* As in history.h. */
const struct sp_history_row *sp_history_table_find(const struct sp_history_table *table,
                                                   const struct sp_outcome *outcome);
const struct sp_history_row *const *sp_history_table_rows(const struct sp_history_table *table,
                                                          size_t *out_count);
size_t sp_history_table_count(const struct sp_history_table *table, enum sp_state state);

#endif
