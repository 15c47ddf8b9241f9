/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks an exporter for probes over kept connections and measures the answers. Usage stands in
 * print_usage(). One thread, so that it takes little from the machine on which it measures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536u
#define NS_PER_S INT64_C(1000000000)
#define METRICS_PAUSE_NS INT64_C(2000000)
#define FIRST_TARGET 0x7f090001u /* 127.9.0.1, as in tests/integration/fleet.py */

struct latencies {
    uint32_t *us;
    size_t count, size;
};

struct connection {
    int fd;
    bool busy, for_metrics, reused;
    int64_t started_ns;
    char request[512];
    size_t request_len, used;
    char answer[ANSWER_MAX];
};

struct load {
    struct sockaddr_in address;
    const char *module;
    unsigned targets, port, in_flight;
    double rate, seconds;
    uint64_t requests; /* 0: as many as fit into the seconds */
    bool metrics;
    int epoll;
    struct connection *connections; /* in_flight of them, and one for /metrics */
    int64_t begin_ns, end_ns;
    uint64_t begun, answered, refused, unsuccessful, broken, late, repeated;
    struct latencies probes, pages;
    int64_t next_page_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "http-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- latencies ---------------------------------------------------------------------------------- */

static void note(struct latencies *latencies, int64_t ns)
{
    if (latencies->count == latencies->size) {
        latencies->size = latencies->size == 0 ? 4096 : latencies->size * 2;
        latencies->us = realloc(latencies->us, latencies->size * sizeof *latencies->us);
        if (latencies->us == NULL)
            die("memory");
    }
    latencies->us[latencies->count++] = (uint32_t)(ns / 1000);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds; the latencies are sorted. */
static double percentile(const struct latencies *latencies, unsigned percent)
{
    if (latencies->count == 0)
        return 0;
    size_t index = latencies->count * percent / 100;
    if (index == latencies->count)
        index--;
    return latencies->us[index] / 1000.0;
}

/* --- connections -------------------------------------------------------------------------------- */

static void open_connection(struct load *load, struct connection *connection)
{
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Loopback connects at once, so it may block. */
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&load->address, sizeof load->address) != 0)
        die("connect");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        die("epoll");
    connection->busy = connection->reused = false;
}

static void reopen(struct load *load, struct connection *connection)
{
    close(connection->fd);
    open_connection(load, connection);
}

static void send_request(struct load *load, struct connection *connection)
{
    ssize_t len = send(connection->fd, connection->request, connection->request_len, MSG_NOSIGNAL);
    connection->used = 0;
    connection->busy = len == (ssize_t)connection->request_len;
    if (connection->busy)
        return;
    load->broken++;
    reopen(load, connection);
}

static void ask(struct load *load, struct connection *connection, int64_t due_ns)
{
    int len;
    if (connection->for_metrics) {
        len = snprintf(connection->request, sizeof connection->request,
                       "GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n");
    } else {
        struct in_addr target = {htonl(FIRST_TARGET + (uint32_t)(load->begun % load->targets))};
        char address[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, &target, address, sizeof address);
        len = snprintf(connection->request, sizeof connection->request,
                       "GET /probe?target=%s:%u&module=%s HTTP/1.1\r\nHost: exporter\r\n"
                       "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
                       address, load->port, load->module);
        load->begun++;
    }
    connection->request_len = (size_t)len;
    connection->started_ns = due_ns;
    send_request(load, connection);
}

/* A server may close a connection that was idle just when it is asked again; then clients ask once more
 * (RFC 9110, section 9.2.2), as Prometheus does. */
static void take_end(struct load *load, struct connection *connection)
{
    bool again = connection->busy && connection->reused && connection->used == 0;
    load->broken += connection->busy && !again;
    load->repeated += again;
    reopen(load, connection);
    if (again)
        send_request(load, connection);
}

/* --- answers ------------------------------------------------------------------------------------ */

static bool has_whole_body(const struct connection *connection, const char *body)
{
    const char *end = connection->answer + connection->used;
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    if (length != NULL && length < body)
        return end - body >= strtol(length + 17, NULL, 10);
    /* Chunked; metrics have no line that is "0". */
    return connection->used >= 5 && memcmp(end - 5, "0\r\n\r\n", 5) == 0;
}

static void take_answer(struct load *load, struct connection *connection, int64_t now)
{
    bool is_fine = memcmp(connection->answer, "HTTP/1.1 200", 12) == 0;
    connection->busy = false;
    connection->reused = true;
    if (connection->for_metrics) {
        note(&load->pages, now - connection->started_ns);
        load->next_page_ns = now + METRICS_PAUSE_NS;
        return;
    }
    note(&load->probes, now - connection->started_ns);
    load->answered++;
    load->refused += !is_fine;
    load->unsuccessful += is_fine && strstr(connection->answer, "\nprobe_success 1\n") == NULL;
    if (strcasestr(connection->answer, "\r\nConnection: close") != NULL)
        reopen(load, connection);
}

static void read_answer(struct load *load, struct connection *connection)
{
    ssize_t len = recv(connection->fd, connection->answer + connection->used,
                       ANSWER_MAX - 1 - connection->used, 0);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0) {
        take_end(load, connection);
        return;
    }
    connection->used += (size_t)len;
    connection->answer[connection->used] = '\0';
    const char *head_end = strstr(connection->answer, "\r\n\r\n");
    if (head_end != NULL && has_whole_body(connection, head_end + 4))
        take_answer(load, connection, now_ns());
}

/* --- the run ------------------------------------------------------------------------------------ */

static bool may_begin(const struct load *load, int64_t now)
{
    return (load->requests == 0 || load->begun < load->requests) &&
           (load->requests != 0 || now < load->end_ns);
}

/* When the next probe is due: at once, or by the rate. */
static int64_t next_due(const struct load *load, int64_t now)
{
    if (load->rate <= 0)
        return now;
    return load->begin_ns + (int64_t)((double)load->begun / load->rate * NS_PER_S);
}

static void begin_probes(struct load *load)
{
    int64_t now = now_ns();
    for (unsigned i = 0; i < load->in_flight && may_begin(load, now); i++) {
        struct connection *connection = &load->connections[i];
        int64_t due = next_due(load, now);
        if (due > now)
            break;
        if (connection->busy)
            continue;
        /* Somebody who waits counts from when he wanted to begin. */
        load->late += now - due > NS_PER_S;
        ask(load, connection, due);
    }
    struct connection *page = &load->connections[load->in_flight];
    if (load->metrics && !page->busy && now >= load->next_page_ns && may_begin(load, now))
        ask(load, page, now);
}

static bool is_busy(const struct load *load)
{
    for (unsigned i = 0; i <= load->in_flight; i++)
        if (load->connections[i].busy)
            return true;
    return false;
}

static void run(struct load *load)
{
    struct epoll_event events[256];
    load->begin_ns = now_ns();
    load->end_ns = load->begin_ns + (int64_t)(load->seconds * NS_PER_S);
    /* What is under way at the end may still be answered, for as long as any probe may take. */
    while (may_begin(load, now_ns()) ||
           (is_busy(load) && (load->requests != 0 || now_ns() < load->end_ns + 15 * NS_PER_S))) {
        begin_probes(load);
        int count = epoll_wait(load->epoll, events, 256, load->rate > 0 || load->metrics ? 1 : 100);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++)
            read_answer(load, events[i].data.ptr);
    }
}

static void report(struct load *load)
{
    double seconds = (double)(now_ns() - load->begin_ns) / NS_PER_S;
    qsort(load->probes.us, load->probes.count, sizeof *load->probes.us, compare);
    qsort(load->pages.us, load->pages.count, sizeof *load->pages.us, compare);
    printf("{\"seconds\":%.3f,\"begun\":%llu,\"answered\":%llu,\"refused\":%llu,"
           "\"unsuccessful\":%llu,\"broken\":%llu,\"late\":%llu,\"repeated\":%llu,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
           "\"pages\":%zu,\"page_p50_ms\":%.3f,\"page_p99_ms\":%.3f}\n",
           seconds, (unsigned long long)load->begun, (unsigned long long)load->answered,
           (unsigned long long)load->refused, (unsigned long long)load->unsuccessful,
           (unsigned long long)load->broken, (unsigned long long)load->late,
           (unsigned long long)load->repeated, percentile(&load->probes, 50),
           percentile(&load->probes, 99), percentile(&load->probes, 100), load->pages.count,
           percentile(&load->pages, 50), percentile(&load->pages, 99));
}

static void print_usage(void)
{
    fputs(
        "Usage: http-load --exporter PORT --module NAME --port PORT [--targets N] [--in-flight N]\n"
        "                 [--seconds S | --requests N] [--rate PER-SECOND] [--metrics]\n"
        "Asks the exporter at 127.0.0.1 for probes of 127.9.0.1:PORT and the addresses behind it, in\n"
        "turns. --metrics asks for /metrics beside that. Prints one JSON object.\n",
        stderr);
}

static bool set_option(struct load *load, int option)
{
    switch (option) {
    case 'e': load->address.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10)); return true;
    case 'm': load->module = optarg; return true;
    case 'p': load->port = (unsigned)strtoul(optarg, NULL, 10); return true;
    case 't': load->targets = (unsigned)strtoul(optarg, NULL, 10); return true;
    case 'i': load->in_flight = (unsigned)strtoul(optarg, NULL, 10); return true;
    case 's': load->seconds = strtod(optarg, NULL); return true;
    case 'n': load->requests = strtoull(optarg, NULL, 10); return true;
    case 'r': load->rate = strtod(optarg, NULL); return true;
    case 'M': load->metrics = true; return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"exporter", required_argument, NULL, 'e'},  {"module", required_argument, NULL, 'm'},
        {"port", required_argument, NULL, 'p'},      {"targets", required_argument, NULL, 't'},
        {"in-flight", required_argument, NULL, 'i'}, {"seconds", required_argument, NULL, 's'},
        {"requests", required_argument, NULL, 'n'},  {"rate", required_argument, NULL, 'r'},
        {"metrics", no_argument, NULL, 'M'},         {NULL, 0, NULL, 0}};
    static struct load load = {.targets = 1000, .in_flight = 64, .seconds = 5};
    int option;
    load.address.sin_family = AF_INET;
    load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!set_option(&load, option)) {
            print_usage();
            return 2;
        }
    }
    if (load.module == NULL || load.port == 0 || load.targets == 0 || load.in_flight == 0) {
        print_usage();
        return 2;
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.connections = calloc(load.in_flight + 1, sizeof *load.connections);
    if (load.epoll < 0 || load.connections == NULL)
        die("start");
    for (unsigned i = 0; i <= load.in_flight; i++) {
        load.connections[i].for_metrics = i == load.in_flight;
        open_connection(&load, &load.connections[i]);
    }
    run(&load);
    report(&load);
    return 0;
}
