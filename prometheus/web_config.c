/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The web configuration in force, and when it is read again:
 *
 *   what changed                       what happens
 *   nothing                            nothing
 *   the file or its client CA, right   the new one is in force for the next request and connection
 *   the file or its client CA, wrong   every request gets 500 until it is right; TLS as before. Wrong is
 *                                      also what would let everybody in who was not let in before
 *   certificate or key, right          the next connection gets them
 *   certificate or key, wrong          logged; the old ones stay, as halfway through a renewal
 */
#include "prometheus/web_config.h"

#include "probe/limits.h"
#include "prometheus/web_auth.h"
#include "prometheus/web_settings.h"
#include "prometheus/web_tls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LOOK_MS 1000u

/* What tells one state of a file from another. */
struct stamp {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

enum { FILE_CONFIG, FILE_CLIENT_CA, FILE_CERTIFICATE, FILE_KEY, FILE_COUNT };

struct sp_web_config {
    uv_loop_t *loop;
    char *path; /* NULL: no file */
    struct sp_web_settings *settings;
    struct sp_web_tls *tls;
    struct sp_web_auth *auth;
    char *files[FILE_COUNT]; /* NULL: none */
    struct stamp stamps[FILE_COUNT];
    bool wrong; /* the file, as it is now */
    bool stale; /* certificate or key, as they are now */
    uint64_t looked_ms;
    uint64_t credit_ns, credited_ns; /* of the rate limit: nanoseconds saved up, and until when */
    char *complaint;                 /* what was logged last */
    void (*log)(void *data, const char *line);
    void *log_data;
};

/* --- files ------------------------------------------------------------------------------------- */

static struct stamp take_stamp(const char *path)
{
    struct stat status;
    if (!path || stat(path, &status) != 0)
        return (struct stamp){0};
    return (struct stamp){true,           status.st_dev,  status.st_ino,
                          status.st_size, status.st_mtim, status.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && same_time(a->modified, b->modified) &&
           same_time(a->changed, b->changed);
}

/* Watches the files that the settings name; a file that is new here counts as changed later only. */
static bool watch_files(struct sp_web_config *web, const struct sp_web_settings *settings)
{
    const char *names[FILE_COUNT] = {web->path, settings->client_ca.file,
                                     settings->certificate.file, settings->key.file};
    for (size_t i = FILE_CLIENT_CA; i < FILE_COUNT; i++) {
        bool same = names[i] && web->files[i] && strcmp(names[i], web->files[i]) == 0;
        if (same || (!names[i] && !web->files[i]))
            continue;
        char *copy = names[i] ? strdup(names[i]) : NULL;
        if (names[i] && !copy)
            return false;
        free(web->files[i]);
        web->files[i] = copy;
        web->stamps[i] = take_stamp(copy);
    }
    return true;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* Takes new settings with what belongs to them; the old ones go. */
static void put_in_force(struct sp_web_config *web, struct sp_web_settings *settings,
                         struct sp_web_tls *tls)
{
    bool same_rate = web->settings &&
                     web->settings->rate_interval_ns == settings->rate_interval_ns &&
                     web->settings->rate_burst == settings->rate_burst;
    sp_web_settings_free(web->settings);
    sp_web_tls_unref(web->tls);
    web->settings = settings;
    web->tls = tls;
    if (!same_rate) {
        web->credit_ns = settings->rate_interval_ns * settings->rate_burst;
        web->credited_ns = uv_hrtime();
    }
}

static bool knows_its_clients(const struct sp_web_settings *settings)
{
    return settings->user_count > 0 ||
           (settings->tls && settings->client_auth == SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT);
}

/* What the program was started with in mind stays: a file that is half written, or emptied by mistake,
 * must not open the door, and an address beyond loopback was allowed because somebody is asked there. */
static bool may_follow(const struct sp_web_config *web, const struct sp_web_settings *settings,
                       struct sp_buf *errors)
{
    if (!web->settings)
        return true;
    bool same_tls = web->settings->tls == settings->tls;
    bool opens = knows_its_clients(web->settings) && !knows_its_clients(settings);
    if (!same_tls)
        sp_buf_printf(errors, "%s: TLS can't be switched %s without a restart\n", web->path,
                      settings->tls ? "on" : "off");
    if (opens)
        sp_buf_printf(errors,
                      "%s: letting everybody in, without users or verified client certificates, "
                      "needs a restart\n",
                      web->path);
    return same_tls && !opens;
}

/* False: nothing changed; *out_pair_only: only the certificate with its key is in the way. */
static bool read_again(struct sp_web_config *web, struct sp_buf *errors, bool *out_pair_only)
{
    struct sp_web_tls *tls = NULL;
    *out_pair_only = false;
    struct sp_web_settings *settings = sp_web_settings_read(web->path, errors);
    if (!settings)
        return false;
    bool ok = may_follow(web, settings, errors);
    if (ok && !watch_files(web, settings)) {
        sp_buf_append_str(errors, "out of memory\n");
        ok = false;
    }
    if (ok && settings->tls) {
        tls = sp_web_tls_new(settings, errors, out_pair_only);
        ok = tls != NULL;
    }
    if (ok)
        put_in_force(web, settings, tls);
    else
        sp_web_settings_free(settings);
    return ok;
}

static void log_line(const struct sp_web_config *web, const char *line)
{
    if (web->log)
        web->log(web->log_data, line);
}

/* Each line of what is wrong, unless that was said before. */
static void complain(struct sp_web_config *web, struct sp_buf *errors)
{
    sp_buf_append(errors, "", 1);
    char *text = errors->len > 0 ? strdup((const char *)errors->data) : NULL;
    if (!text)
        return;
    bool said = web->complaint && strcmp(web->complaint, text) == 0;
    free(web->complaint);
    web->complaint = text;
    char *rest = (char *)errors->data;
    while (!said && rest && *rest)
        log_line(web, strsep(&rest, "\n"));
}

static void reload(struct sp_web_config *web, bool pair_only_changed)
{
    struct sp_buf errors;
    bool pair_only, was_wrong = web->wrong || web->stale;
    sp_buf_init(&errors, SP_LIMIT_LINE);
    if (read_again(web, &errors, &pair_only)) {
        web->wrong = web->stale = false;
        free(web->complaint);
        web->complaint = NULL;
        log_line(web, was_wrong ? "the web configuration is right again and in force"
                                : "the web configuration has changed and is in force");
    } else {
        /* Once wrong, only a reading without any error makes it right. */
        web->stale = pair_only && pair_only_changed && !web->wrong;
        web->wrong = !web->stale;
        complain(web, &errors);
    }
    sp_buf_free(&errors);
}

void sp_web_config_refresh(struct sp_web_config *web)
{
    uint64_t now = uv_now(web->loop);
    if (!web->path || now - web->looked_ms < LOOK_MS)
        return;
    web->looked_ms = now;
    bool changed[FILE_COUNT];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        /* Taken before the file is read: a change in between is seen the next time. */
        struct stamp stamp = take_stamp(web->files[i]);
        changed[i] = !same_stamp(&stamp, &web->stamps[i]);
        web->stamps[i] = stamp;
    }
    bool pair = changed[FILE_CERTIFICATE] || changed[FILE_KEY] || web->stale;
    if (changed[FILE_CONFIG] || changed[FILE_CLIENT_CA] || web->wrong)
        reload(web, false);
    else if (pair)
        reload(web, true);
}

/* --- life -------------------------------------------------------------------------------------- */

static bool load_file(struct sp_web_config *web, const char *path, struct sp_buf *errors)
{
    bool pair_only;
    web->path = strdup(path);
    web->files[FILE_CONFIG] = strdup(path);
    if (!web->path || !web->files[FILE_CONFIG]) {
        sp_buf_append_str(errors, "out of memory\n");
        return false;
    }
    web->stamps[FILE_CONFIG] = take_stamp(path);
    web->looked_ms = uv_now(web->loop);
    return read_again(web, errors, &pair_only);
}

static bool load_nothing(struct sp_web_config *web)
{
    struct sp_arena *arena = sp_arena_new(SP_LIMIT_LINE);
    web->settings = arena ? sp_arena_alloc(arena, sizeof *web->settings) : NULL;
    if (web->settings)
        web->settings->arena = arena;
    else
        sp_arena_free(arena);
    return web->settings != NULL;
}

struct sp_web_config *sp_web_config_load(uv_loop_t *loop, const char *path, struct sp_buf *errors)
{
    struct sp_web_config *web = calloc(1, sizeof *web);
    if (web) {
        web->loop = loop;
        web->auth = sp_web_auth_new(loop);
    }
    if (!web || !web->auth || (!path && !load_nothing(web)))
        sp_buf_append_str(errors, "out of memory\n");
    else if (!path || load_file(web, path, errors))
        return web;
    sp_web_config_free(web);
    return NULL;
}

void sp_web_config_free(struct sp_web_config *web)
{
    if (!web)
        return;
    sp_web_auth_free(web->auth);
    sp_web_settings_free(web->settings);
    sp_web_tls_unref(web->tls);
    for (size_t i = 0; i < FILE_COUNT; i++)
        free(web->files[i]);
    free(web->complaint);
    free(web->path);
    free(web);
}

void sp_web_config_on_log(struct sp_web_config *web, void (*log)(void *data, const char *line),
                          void *data)
{
    web->log = log;
    web->log_data = data;
}

/* --- questions --------------------------------------------------------------------------------- */

bool sp_web_config_has_tls(const struct sp_web_config *web)
{
    return web->settings->tls;
}

bool sp_web_config_has_users(const struct sp_web_config *web)
{
    return web->settings->user_count > 0;
}

bool sp_web_config_wants_client_certificate(const struct sp_web_config *web)
{
    return web->settings->tls &&
           web->settings->client_auth == SP_WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

struct sp_web_tls *sp_web_config_tls(const struct sp_web_config *web)
{
    return web->tls;
}

/* A bucket of `burst` tokens that gets one every `interval`; it holds time, so that nothing is rounded. */
enum sp_web_verdict sp_web_config_admit(struct sp_web_config *web)
{
    uint64_t interval = web->settings->rate_interval_ns, now = uv_hrtime();
    if (interval == 0)
        return SP_WEB_PASS;
    uint64_t most = interval * web->settings->rate_burst, gained = now - web->credited_ns;
    web->credited_ns = now;
    web->credit_ns = gained > most - web->credit_ns ? most : web->credit_ns + gained;
    if (web->credit_ns < interval)
        return SP_WEB_TOO_MANY;
    web->credit_ns -= interval;
    return SP_WEB_PASS;
}

enum sp_web_verdict sp_web_config_check_user(struct sp_web_config *web, const char *authorization,
                                             void (*callback)(void *data), void *data,
                                             struct sp_web_wait **out_wait)
{
    *out_wait = NULL;
    if (web->wrong)
        return SP_WEB_WRONG;
    if (web->settings->user_count == 0)
        return SP_WEB_PASS;
    return sp_web_auth_check(web->auth, web->settings, authorization, callback, data, out_wait);
}

size_t sp_web_config_header_count(const struct sp_web_config *web)
{
    return web->settings->header_count;
}

void sp_web_config_header_at(const struct sp_web_config *web, size_t index, const char **out_name,
                             const char **out_value)
{
    *out_name = web->settings->headers[index].name;
    *out_value = web->settings->headers[index].value;
}

bool sp_web_config_has_header(const struct sp_web_config *web, const char *name)
{
    for (size_t i = 0; i < web->settings->header_count; i++)
        if (strcasecmp(web->settings->headers[i].name, name) == 0)
            return true;
    return false;
}
