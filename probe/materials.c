/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/materials.h"

#include <string.h>

bool sp_materials_load(const struct sp_options *options, bool verify, struct sp_materials *out,
                       const char **out_option, char *error, size_t size)
{
    memset(out, 0, sizeof *out);
    *out_option = options->ca_file == NULL && options->ca_dir != NULL ? "ca-dir" : "ca-file";
    /* Fails closed: a store that can't be read is an error unless nothing is to be verified. */
    if (verify || options->ca_file != NULL || options->ca_dir != NULL) {
        out->trust = sp_trust_load(options->ca_file, options->ca_dir, error, size);
        if (out->trust == NULL)
            return false;
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool sp_materials_same(const struct sp_options *a, const struct sp_options *b)
{
    return same_text(a->ca_file, b->ca_file) && same_text(a->ca_dir, b->ca_dir);
}

void sp_materials_free(struct sp_materials *materials)
{
    sp_trust_free(materials->trust);
    memset(materials, 0, sizeof *materials);
}
