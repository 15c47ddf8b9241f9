/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/credentials.h"

#include "probe/option_auth.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a unit of systemd gives without any option, by LoadCredential=smtp-probe.password:… */
#define DEFAULT_PASSWORD "smtp-probe.password"
#define DEFAULT_TOKEN "smtp-probe.token"

struct sp_credentials {
    bool is_token;
    char *path;   /* read anew by each login; NULL: */
    char *secret; /* read when it was loaded; NULL too: a name without a secret */
};

/* What one load works with. */
struct load {
    const struct sp_options *options;
    sp_credentials_ask *ask;
    struct sp_credentials *credentials;
    bool *exposed;
    const char **option;
    char *error;
    size_t size;
};

/* --- life --------------------------------------------------------------------------------------- */

void sp_credentials_free(struct sp_credentials *credentials)
{
    if (credentials == NULL)
        return;
    free(credentials->path);
    sp_secret_free(credentials->secret);
    free(credentials);
}

static bool copy_text(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

struct sp_credentials *sp_credentials_copy(const struct sp_credentials *credentials)
{
    struct sp_credentials *copy = credentials != NULL ? calloc(1, sizeof *copy) : NULL;
    if (copy == NULL)
        return NULL;
    copy->is_token = credentials->is_token;
    if (copy_text(&copy->path, credentials->path) && copy_text(&copy->secret, credentials->secret))
        return copy;
    sp_credentials_free(copy);
    return NULL;
}

/* --- systemd ------------------------------------------------------------------------------------ */

/* The path of a credential of this name. False: systemd gave none, or the name is a path itself. */
static bool find_systemd(const char *name, char *path, size_t size)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    struct stat facts;
    if (directory == NULL || *directory == '\0' || *name == '\0' || strchr(name, '/') != NULL)
        return false;
    int len = snprintf(path, size, "%s/%s", directory, name);
    /* One that is there and can't be read is an error, told by whoever reads it. */
    return len > 0 && (size_t)len < size &&
           (stat(path, &facts) == 0 || (errno != ENOENT && errno != ENOTDIR));
}

bool sp_credentials_from_systemd(const char *name)
{
    char path[PATH_MAX];
    return find_systemd(name, path, sizeof path);
}

/* --- where the secret is ------------------------------------------------------------------------ */

static bool fail_memory(struct load *load)
{
    snprintf(load->error, load->size, "out of memory");
    return false;
}

/* A regular file is only looked at: each login reads it. A pipe is empty after that. */
static bool load_path(struct load *load, const char *option, const char *path, bool *out_exposed)
{
    struct stat facts;
    *load->option = option;
    if (strcmp(path, "-") == 0) {
        snprintf(load->error, load->size, "--%s: for standard input give --password-fd 0", option);
        return false;
    }
    bool regular = stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
    char *secret = sp_secret_read_file(path, out_exposed, load->error, load->size);
    if (secret == NULL)
        return false;
    if (!regular) {
        load->credentials->secret = secret;
        return true;
    }
    sp_secret_free(secret);
    return copy_text(&load->credentials->path, path) || fail_memory(load);
}

static bool load_file(struct load *load, const char *option, const char *name)
{
    char path[PATH_MAX];
    bool ignored; /* systemd's own may have an access list, which looks like rights of a group */
    if (find_systemd(name, path, sizeof path))
        return load_path(load, option, path, &ignored);
    return load_path(load, option, name, load->exposed);
}

static bool load_fd(struct load *load, uint32_t fd)
{
    *load->option = "password-fd";
    load->credentials->secret = sp_secret_read_fd((int)fd, load->error, load->size);
    return load->credentials->secret != NULL;
}

/* What is read is overwritten there: /proc/PID/environ shows the block that the process began with. */
static bool load_variable(struct load *load, const char *name)
{
    char *value = getenv(name);
    const char *wrong = NULL;
    *load->option = "password-env";
    if (value == NULL || *value == '\0')
        wrong = "is not set or empty";
    else if (strlen(value) > SP_LIMIT_SECRET)
        wrong = "is too long";
    if (wrong != NULL) {
        /* Not its name: some write the password there. */
        snprintf(load->error, load->size,
                 "--password-env: the variable that it names %s; give the name of one with the "
                 "password in it",
                 wrong);
        return false;
    }
    load->credentials->secret = strdup(value);
    sp_secret_wipe(value, strlen(value));
    unsetenv(name);
    return load->credentials->secret != NULL || fail_memory(load);
}

static bool load_prompt(struct load *load)
{
    *load->option = "user";
    if (load->ask != NULL) {
        load->credentials->secret = load->ask(load->options->user, load->error, load->size);
        if (load->credentials->secret != NULL || load->error[0] != '\0')
            return load->credentials->secret != NULL;
    }
    snprintf(load->error, load->size, "--user needs a password or token: give %s",
             load->ask != NULL
                 ? "one of --password-file, --password-fd, --password-env and --token-file"
                 : "--password-file or --token-file");
    return false;
}

static bool load_secret(struct load *load)
{
    const struct sp_options *options = load->options;
    if (options->token_file != NULL) {
        load->credentials->is_token = true;
        return load_file(load, "token-file", options->token_file);
    }
    if (options->password_file != NULL)
        return load_file(load, "password-file", options->password_file);
    if (options->password_fd != SP_NO_FD)
        return load_fd(load, options->password_fd);
    if (options->password_env != NULL)
        return load_variable(load, options->password_env);
    if (sp_credentials_from_systemd(DEFAULT_PASSWORD))
        return load_file(load, "user", DEFAULT_PASSWORD);
    if (sp_credentials_from_systemd(DEFAULT_TOKEN)) {
        load->credentials->is_token = true;
        return load_file(load, "user", DEFAULT_TOKEN);
    }
    return !sp_options_need_secret(options) || load_prompt(load);
}

struct sp_credentials *sp_credentials_load(const struct sp_options *options,
                                           sp_credentials_ask *ask, bool *out_exposed,
                                           const char **out_option, char *error, size_t size)
{
    struct load load = {.options = options,
                        .ask = ask,
                        .exposed = out_exposed,
                        .option = out_option,
                        .error = error,
                        .size = size};
    *out_exposed = false;
    *out_option = "user";
    error[0] = '\0';
    if (!sp_options_may_log_in(options) || (options->user == NULL && !sp_options_secret(options)))
        return NULL;
    (void)sp_secret_protect_process();
    load.credentials = calloc(1, sizeof *load.credentials);
    if (load.credentials == NULL)
        fail_memory(&load);
    else if (load_secret(&load))
        return load.credentials;
    sp_credentials_free(load.credentials);
    return NULL;
}

/* --- what is known and what is read ------------------------------------------------------------- */

static bool has_secret(const struct sp_credentials *credentials)
{
    return credentials->path != NULL || credentials->secret != NULL;
}

bool sp_credentials_has_password(const struct sp_credentials *credentials)
{
    return credentials != NULL && !credentials->is_token && has_secret(credentials);
}

bool sp_credentials_has_token(const struct sp_credentials *credentials)
{
    return credentials != NULL && credentials->is_token && has_secret(credentials);
}

char *sp_credentials_read(const struct sp_credentials *credentials, char *error, size_t size)
{
    bool exposed;
    if (credentials == NULL || !has_secret(credentials)) {
        snprintf(error, size, "there is no password and no token; see --password-file");
        return NULL;
    }
    if (credentials->path != NULL)
        return sp_secret_read_file(credentials->path, &exposed, error, size);
    char *secret = strdup(credentials->secret);
    if (secret == NULL)
        snprintf(error, size, "out of memory");
    return secret;
}
