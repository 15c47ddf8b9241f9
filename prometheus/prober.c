/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prometheus/prober.h"

#include "probe/auth.h"
#include "probe/limits.h"
#include "probe/session.h"
#include "prometheus/allow.h"
#include "prometheus/prober_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u /* a power of two */

/* The allow list of one configuration, compiled. A reload leaves the old one to the probes that have
 * begun under it. */
struct policy {
    struct sp_config *config;
    struct sp_allow *allow;
    size_t users;
};

/* The services with one module's --dns-server. */
struct resolver {
    struct resolver *next;
    struct sp_services services; /* all but `dns` belongs to the prober's own */
    size_t users;
    char server[];
};

/* One probe under way. */
struct job {
    struct job *next, **link; /* of all */
    struct job *next_in_bucket;
    uint32_t hash; /* of host and port */
    struct sp_prober *prober;
    struct sp_session *session;
    struct sp_outcome *outcome;
    struct policy *policy;
    struct resolver *resolver; /* NULL: the prober's own services */
    bool by_address;           /* the addresses have yet to be allowed */
    sp_prober_cb callback;
    void *data;
};

struct sp_prober {
    struct sp_services services;
    struct resolver *resolvers;
    size_t resolver_count;
    struct policy *policy; /* of the newest configuration; NULL: none was used yet */
    struct job *jobs;
    struct job *buckets[BUCKETS];
    size_t in_flight;
    uint64_t last_id;
    bool stopping;
};

/* What one sp_prober_start works with. */
struct message {
    char *text;
    size_t size;
};

static enum sp_prober_status refuse(struct message message, enum sp_prober_status status,
                                    const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum sp_prober_status refuse(struct message message, enum sp_prober_status status,
                                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message.text, message.size, format, args);
    va_end(args);
    return status;
}

/* --- allow lists ------------------------------------------------------------------------------ */

static void release_policy(struct policy *policy)
{
    if (!policy || --policy->users > 0)
        return;
    sp_allow_free(policy->allow);
    sp_config_unref(policy->config);
    free(policy);
}

/* The configuration's allow list with a reference; it is compiled once for each configuration. */
static struct policy *use_policy(struct sp_prober *prober, struct sp_config *config,
                                 struct message message)
{
    const struct sp_exporter_settings *settings = sp_config_settings(config);
    if (!prober->policy || prober->policy->config != config) {
        struct policy *policy = calloc(1, sizeof *policy);
        if (policy)
            policy->allow = sp_allow_new(settings->allow_targets, settings->allow_target_count,
                                         message.text, message.size);
        else
            refuse(message, SP_PROBER_NOMEM, "out of memory");
        if (!policy || !policy->allow) {
            free(policy);
            return NULL;
        }
        policy->config = sp_config_ref(config);
        policy->users = 1;
        release_policy(prober->policy);
        prober->policy = policy;
    }
    prober->policy->users++;
    return prober->policy;
}

/* --- resolvers -------------------------------------------------------------------------------- */

static void close_resolver(struct sp_prober *prober, struct resolver **place)
{
    struct resolver *resolver = *place;
    *place = resolver->next;
    prober->resolver_count--;
    sp_services_close(&resolver->services);
    free(resolver);
}

/* Reloads can name ever other servers: those that nobody uses are kept up to a number only. */
static void close_idle_resolvers(struct sp_prober *prober)
{
    struct resolver **place = &prober->resolvers;
    while (*place && prober->resolver_count > SP_LIMIT_RESOLVERS) {
        if ((*place)->users == 0)
            close_resolver(prober, place);
        else
            place = &(*place)->next;
    }
}

static struct resolver *add_resolver(struct sp_prober *prober, const char *server,
                                     struct message message)
{
    size_t len = strlen(server);
    struct resolver *resolver = calloc(1, sizeof *resolver + len + 1);
    if (!resolver) {
        refuse(message, SP_PROBER_NOMEM, "out of memory");
        return NULL;
    }
    resolver->services = prober->services;
    resolver->services.dns = NULL;
    memcpy(resolver->server, server, len + 1);
    if (!sp_services_need_dns(&resolver->services, server, true, message.text, message.size)) {
        free(resolver);
        return NULL;
    }
    resolver->next = prober->resolvers;
    prober->resolvers = resolver;
    prober->resolver_count++;
    return resolver;
}

/* False: there is no such resolver and none could be made. */
static bool use_resolver(struct job *job, struct message message)
{
    struct sp_prober *prober = job->prober;
    const struct sp_endpoint *endpoint = &job->outcome->endpoint;
    const char *server = job->outcome->options.dns_server;
    if (endpoint->numeric || endpoint->unix_path)
        return true;
    if (!server)
        return sp_services_need_dns(&prober->services, NULL, true, message.text, message.size);
    struct resolver *resolver = prober->resolvers;
    while (resolver && strcmp(resolver->server, server) != 0)
        resolver = resolver->next;
    if (!resolver)
        resolver = add_resolver(prober, server, message);
    if (!resolver)
        return false;
    resolver->users++;
    job->resolver = resolver;
    return true;
}

/* --- jobs ------------------------------------------------------------------------------------- */

static uint32_t hash_endpoint(const struct sp_endpoint *endpoint)
{
    uint32_t hash = 2166136261u ^ endpoint->port; /* FNV-1a */
    for (const char *c = endpoint->unix_path ? endpoint->unix_path : endpoint->host; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return hash;
}

static bool same_place(const struct sp_endpoint *a, const struct sp_endpoint *b)
{
    if (a->unix_path || b->unix_path)
        return a->unix_path && b->unix_path && strcmp(a->unix_path, b->unix_path) == 0;
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Probes under way of the same host and port. */
static size_t count_place(const struct sp_prober *prober, const struct sp_endpoint *endpoint)
{
    uint32_t hash = hash_endpoint(endpoint);
    size_t count = 0;
    for (const struct job *job = prober->buckets[hash & (BUCKETS - 1)]; job;
         job = job->next_in_bucket)
        if (job->hash == hash && same_place(&job->outcome->endpoint, endpoint))
            count++;
    return count;
}

/* Takes the outcome and the policy over. */
static struct job *new_job(struct sp_prober *prober, struct sp_outcome *outcome,
                           struct policy *policy)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    *job = (struct job){.prober = prober, .outcome = outcome, .policy = policy};
    job->hash = hash_endpoint(&outcome->endpoint);
    struct job **bucket = &prober->buckets[job->hash & (BUCKETS - 1)];
    job->next_in_bucket = *bucket;
    *bucket = job;
    job->next = prober->jobs;
    job->link = &prober->jobs;
    if (prober->jobs)
        prober->jobs->link = &job->next;
    prober->jobs = job;
    prober->in_flight++;
    return job;
}

/* All but the outcome. */
static void free_job(struct job *job)
{
    struct sp_prober *prober = job->prober;
    struct job **place = &prober->buckets[job->hash & (BUCKETS - 1)];
    while (*place != job)
        place = &(*place)->next_in_bucket;
    *place = job->next_in_bucket;
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    prober->in_flight--;
    if (job->resolver) {
        job->resolver->users--;
        close_idle_resolvers(prober);
    }
    release_policy(job->policy);
    free(job);
}

static bool is_wanted(void *data, const struct sockaddr_storage *address)
{
    return sp_allow_address(data, address);
}

static void on_resolved(void *data, struct sp_session *session)
{
    struct job *job = data;
    const struct sp_endpoint *endpoint = &job->outcome->endpoint;
    if (!job->by_address || sp_session_keep(session, is_wanted, job->policy->allow) > 0) {
        sp_session_connect(session);
        return;
    }
    char why[SP_LIMIT_HOST + 128];
    snprintf(why, sizeof why, "%s is not in allow_targets, and neither is any of its addresses",
             endpoint->host);
    sp_session_refuse(session, SP_REASON_INVALID_TARGET, why);
}

static void on_done(void *data, struct sp_session *session, struct sp_evidence *evidence)
{
    struct job *job = data;
    struct sp_prober *prober = job->prober;
    struct sp_outcome *outcome = job->outcome;
    sp_prober_cb callback = job->callback;
    void *callback_data = job->data;
    (void)session;
    free_job(job);
    outcome->id = ++prober->last_id;
    outcome->ended_ms = prober->services.wall_ms();
    sp_result_judge(&outcome->result, evidence);
    callback(callback_data, outcome);
}

/* --- starting --------------------------------------------------------------------------------- */

static enum sp_prober_status check_caps(const struct sp_prober *prober,
                                        const struct sp_prober_request *request,
                                        struct message message)
{
    uint32_t most = sp_config_settings(request->config)->max_in_flight;
    if (prober->stopping)
        return refuse(message, SP_PROBER_FULL, "the exporter is ending");
    if (prober->in_flight >= most)
        return refuse(message, SP_PROBER_FULL,
                      "%zu probes are under way, and max_in_flight is %u: try again later",
                      prober->in_flight, most);
    return SP_PROBER_STARTED;
}

static enum sp_prober_status check_place(const struct sp_prober *prober,
                                         const struct sp_outcome *outcome, struct message message)
{
    uint32_t most = sp_config_settings(outcome->config)->max_per_target;
    size_t count = count_place(prober, &outcome->endpoint);
    if (count >= most)
        return refuse(message, SP_PROBER_TARGET_FULL,
                      "%zu probes of this target are under way, and max_per_target is %u: try "
                      "again later",
                      count, most);
    return SP_PROBER_STARTED;
}

static enum sp_prober_status refuse_target(const struct sp_endpoint *endpoint,
                                           struct message message)
{
    if (endpoint->unix_path)
        return refuse(message, SP_PROBER_FORBIDDEN,
                      "a socket can be probed only if allow_targets names it");
    return refuse(message, SP_PROBER_FORBIDDEN, "%s is not in allow_targets", endpoint->host);
}

/*
 * Whether any name with an allowed address will do. Not where a password goes out to whoever proves to be
 * that name: somebody between us and an allowed address has a certificate of his own for a name of his own.
 */
static bool may_take_any_name(const struct sp_options *options)
{
    return !sp_auth_wanted(options) || options->server_name != NULL || options->pins.count > 0;
}

static enum sp_prober_status check_target(enum sp_allow_verdict verdict,
                                          const struct sp_outcome *outcome, struct message message)
{
    if (verdict == SP_ALLOW_NO)
        return refuse_target(&outcome->endpoint, message);
    if (verdict == SP_ALLOW_BY_ADDRESS && !may_take_any_name(&outcome->module->options))
        return refuse(
            message, SP_PROBER_FORBIDDEN,
            "%s is not in allow_targets by its name, and module %s logs in: list the name "
            "too, or give the module a server_name",
            outcome->endpoint.host, outcome->module->name);
    return SP_PROBER_STARTED;
}

/* The outcome is the job's from here on, unless this fails. */
static enum sp_prober_status launch(struct job *job, struct message message)
{
    static const struct sp_session_events events = {on_resolved, on_done};
    if (!use_resolver(job, message))
        return SP_PROBER_NOMEM;
    const struct sp_session_config config = {.services = job->resolver ? &job->resolver->services
                                                                       : &job->prober->services,
                                             .endpoint = &job->outcome->endpoint,
                                             .materials = job->outcome->module->materials,
                                             .events = &events,
                                             .data = job};
    job->session = sp_session_new(&config);
    if (!job->session)
        return refuse(message, SP_PROBER_NOMEM, "out of memory");
    return SP_PROBER_STARTED;
}

static enum sp_prober_status start_job(struct sp_prober *prober, struct sp_outcome *outcome,
                                       sp_prober_cb callback, void *data, struct message message)
{
    struct policy *policy = use_policy(prober, outcome->config, message);
    if (!policy) /* its patterns were looked at with the configuration, so memory is what is missing */
        return SP_PROBER_NOMEM;
    enum sp_allow_verdict verdict = sp_allow_target(policy->allow, &outcome->endpoint);
    struct job *job = NULL;
    enum sp_prober_status status = check_target(verdict, outcome, message);
    if (status == SP_PROBER_STARTED)
        status = check_place(prober, outcome, message);
    if (status == SP_PROBER_STARTED) {
        job = new_job(prober, outcome, policy);
        if (!job)
            status = refuse(message, SP_PROBER_NOMEM, "out of memory");
    }
    if (!job) {
        release_policy(policy);
        return status;
    }
    job->by_address = verdict == SP_ALLOW_BY_ADDRESS;
    job->callback = callback;
    job->data = data;
    status = launch(job, message);
    if (status != SP_PROBER_STARTED)
        free_job(job);
    return status;
}

enum sp_prober_status sp_prober_start(struct sp_prober *prober,
                                      const struct sp_prober_request *request,
                                      sp_prober_cb callback, void *data, char *error, size_t size)
{
    struct message message = {error, size};
    struct sp_outcome *outcome = NULL;
    enum sp_prober_status status = check_caps(prober, request, message);
    if (status == SP_PROBER_STARTED)
        status = sp_prober_read_request(request, &outcome, error, size);
    if (status != SP_PROBER_STARTED)
        return status;
    status = start_job(prober, outcome, callback, data, message);
    if (status != SP_PROBER_STARTED)
        sp_outcome_unref(outcome);
    return status;
}

/* --- birth and end ---------------------------------------------------------------------------- */

struct sp_prober *sp_prober_new(uv_loop_t *loop, int64_t (*wall_ms)(void), char *error, size_t size)
{
    struct sp_prober *prober = calloc(1, sizeof *prober);
    if (!prober) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (!sp_services_init(&prober->services, loop, wall_ms, error, size)) {
        free(prober);
        return NULL;
    }
    if (!sp_services_need_tls(&prober->services, error, size)) {
        sp_services_free(&prober->services);
        free(prober);
        return NULL;
    }
    return prober;
}

size_t sp_prober_in_flight(const struct sp_prober *prober)
{
    return prober->in_flight;
}

void sp_prober_cancel(struct sp_prober *prober)
{
    bool was = prober->stopping;
    prober->stopping = true; /* a callback must not start what would be cancelled next */
    while (prober->jobs)
        sp_session_cancel(prober->jobs->session);
    prober->stopping = was;
}

void sp_prober_close(struct sp_prober *prober)
{
    prober->stopping = true;
    while (prober->resolvers)
        close_resolver(prober, &prober->resolvers);
    sp_services_close(&prober->services);
}

void sp_prober_free(struct sp_prober *prober)
{
    if (!prober)
        return;
    release_policy(prober->policy);
    sp_services_free(&prober->services);
    free(prober);
}
