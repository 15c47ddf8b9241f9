/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files convert*.c share; for no one else. */
#ifndef SP_PROMETHEUS_CONVERT_PARTS_H
#define SP_PROMETHEUS_CONVERT_PARTS_H

#include "probe/options.h"
#include "prometheus/yaml.h"

/* A module on its way. */
struct sp_conversion {
    struct sp_yaml *yaml;
    struct sp_buf *notes;
    struct sp_buf comments, lines; /* of the module that is written */
    const char *module;
    struct sp_options options; /* what the lines say: shows that they can be read */
};

enum sp_conversion_tls { SP_CONVERSION_NO_TLS, SP_CONVERSION_STARTTLS, SP_CONVERSION_IMPLICIT_TLS };

/* Writes an option, or a note where the value can't be used. */
void sp_conversion_set(struct sp_conversion *self, const struct sp_yaml_node *place,
                       const char *key, const char *value);
/* The same for a list; each value has its place. */
void sp_conversion_set_list(struct sp_conversion *self, const char *key, const char *const *values,
                            const struct sp_yaml_node *const *places, size_t count);
/* Says what was not converted and why, to both who read the file and who ran the program. */
void sp_conversion_note(struct sp_conversion *self, const struct sp_yaml_node *place,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The text of a key; NULL: it is not there, empty, or no text, which is said. */
const struct sp_yaml_node *sp_conversion_find_text(struct sp_conversion *self,
                                                   const struct sp_yaml_node *map, const char *key);
/* Whether this query_response (or NULL) is a conversation in SMTP. */
bool sp_conversion_is_smtp(const struct sp_yaml_node *steps);
/* Writes what the steps ask for and tells how they come to TLS. */
enum sp_conversion_tls sp_conversion_read_steps(struct sp_conversion *conversion,
                                                const struct sp_yaml_node *steps);

#endif
