# SPDX-License-Identifier: GPL-3.0-or-later
"""What smtp-probe-exporter answers: every path and status, time limits, caps, the allow list.

    exporter.py --exporter FILE --server FILE [--only PART-OF-NAME]
"""

import argparse
import concurrent.futures
import gzip
import json
import re
import socket
import sys
import time

sys.dont_write_bytecode = True

from exporter_bench import FACTOR, run_cases

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
SCRAPE = "X-Prometheus-Scrape-Timeout-Seconds"
REJECTED = "smtp_probe_rejected_total"

# method, path, status, Content-Type, what the body must have (a pattern)
PATHS = [
    ("GET", "/", 200, HTML, r"<html"),
    ("HEAD", "/", 200, HTML, r"\A\Z"),
    ("GET", "/style.css", 200, "text/css; charset=utf-8", r"\{"),
    ("GET", "/metrics", 200, TEXT, r"(?m)^smtp_probe_build_info\{"),
    ("GET", "/config", 200, PLAIN, r"(?m)^  short:\n"),
    ("GET", "/api/v1/status", 200, JSON, r"\A\{"),
    ("GET", "/api/v1/sd", 200, JSON, r"\A\["),
    ("GET", "/-/healthy", 200, PLAIN, r"\AHealthy\n\Z"),
    ("HEAD", "/-/healthy", 200, PLAIN, r"\A\Z"),
    ("GET", "/-/ready", 200, PLAIN, r"\AReady\n\Z"),
    ("POST", "/-/reload", 200, PLAIN, r"\AReloaded\n\Z"),
    ("GET", "/-/reload", 405, PLAIN, r"POST"),
    ("PUT", "/-/reload", 405, PLAIN, r"POST"),
    ("POST", "/probe?target=a", 405, PLAIN, r"GET, HEAD"),
    ("DELETE", "/metrics", 405, PLAIN, r"GET, HEAD"),
    ("GET", "/nothing", 404, PLAIN, r"nothing at this path"),
    ("GET", "/metrics/", 404, PLAIN, r""),
    ("GET", "/history/999999", 404, HTML, r"<html"),
    ("GET", "/history/0", 404, PLAIN, r""),
    ("GET", "/history/x", 404, PLAIN, r""),
    ("GET", "/probe", 400, PLAIN, r"\ATarget parameter is missing\n\Z"),
    ("GET", "/probe?target=", 400, PLAIN, r"\ATarget parameter is missing\n\Z"),
    ("GET", "/probe?target=a&module=none", 400, PLAIN, r"Unknown module \"none\""),
    ("GET", "/probe?target=a&target=b", 400, PLAIN, r"\"target\" comes more than once"),
    ("GET", "/probe?target=a&module=plain&module=plain", 400, PLAIN, r"\"module\" comes more than once"),
    ("GET", "/probe?target=a&debug=maybe", 400, PLAIN, r"debug is true or false"),
    ("GET", "/probe?target=a&verify=off", 400, PLAIN, r"allow_params"),
    ("GET", "/probe?target=a&concurrency=5", 400, PLAIN, r"concurrency"),
    ("GET", "/probe?target=a&nonsense=5", 400, PLAIN, r"there is no parameter \"nonsense\""),
    ("GET", "/probe?target=a&tls=maybe", 400, PLAIN, r"maybe"),
    ("GET", "/probe?target=@/etc/passwd", 400, PLAIN, r"@FILE"),
    ("GET", "/probe?target=a%20verify=off", 400, PLAIN, r"no spaces"),
    ("GET", "/probe?target=a:99999", 400, PLAIN, r"port"),
    ("GET", "/probe?target=127.0.0.1%250a:25", 400, PLAIN, r""),
    ("GET", "/probe?target=a&module=open&hostname=a%20b", 400, PLAIN, r"hostname"),
]


def paths(bench):
    """every path has its status and type"""
    with bench.exporter() as exporter:
        for method, path, status, kind, pattern in PATHS:
            reply, place = exporter.ask(path, method), f"{method} {path}"
            bench.equal(reply.status, status, f"{place}: status")
            bench.equal(reply.headers["Content-Type"], kind, f"{place}: Content-Type")
            bench.expect(re.search(pattern, reply.text), f"{place}: {reply.text[:200]!r}")
            bench.equal(reply.headers["X-Content-Type-Options"], "nosniff", f"{place}: sniffing")
            allow = {405: "POST" if "reload" in path else "GET, HEAD"}.get(status)
            bench.equal(reply.headers["Allow"], allow, f"{place}: Allow")
        reply = exporter.ask("/metrics")
        bench.equal(reply.metric("smtp_probe_module_unknown_total"), 1, "unknown modules")


def success(bench):
    """a good server by STARTTLS with verification"""
    with bench.exporter() as exporter:
        reply = exporter.ask(bench.probe("good", "smtp"), headers={SCRAPE: "10"})
        bench.equal((reply.status, reply.headers["Content-Type"]), (200, TEXT), "the reply")
        for sample in ("probe_success 1", "probe_timeout_seconds 9.5", "probe_ip_protocol 4",
                       "probe_smtp_certificate_verified 1", "probe_smtp_certificate_name_match 1",
                       'probe_tls_version_info{version="TLS 1.3"} 1'):
            bench.expect(reply.has(sample), f"no sample {sample}: {reply.text}")
        bench.expect(reply.metric("probe_ssl_earliest_cert_expiry") > time.time(), "the certificate's end")
        # The only module that a URL without one can mean is called smtp.
        reply = exporter.ask(f"/probe?target={bench.target('good')}")
        bench.expect(reply.has("probe_success 1"), "the default module")
        reply = exporter.ask("/metrics")
        sample = 'smtp_probe_probes_total{module="smtp",result="success"} 2'
        bench.expect(reply.has(sample), f"no sample {sample}")
        bench.expect(reply.has("smtp_probe_probes_in_flight 0"), "probes in flight")
        bench.expect("probe_success" not in reply.text, "metrics of probes on /metrics")
        status = json.loads(exporter.ask("/api/v1/status").text)
        bench.expect(bench.target("good") in json.dumps(status), f"the target in the status: {status}")
        page = exporter.ask("/history/2")
        bench.expect(page.status == 200 and bench.target("good") in page.text, "the probe's page")


LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
# path (None: a probe), Sec-Fetch-Site, further fields, status
SITES = [
    (None, "same-origin", {}, 200), (None, "none", LINK, 200), (None, "cross-site", LINK, 200),
    (None, "same-site", LINK, 200), (None, "cross-site", {}, 403), (None, "same-site", {}, 403), (None, "", {}, 403),
    (None, "cross-site", {**LINK, "Sec-Fetch-Mode": "no-cors"}, 403),
    (None, "cross-site", {**LINK, "Sec-Fetch-Dest": "iframe"}, 403),
    (None, "cross-site", {**LINK, "Sec-Fetch-User": "?0"}, 403),
    ("/-/reload", "same-origin", {}, 200), ("/-/reload", "none", {}, 200), ("/-/reload", "cross-site", {}, 403),
    ("/-/reload", "same-site", LINK, 403), ("/-/reload", "cross-site", LINK, 403),
    ("/", "cross-site", {}, 200), ("/metrics", "same-site", {}, 200), ("/-/ready", "cross-site", {}, 200),
]


def sites(bench):
    """pages of other sites can't let a browser probe or reload"""
    with bench.exporter() as exporter:
        for path, site, fields, status in SITES:
            method = "POST" if path == "/-/reload" else "GET"
            reply = exporter.ask(path or bench.probe("plain"), method, {"Sec-Fetch-Site": site, **fields})
            bench.equal(reply.status, status, f"{path or '/probe'} from {site!r} with {fields}")
        probed = sum(path is None and status == 200 for path, _, _, status in SITES)
        sample = f'smtp_probe_probes_total{{module="plain",result="success"}} {probed}'
        bench.expect(exporter.ask("/metrics").has(sample), f"no sample {sample}")


def failures(bench):
    """failed probes are 200, with the facts of a bad certificate"""
    with bench.exporter() as exporter:
        reply = exporter.ask(bench.probe("expired", "smtp"))
        bench.equal((reply.status, reply.metric("probe_success")), (200, 0), "expired")
        bench.expect(reply.metric("probe_ssl_earliest_cert_expiry") < time.time(), "expired: its end")
        bench.equal(reply.metric("probe_smtp_certificate_verified"), 0, "expired: verified")
        bench.expect('reason="certificate-expired"' in reply.text, "expired: the reason")
        reply = exporter.ask("/probe?target=127.0.0.1:1&module=plain")
        bench.equal((reply.status, reply.metric("probe_success")), (200, 0), "refused")
        bench.expect(exporter.wait_log("probe failed", 2), "failed probes are logged at debug")
        bench.equal(exporter.log[-1].get("reason"), "connect-refused", "the log's reason")


def parameters(bench):
    """hostname, allowed parameters, the second decoding that must not be"""
    with bench.exporter() as exporter:
        for name, match in (("mx.test", 1), ("other.test", 0)):
            reply = exporter.ask(bench.probe("good", "open", f"&hostname={name}"))
            bench.equal(reply.metric("probe_smtp_certificate_name_match"), match, f"hostname={name}")
            # The module's own server_name wins, as in blackbox_exporter.
            reply = exporter.ask(bench.probe("good", "smtp", f"&hostname={name}"))
            bench.equal(reply.metric("probe_smtp_certificate_name_match"), 1, f"module, hostname={name}")
        reply = exporter.ask(bench.probe("good", "smtp", "&ehlo_name=asked.test&tls=none"))
        bench.expect(reply.has("probe_success 1"), f"allowed parameters: {reply.text[:300]}")
        bench.expect("line EHLO asked.test" in bench.servers.read_events(["exporter/good"]),
                     "the EHLO with the parameter")
        bench.equal(exporter.ask(f"/probe?target=127.0.0.1%253A1&module=plain").status, 400, "%253A")
        config = bench.write("one.yml", "modules:\n  only:\n    tls: none\n")
    with bench.exporter(config=config) as exporter:
        reply = exporter.ask(f"/probe?target={bench.target('plain')}")
        bench.expect(reply.has("probe_success 1"), "the only module is the default")
    config = bench.write("two.yml", "modules:\n  one:\n    tls: none\n  two:\n    tls: none\n")
    with bench.exporter(config=config) as exporter:
        reply = exporter.ask(f"/probe?target={bench.target('plain')}")
        bench.equal(reply.status, 400, "no default among two modules")
        bench.expect("Module parameter is missing" in reply.text, reply.text)


def formats(bench):
    """text 0.0.4, OpenMetrics, gzip, the debug page"""
    with bench.exporter() as exporter:
        for path in ("/metrics", bench.probe("plain")):
            accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
            reply = exporter.ask(path, headers={"Accept": accept})
            bench.equal(reply.headers["Content-Type"], OPENMETRICS, f"{path}: Content-Type")
            bench.expect(reply.text.endswith("\n# EOF\n"), f"{path}: the end {reply.text[-30:]!r}")
            # Several fields are one list; the second decides here.
            lines = [("Accept", "text/plain;version=0.0.4;q=0.5"), ("Accept", OPENMETRICS.split("; ch")[0])]
            reply = exporter.ask_lines(path, lines)
            bench.equal(reply.headers["Content-Type"], OPENMETRICS, f"{path}: two Accept fields")
            reply = exporter.ask(path, headers={"Accept": "nonsense"})
            bench.equal(reply.headers["Content-Type"], TEXT, f"{path}: Content-Type in doubt")
            reply = exporter.ask(path, headers={"Accept-Encoding": "gzip"})
            bench.equal(reply.headers["Content-Encoding"], "gzip", f"{path}: Content-Encoding")
            bench.expect(gzip.decompress(reply.body).startswith(b"# HELP "), f"{path}: gzip")
        reply = exporter.ask(bench.probe("liar", more="&debug=true"))
        bench.equal((reply.status, reply.headers["Content-Type"]), (200, PLAIN), "debug")
        for part in ("Logs for the probe:\n", "\nMetrics that would have been returned:\n",
                     "\nModule configuration:\n"):
            bench.expect(part in reply.text, f"debug: no {part!r}")
        bench.expect("220 <script>" in reply.text and "\x1b" not in reply.text, "debug: the dialogue")
        reply = exporter.ask(bench.probe("liar"))
        bench.expect("<script>" not in reply.text and reply.text.count("\nprobe_success ") == 1,
                     "the server's text is in the metrics")


# the header's value (None: absent), probe_timeout_seconds (None: refused), module
TIMEOUTS = [
    (None, 119.5, "plain"), ("0", 119.5, "plain"), ("10", 9.5, "plain"), ("10.000000", 9.5, "plain"),
    ("1", 0.5, "plain"), ("0.6", 0.1, "plain"), ("0.5", 0.05, "plain"), (".25", 0.025, "plain"),
    ("10", 0.7, "short"), (None, 0.7, "short"), ("1", 0.5, "short"), ("99999999999999999999", 86399.5, "plain"),
    ("NaN", None, "plain"), ("Inf", None, "plain"), ("+Inf", None, "plain"), ("-1", None, "plain"),
    ("1e1", None, "plain"), ("0x10", None, "plain"), ("ten", None, "plain"), ("1,5", None, "plain"),
    ("", None, "plain"), ("1 2", None, "plain"),
]


def timeouts(bench):
    """what the scrape leaves, by its header"""
    with bench.exporter() as exporter:
        for value, seconds, module in TIMEOUTS:
            headers = {} if value is None else {SCRAPE: value}
            reply = exporter.ask(bench.probe("plain", module), headers=headers)
            if seconds is None:
                bench.equal(reply.status, 400, f"{value!r}: status")
                bench.expect(SCRAPE in reply.text, f"{value!r}: {reply.text!r}")
            else:
                bench.equal((reply.status, reply.metric("probe_timeout_seconds")), (200, seconds),
                            f"{value!r}: status and time limit")
    with bench.exporter("--timeout-offset=2") as exporter:
        reply = exporter.ask(bench.probe("plain"), headers={SCRAPE: "5"})
        bench.equal(reply.metric("probe_timeout_seconds"), 3, "--timeout-offset=2")


def deadlines(bench):
    """a silent server costs what the scrape leaves, and a reply comes"""
    with bench.exporter() as exporter:
        for module, header, least in (("plain", "1", 0.5), ("short", "30", 0.7), ("plain", "0.5", 0.05)):
            reply = exporter.ask(bench.probe("silent", module), headers={SCRAPE: header})
            bench.equal((reply.status, reply.metric("probe_success")), (200, 0), "silent")
            bench.expect('reason="deadline-exceeded"' in reply.text, "silent: the reason")
            bench.expect(least - 0.02 <= reply.seconds <= least + 0.4 * FACTOR,
                         f"silent: {reply.seconds:.3f} s instead of {least}")


def many(bench):
    """64 probes at once"""
    with bench.exporter() as exporter, concurrent.futures.ThreadPoolExecutor(64) as pool:
        start = time.monotonic()
        replies = list(pool.map(exporter.ask, [bench.probe("slow")] * 64))
        seconds = time.monotonic() - start
        good = sum(reply.status == 200 and reply.has("probe_success 1") for reply in replies)
        bench.equal(good, 64, "good probes")
        bench.expect(seconds < 3 * FACTOR, f"64 probes of a slow server took {seconds:.1f} s")
        replies = list(pool.map(exporter.ask, [bench.probe("good", "smtp")] * 64))
        good = sum(reply.status == 200 and reply.has("probe_success 1") for reply in replies)
        bench.equal(good, 64, "good probes with TLS")


def caps(bench):
    """max_in_flight and max_per_target: 503 at once"""
    config = bench.write("caps.yml", "modules:\n  plain:\n    tls: none\nexporter:\n"
                         "  max_in_flight: 3\n  max_per_target: 2\n")
    with bench.exporter(config=config) as exporter, concurrent.futures.ThreadPoolExecutor(8) as pool:
        def begin(name, count):
            before = exporter.ask("/metrics").metric("smtp_probe_probes_in_flight")
            asked = pool.submit(exporter.ask, bench.probe(name), "GET", {SCRAPE: "3"})
            while exporter.ask("/metrics").metric("smtp_probe_probes_in_flight") == before:
                time.sleep(0.01)
            return asked
        running = [begin("silent", 1), begin("silent", 2)]
        refused = exporter.ask(bench.probe("silent"))
        running.append(begin("slow", 3))
        full = exporter.ask(bench.probe("plain"))
        for reply, word in ((refused, "max_per_target"), (full, "max_in_flight")):
            bench.equal((reply.status, reply.headers["Retry-After"]), (503, "1"), word)
            bench.expect(word in reply.text, reply.text)
            bench.expect(reply.seconds < 0.1 * FACTOR, f"{word}: {reply.seconds:.3f} s")
        bench.equal([asked.result().status for asked in running], [200] * 3, "those before")
        bench.equal(exporter.ask(bench.probe("plain")).status, 200, "afterwards")
        metrics = exporter.ask("/metrics")
        for cause in ("in_flight", "per_target"):
            bench.expect(metrics.has(f'{REJECTED}{{cause="{cause}"}} 1'), f"the counter of {cause}")


def gone(bench):
    """clients that do not wait for the answer"""
    with bench.exporter() as exporter:
        for name in ("slow", "silent"):
            for _ in range(10):
                with socket.create_connection(exporter.address) as client:
                    client.sendall(f"GET {bench.probe(name, 'short')} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        def in_flight():
            return exporter.ask("/metrics").metric("smtp_probe_probes_in_flight")
        bench.expect(in_flight() > 0, "the probes have begun")
        deadline = time.monotonic() + 5 * FACTOR
        while in_flight() > 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        bench.equal(in_flight(), 0, "probes in flight")
        bench.expect(exporter.ask(bench.probe("plain")).has("probe_success 1"), "a probe afterwards")


def allowed(bench):
    """allow_targets by name and address"""
    config = bench.write("allow.yml", "modules:\n  plain:\n    tls: none\nexporter:\n"
                         f'  allow_targets: ["127.0.0.1", "*.invalid"]\n')
    with bench.exporter(config=config) as exporter:
        bench.expect(exporter.ask(bench.probe("plain")).has("probe_success 1"), "an allowed address")
        reply = exporter.ask("/probe?target=127.0.0.2:25")
        bench.equal(reply.status, 403, "an address that is not allowed")
        bench.expect("allow_targets" in reply.text, reply.text)
        for target in ("lmtp%2Bunix:/run/x", "[::1]:25", "0x7f000002:25", "2130706434:25"):
            reply = exporter.ask(f"/probe?target={target}")
            bench.expect(reply.status in (400, 403) or reply.has("probe_success 0"),
                         f"{target}: {reply.status} {reply.text[:100]}")
        bench.expect(exporter.ask("/metrics").metric(f"{REJECTED}") is not None, "the counter")
        bench.expect(exporter.ask("/-/healthy").status == 200, "alive")


def history(bench):
    """--history.limit, and failures that are kept longer"""
    with bench.exporter("--history.limit=2") as exporter:
        exporter.ask("/probe?target=127.0.0.1:1&module=plain")
        for _ in range(4):
            exporter.ask(bench.probe("plain"))
        statuses = [exporter.ask(f"/history/{number}").status for number in range(1, 7)]
        bench.equal(statuses, [200, 404, 404, 200, 200, 404], "pages 1 to 6")


def prefix(bench):
    """paths behind a prefix"""
    with bench.exporter("--web.external-url=https://mon.example/smtp/") as exporter:
        bench.equal(exporter.ask("/smtp/-/healthy").status, 200, "with the prefix")
        bench.equal(exporter.ask("/-/healthy").status, 404, "without")
        reply = exporter.ask("/")
        bench.equal((reply.status // 100, reply.headers["Location"]), (3, "/smtp/"), "the way to it")
        bench.expect('"/smtp/style.css"' in exporter.ask("/smtp/").text, "links have the prefix")
    with bench.exporter("--web.external-url=https://mon.example/smtp/", "--web.route-prefix=/") as exporter:
        bench.equal(exporter.ask("/-/healthy").status, 200, "the proxy takes the prefix away")
        bench.expect('"/smtp/style.css"' in exporter.ask("/").text, "links have it all the same")
    with bench.exporter("--web.route-prefix=/smtp") as exporter:
        exporter.ask("/smtp" + bench.probe("plain"))
        page = exporter.ask("/smtp/").text
        links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', page))
        bench.expect({"/smtp/style.css", "/smtp/history/1"} <= links, f"links behind a route prefix: {links}")
        for link in links:
            bench.equal(exporter.ask(link.replace("&amp;", "&")).status, 200, f"the link {link}")


CASES = [paths, sites, success, failures, parameters, formats, timeouts, deadlines, many, caps, gone, allowed,
         history, prefix]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only")
    return run_cases(CASES, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
