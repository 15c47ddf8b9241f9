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
    if (options->crl_files.count > 0) {
        *out_option = "crl-file";
        out->crls = sp_crls_load(options->crl_files.items, options->crl_files.count, error, size);
        if (out->crls == NULL) {
            sp_materials_free(out);
            return false;
        }
    }
    if (options->cert != NULL) {
        (void)sp_secret_protect_process(); /* a key is no less of a secret */
        const struct sp_identity_files files = {options->cert, options->key,
                                                options->key_password_file};
        out->identity = sp_identity_load(&files, &out->key_exposed, out_option, error, size);
        if (out->identity == NULL) {
            sp_materials_free(out);
            return false;
        }
    }
    return true;
}

bool sp_materials_load_login(struct sp_materials *materials, const struct sp_options *options,
                             sp_credentials_ask *ask, const char **out_option, char *error,
                             size_t size)
{
    materials->credentials =
        sp_credentials_load(options, ask, &materials->password_exposed, out_option, error, size);
    if (materials->credentials != NULL || error[0] == '\0')
        return true;
    sp_materials_free(materials);
    return false;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_texts(const struct sp_words *a, const struct sp_words *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

bool sp_materials_same(const struct sp_options *a, const struct sp_options *b)
{
    return same_text(a->ca_file, b->ca_file) && same_text(a->ca_dir, b->ca_dir) &&
           same_texts(&a->crl_files, &b->crl_files) && same_text(a->cert, b->cert) &&
           same_text(a->key, b->key) && same_text(a->key_password_file, b->key_password_file) &&
           same_text(a->user, b->user) && same_texts(&a->auth, &b->auth) &&
           same_text(a->password_file, b->password_file) && a->password_fd == b->password_fd &&
           same_text(a->password_env, b->password_env) && same_text(a->token_file, b->token_file);
}

void sp_materials_free(struct sp_materials *materials)
{
    sp_trust_free(materials->trust);
    sp_crls_free(materials->crls);
    sp_tls_identity_free(materials->identity);
    sp_credentials_free(materials->credentials);
    memset(materials, 0, sizeof *materials);
}
