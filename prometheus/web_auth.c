/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/web_auth.h"

#include "probe/base64.h"
#include "probe/limits.h"
#include "probe/secret.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGEST_SIZE 32u
#define HASH_SIZE 64u /* bcrypt's is 60 */
#define JOBS_AT_ONCE 2u
/* Wrong passwords are remembered for a moment, so that repeating one costs nothing. */
#define WRONG_MS 10000u
/* The two kinds have places of their own: guesses don't drive out passwords that are right. */
#define REMEMBERED_RIGHT (SP_LIMIT_WEB_REMEMBERED / 2)
#define REMEMBERED_WRONG (SP_LIMIT_WEB_REMEMBERED - REMEMBERED_RIGHT)
#define CREDENTIALS_SIZE 2048u /* octets of "user:password" */

struct memory {
    uint8_t digest[DIGEST_SIZE];
    uint64_t used; /* the clock of sp_web_auth when it was made or used last; 0: free */
    uint64_t until_ms;
};

/* One computation, and who waits for it. */
struct job {
    struct sp_web_auth *auth;
    struct job *next;
    uv_work_t work;
    struct sp_web_wait *waits;
    uint8_t digest[DIGEST_SIZE];
    char password[CREDENTIALS_SIZE];
    char hash[HASH_SIZE];
    bool known; /* the user is; else the computation is for the time that it takes */
    bool right;
};

struct sp_web_wait {
    struct sp_web_wait *next;
    struct job *job;
    void (*callback)(void *data);
    void *data;
};

struct sp_web_auth {
    uv_loop_t *loop;
    uint8_t key[DIGEST_SIZE];
    struct memory right[REMEMBERED_RIGHT], wrong[REMEMBERED_WRONG];
    uint64_t clock;
    struct job *queue, *running; /* lists; the queue's oldest is first */
    size_t queued, running_count, computed;
    bool freed;
};

/* --- what is remembered ------------------------------------------------------------------------ */

static struct memory *recall(struct sp_web_auth *auth, struct memory *table, size_t count,
                             const uint8_t *digest)
{
    uint64_t now = uv_now(auth->loop);
    for (size_t i = 0; i < count; i++)
        if (table[i].used > 0 && table[i].until_ms > now &&
            gnutls_memcmp(table[i].digest, digest, DIGEST_SIZE) == 0) {
            table[i].used = ++auth->clock;
            return &table[i];
        }
    return NULL;
}

static void remember(struct sp_web_auth *auth, struct memory *table, size_t count,
                     const uint8_t *digest, uint64_t until_ms)
{
    struct memory *oldest = &table[0];
    for (size_t i = 1; i < count; i++)
        if (table[i].used < oldest->used)
            oldest = &table[i];
    memcpy(oldest->digest, digest, DIGEST_SIZE);
    oldest->used = ++auth->clock;
    oldest->until_ms = until_ms;
}

/* --- computing --------------------------------------------------------------------------------- */

static void free_job(struct job *job)
{
    sp_secret_wipe(job, sizeof *job);
    free(job);
}

static void free_auth(struct sp_web_auth *auth)
{
    sp_secret_wipe(auth, sizeof *auth);
    free(auth);
}

/* On one of libuv's threads. */
static void compute(uv_work_t *work)
{
    struct job *job = work->data;
    struct crypt_data *scratch = calloc(1, sizeof *scratch);
    /* Unlike crypt_r it is NULL when it fails; and sanitizers don't put a function of theirs in its place. */
    const char *made =
        scratch ? crypt_rn(job->password, job->hash, scratch, (int)sizeof *scratch) : NULL;
    size_t len = strlen(job->hash);
    job->right =
        made && job->known && strlen(made) == len && gnutls_memcmp(made, job->hash, len) == 0;
    if (scratch)
        sp_secret_wipe(scratch, sizeof *scratch);
    free(scratch);
    sp_secret_wipe(job->password, sizeof job->password);
}

static void start_jobs(struct sp_web_auth *auth);

static void on_computed(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct sp_web_auth *auth = job->auth;
    struct job **place = &auth->running;
    while (*place != job)
        place = &(*place)->next;
    *place = job->next;
    auth->running_count--;
    if (auth->freed) {
        free_job(job);
        if (auth->running_count == 0)
            free_auth(auth);
        return;
    }
    auth->computed++;
    if (status == 0 && job->right)
        remember(auth, auth->right, REMEMBERED_RIGHT, job->digest, UINT64_MAX);
    else if (status == 0)
        remember(auth, auth->wrong, REMEMBERED_WRONG, job->digest, uv_now(auth->loop) + WRONG_MS);
    start_jobs(auth);
    /* A callback may cancel another wait of this job. */
    while (job->waits) {
        struct sp_web_wait *wait = job->waits;
        job->waits = wait->next;
        void (*callback)(void *) = wait->callback;
        void *data = wait->data;
        free(wait);
        callback(data);
    }
    free_job(job);
}

static void start_jobs(struct sp_web_auth *auth)
{
    while (auth->queue && auth->running_count < JOBS_AT_ONCE) {
        struct job *job = auth->queue;
        auth->queue = job->next;
        auth->queued--;
        job->next = auth->running;
        auth->running = job;
        auth->running_count++;
        job->work.data = job;
        uv_queue_work(auth->loop, &job->work, compute,
                      on_computed); /* fails only without a callback */
    }
}

static struct job *find_job(struct job *list, const uint8_t *digest)
{
    while (list && gnutls_memcmp(list->digest, digest, DIGEST_SIZE) != 0)
        list = list->next;
    return list;
}

static void append_job(struct sp_web_auth *auth, struct job *job)
{
    struct job **end = &auth->queue;
    while (*end)
        end = &(*end)->next;
    *end = job;
    auth->queued++;
}

void sp_web_wait_cancel(struct sp_web_wait *wait)
{
    struct job *job = wait->job;
    struct sp_web_wait **place = &job->waits;
    while (*place != wait)
        place = &(*place)->next;
    *place = wait->next;
    free(wait);
    if (job->waits)
        return;
    /* Nobody wants it any more: unless it is being computed, it is dropped. */
    for (struct job **queued = &job->auth->queue; *queued; queued = &(*queued)->next)
        if (*queued == job) {
            *queued = job->next;
            job->auth->queued--;
            free_job(job);
            return;
        }
}

/* --- the question ------------------------------------------------------------------------------ */

/* "Basic" 1*SP base64( user ":" password ). The password's start, or NULL. */
static char *parse_credentials(const char *authorization, char out[CREDENTIALS_SIZE])
{
    size_t len = 0;
    if (!authorization || strncasecmp(authorization, "Basic ", 6) != 0)
        return NULL;
    const char *text = authorization + 6;
    text += strspn(text, " ");
    size_t text_len = strlen(text);
    if (text_len >= CREDENTIALS_SIZE || !sp_base64_decode(text, text_len, out, &len))
        return NULL;
    out[len] = '\0';
    char *colon = memchr(out, ':', len);
    if (!colon || memchr(out, '\0', len)) /* bcrypt would end at a NUL */
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* The hash to check against: the user's, or one of nobody's that costs as much. */
static bool choose_hash(const struct sp_web_settings *settings, const char *user,
                        char out[HASH_SIZE])
{
    for (size_t i = 0; i < settings->user_count; i++)
        if (strcmp(settings->users[i].name, user) == 0) {
            snprintf(out, HASH_SIZE, "%s", settings->users[i].hash);
            return true;
        }
    snprintf(out, HASH_SIZE, "$2b$%02u$%s%s", settings->bcrypt_cost, "7EqJtq98hPqEX7fNZaFWoO",
             "mCP4vL9wVfKzX0Bn3dQRtS1uYgHjIas");
    return false;
}

static bool make_digest(const struct sp_web_auth *auth, const char *user, const char *password,
                        const char *hash, uint8_t out[DIGEST_SIZE])
{
    gnutls_hmac_hd_t hmac;
    if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, auth->key, sizeof auth->key) < 0)
        return false;
    /* Each with its NUL, so that no two triples look alike. */
    bool ok = gnutls_hmac(hmac, user, strlen(user) + 1) >= 0 &&
              gnutls_hmac(hmac, password, strlen(password) + 1) >= 0 &&
              gnutls_hmac(hmac, hash, strlen(hash) + 1) >= 0;
    gnutls_hmac_deinit(hmac, out);
    return ok;
}

static enum sp_web_verdict wait_for(struct job *job, void (*callback)(void *), void *data,
                                    struct sp_web_wait **out_wait)
{
    struct sp_web_wait *wait = malloc(sizeof *wait);
    if (!wait)
        return SP_WEB_BUSY;
    *wait = (struct sp_web_wait){job->waits, job, callback, data};
    job->waits = wait;
    *out_wait = wait;
    return SP_WEB_LATER;
}

static enum sp_web_verdict look_up(struct sp_web_auth *auth, const char *password, const char *hash,
                                   bool known, const uint8_t *digest, void (*callback)(void *),
                                   void *data, struct sp_web_wait **out_wait)
{
    if (known && recall(auth, auth->right, REMEMBERED_RIGHT, digest))
        return SP_WEB_PASS;
    if (recall(auth, auth->wrong, REMEMBERED_WRONG, digest))
        return SP_WEB_UNAUTHORIZED;
    struct job *job = find_job(auth->running, digest);
    if (!job)
        job = find_job(auth->queue, digest);
    if (job)
        return wait_for(job, callback, data, out_wait);
    if (auth->queued >= SP_LIMIT_WEB_WAITING)
        return SP_WEB_BUSY;
    job = calloc(1, sizeof *job);
    if (!job)
        return SP_WEB_BUSY;
    job->auth = auth;
    job->known = known;
    memcpy(job->digest, digest, DIGEST_SIZE);
    snprintf(job->password, sizeof job->password, "%s", password);
    snprintf(job->hash, sizeof job->hash, "%s", hash);
    enum sp_web_verdict verdict = wait_for(job, callback, data, out_wait);
    if (verdict == SP_WEB_LATER) {
        append_job(auth, job);
        start_jobs(auth);
    } else {
        free_job(job);
    }
    return verdict;
}

enum sp_web_verdict sp_web_auth_check(struct sp_web_auth *auth,
                                      const struct sp_web_settings *settings,
                                      const char *authorization, void (*callback)(void *data),
                                      void *data, struct sp_web_wait **out_wait)
{
    char user[CREDENTIALS_SIZE], hash[HASH_SIZE];
    uint8_t digest[DIGEST_SIZE];
    enum sp_web_verdict verdict = SP_WEB_UNAUTHORIZED;
    *out_wait = NULL;
    const char *password = parse_credentials(authorization, user);
    if (password) {
        bool known = choose_hash(settings, user, hash);
        verdict = make_digest(auth, user, password, hash, digest)
                      ? look_up(auth, password, hash, known, digest, callback, data, out_wait)
                      : SP_WEB_BUSY;
    }
    sp_secret_wipe(user, sizeof user);
    sp_secret_wipe(hash, sizeof hash);
    return verdict;
}

size_t sp_web_auth_computed(const struct sp_web_auth *auth)
{
    return auth->computed;
}

struct sp_web_auth *sp_web_auth_new(uv_loop_t *loop)
{
    struct sp_web_auth *auth = calloc(1, sizeof *auth);
    if (auth && gnutls_rnd(GNUTLS_RND_KEY, auth->key, sizeof auth->key) < 0) {
        free(auth);
        auth = NULL;
    }
    if (auth)
        auth->loop = loop;
    return auth;
}

void sp_web_auth_free(struct sp_web_auth *auth)
{
    if (!auth)
        return;
    while (auth->queue) {
        struct job *job = auth->queue;
        auth->queue = job->next;
        while (job->waits) {
            struct sp_web_wait *wait = job->waits;
            job->waits = wait->next;
            free(wait);
        }
        free_job(job);
    }
    for (struct job *job = auth->running; job; job = job->next) {
        while (job->waits) {
            struct sp_web_wait *wait = job->waits;
            job->waits = wait->next;
            free(wait);
        }
        uv_cancel((uv_req_t *)&job->work); /* one that has begun ends on its own */
    }
    auth->freed = true;
    if (auth->running_count == 0)
        free_auth(auth);
}
