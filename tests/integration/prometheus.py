# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus with the shipped scrape configurations, rules and dashboard, two real exporters, and
mail servers that behave well and badly. Only addresses, paths and durations of the shipped files change.

    prometheus.py --exporter build/smtp-probe-exporter --server build/smtp-test-server --work DIRECTORY
"""

import argparse
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

import prometheus_dashboard
from failures import Failures
from peer_root import Unavailable
from prometheus_site import (SHIPPED, Exporter, MailServers, Prometheus, find_programs, free_network, get,
                             wait_until)

SKIPPED = 77
LIMIT_S = 560  # ctest's own limit is later than this; most of it is for a download
FORBIDDEN = "192.0.2.25:25"
FINE = ("1", "0", "done", "ok")

# (server, module): probe_success, probe_smtp_state, stage, reason
EXPECTED = {
    ("good", "smtp_starttls"): FINE,
    ("rsa", "smtp_starttls"): FINE,
    ("slow", "smtp_starttls"): FINE,
    ("implicit", "submissions"): FINE,
    ("good", "smtp"): FINE,
    ("plain", "smtp"): ("1", "1", "done", "ok"),
    ("old", "smtp_old"): ("1", "1", "done", "ok"),
    ("expired", "smtp_starttls"): ("0", "2", "verify", "certificate-expired"),
    ("soon", "smtp_starttls"): ("0", "2", "verify", "certificate-expires-soon"),
    ("wrong-host", "smtp_starttls"): ("0", "2", "verify", "certificate-host-mismatch"),
    ("plain", "smtp_starttls"): ("0", "2", "starttls", "starttls-not-supported"),
    ("refused", "smtp_starttls"): ("0", "2", "connect", "connect-refused"),
    ("silent", "smtp_starttls"): ("0", "2", "banner", "deadline-exceeded"),
    ("busy", "smtp"): ("0", "1", "banner", "service-not-available"),
    ("not-today", "smtp_starttls"): ("0", "1", "starttls", "starttls-temporary"),
}
STATIC = [("good", "smtp_starttls"), ("rsa", "smtp_starttls"), ("implicit", "submissions")]
LISTED = [("good", "smtp_starttls"), ("plain", "smtp")]  # by the exporter's configuration

EXPORTER_YML = """\
modules:
  smtp: {{ca_file: {ca}, server_name: mx.test}}
  smtp_starttls: {{tls: starttls, ca_file: {ca}, server_name: mx.test, timeout: 10s}}
  submissions: {{tls: implicit, ca_file: {ca}, server_name: mx.test}}
  smtp_old: {{tls: starttls, tls_min: 1.1, ca_file: {ca}, server_name: mx.test}}
exporter:
  allow_targets: [127.0.0.0/8]
  max_per_target: 50
  targets:
    - {{target: "{good}", module: smtp_starttls, labels: {{site: north}}}}
    - {{target: "{plain}", module: smtp}}
"""


class Suite:
    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.failures, self.running = Failures(), []
        self.programs = find_programs(arguments.work, "prometheus")

    # --- what is started --------------------------------------------------------------------------

    def target(self, server):
        return f"127.0.0.1:{self.servers[server]}"

    def rewrite(self, name, *replacements):
        """The shipped file with other addresses and durations, into our directory."""
        text = (SHIPPED / name).read_text()
        for pattern, new in replacements:
            text, count = re.subn(pattern, lambda _, new=new: new, text)
            self.failures.expect(count > 0, f"{name} has nothing that matches {pattern}")
        (self.directory / name).write_text(text)

    def write_targets(self, extra=()):
        groups = [{"targets": [self.target(server)], "labels": {"module": module, "site": "test"}}
                  for server, module in [*EXPECTED, *extra]]
        groups.append({"targets": [FORBIDDEN], "labels": {"module": "smtp", "site": "test"}})
        temporary = self.directory / "targets.new"
        temporary.write_text(json.dumps(groups))  # JSON is YAML too
        temporary.rename(self.directory / "targets.example.yml")

    def configure(self, prefix, port):
        self.write_targets()
        first, second = f"{prefix}.10:{port}", f"{prefix}.11:{port}"
        self.rewrite("prometheus.yml",
                     (r"targets: \[127\.0\.0\.1:10587\]", f"targets: ['{first}', '{second}']"),
                     (r"127\.0\.0\.1:10587", first),
                     (r"smtp-probe-\$\{1\}\.example\.org:10587", f"{prefix}.1${{1}}:{port}"),
                     (r"\[mx1\.example\.org, mx2\.example\.org\]",
                      f"['{self.target('good')}', '{self.target('rsa')}']"),
                     (r"\[mail\.example\.org:465\]", f"['{self.target('implicit')}']"),
                     (r"(scrape_interval|scrape_timeout|evaluation_interval|refresh_interval): \d+s",
                      "DURATION"))
        path = self.directory / "prometheus.yml"
        text = path.read_text()
        # In the order of the file; a probe has 1.5 s.
        for line in ("scrape_interval: 2s", "scrape_timeout: 2s", "evaluation_interval: 1s",
                     "refresh_interval: 1s"):
            text = text.replace("DURATION", line, 1)
        path.write_text(text)
        self.rewrite("recording.yml", (r"interval: 5m", "interval: 1s"))
        self.rewrite("alerts.yml", (r"for: \d+[mh]", "for: 1s"))

    def start(self):
        self.servers = self.keep(MailServers(self.arguments.server, self.directory))
        prefix, port = free_network()
        configuration = EXPORTER_YML.format(ca=self.servers.ca, good=self.target("good"),
                                            plain=self.target("plain"))
        self.exporters = [
            self.keep(Exporter(self.arguments.exporter, number, f"{prefix}.1{number}:{port}",
                               self.directory, configuration)) for number in (0, 1)]
        self.configure(prefix, port)
        self.prometheus = self.keep(Prometheus(self.programs[0], f"{prefix}.10:{port + 1}",
                                               self.directory, self.directory / "prometheus.yml"))

    def keep(self, program):
        self.running.append(program)
        return program

    def stop(self):
        for program in reversed(self.running):
            program.stop()

    # --- what must come of it ---------------------------------------------------------------------

    def wanted(self):
        """(job, instance, module) of every scrape."""
        probes = [("smtp", key) for key in STATIC] + [("smtp-sd", key) for key in LISTED]
        probes += [(job, key) for job in ("smtp-files", "smtp-sharded") for key in EXPECTED]
        return {(job, self.target(server), module) for job, (server, module) in probes}

    def test_targets(self):
        """All are found, scraped, and up, but for the one that the exporter must refuse."""
        def scraped():
            targets = self.prometheus.targets()
            # Two scrapes each, for rates.
            return targets if len(targets) >= len(self.wanted()) + 4 and all(
                target["health"] != "unknown" for target in targets) else None
        targets = wait_until(scraped, "scrape of every target", 30)
        found = {}
        for target in targets:
            labels = target["labels"]
            found[labels["job"], labels["instance"], labels.get("module")] = target
        for key, target in found.items():
            if key[1] == FORBIDDEN:
                self.failures.expect("403" in target["lastError"], f"{key}: {target['lastError']!r}")
            else:
                self.failures.equal((target["health"], target["lastError"]), ("up", ""), f"health of {key}")
        exporters = {("smtp-probe-exporter", each.address, None) for each in self.exporters}
        refused = {(job, FORBIDDEN, "smtp") for job in ("smtp-files", "smtp-sharded")}
        self.failures.equal(set(found), self.wanted() | exporters | refused, "targets")
        labels = found["smtp-sd", self.target("good"), "smtp_starttls"]["labels"]
        self.failures.equal(labels.get("site"), "north", "label of the exporter's own list")

    def test_values(self):
        """What each server is, in each job that probes it."""
        values = {}
        for metric in ("probe_success", "probe_smtp_state"):
            for labels, value in self.prometheus.query(metric):
                key = labels["job"], labels["instance"], labels["module"]
                values.setdefault(key, []).append(value)
        for labels, value in self.prometheus.query("probe_smtp_failure_reason"):
            self.failures.equal(value, "1", "value of probe_smtp_failure_reason")
            key = labels["job"], labels["instance"], labels["module"]
            values[key] += [labels["stage"], labels["reason"]]
        names = {self.target(server): server for server, _ in EXPECTED}
        for key in sorted(self.wanted()):
            wanted = EXPECTED[names[key[1]], key[2]]
            self.failures.equal(tuple(values.pop(key, ())), wanted, f"{key[0]}, {names[key[1]]}, {key[2]}")
        self.failures.equal(values, {}, "probes that nobody asked for")

    def test_shards(self):
        """Each target at one exporter, both exporters in use, and nothing probed at the wrong one."""
        places = {}
        for target in self.prometheus.targets():
            if target["labels"]["job"] == "smtp-sharded":
                key = target["labels"]["instance"], target["labels"]["module"]
                places.setdefault(key, set()).add(target["scrapeUrl"].split("/")[2])
        self.failures.equal(len(places), len(EXPECTED) + 1, "number of sharded targets")
        for key, hosts in places.items():
            self.failures.equal(len(hosts), 1, f"number of exporters that probe {key}")
        self.failures.equal(set().union(*places.values()), {each.address for each in self.exporters},
                            "exporters in use")
        # The second exporter has nothing to do but its share.
        _, _, body = get(f"{self.exporters[1].url}/api/v1/status")
        seen = {(each["target"], each["module"]) for each in json.loads(body)["endpoints"]}
        share = {key for key, hosts in places.items() if hosts == {self.exporters[1].address}}
        self.failures.equal(seen, {key for key in share if key[0] != FORBIDDEN},
                            "targets that the second exporter has seen")

    def test_formats(self):
        """Prometheus asks for OpenMetrics: only there a metric has a unit."""
        for metric, wanted in (("probe_duration_seconds", ("gauge", "seconds")),
                               ("process_resident_memory_bytes", ("gauge", "bytes"))):
            found = self.prometheus.api("targets/metadata", metric=metric)
            self.failures.equal({(each["type"], each["unit"]) for each in found}, {wanted},
                                f"type and unit of {metric}")
        url = f"{self.exporters[0].url}/probe?target={self.target('good')}&module=smtp_starttls"
        # What Prometheus 2.42 sends.
        accept = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                  "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        for header, kind in (({"Accept": accept}, "application/openmetrics-text; version=1.0.0"),
                             ({}, "text/plain; version=0.0.4")):
            for address in (url, f"{self.exporters[0].url}/metrics"):
                status, headers, body = get(address, header)
                self.failures.equal((status, headers["Content-Type"]), (200, f"{kind}; charset=utf-8"),
                                    f"Content-Type of {address}")
                self.failures.equal(body.endswith("# EOF\n"), "openmetrics" in kind, "end by # EOF")

    def test_rules(self):
        """All shipped rules are evaluated without an error, and what is recorded has data."""
        def evaluated():
            groups = self.prometheus.api("rules")["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            return rules if all(rule["health"] != "unknown" for rule in rules) else None
        rules = wait_until(evaluated, "evaluation of every rule")
        for rule in rules:
            self.failures.equal((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
            if rule["type"] == "recording":
                self.wait_data(rule["name"])
        self.failures.expect(len(rules) > 20, f"only {len(rules)} rules are loaded")

    def wait_data(self, expression):
        try:
            return wait_until(lambda: self.prometheus.query(expression), f"data of {expression}", 15)
        except RuntimeError as error:
            self.failures.expect(False, str(error))
            return []

    def test_reload(self):
        """A file that is wrong changes nothing, and is told."""
        exporter = self.exporters[1]
        good = exporter.configuration.read_text()
        exporter.configuration.write_text(good.replace("max_per_target", "max_per_taget"))
        status, _, body = get(f"{exporter.url}/-/reload", data=b"")
        self.failures.equal(status, 500, "answer to a reload of a wrong file")
        self.failures.expect("max_per_target" in body, f"the answer has no suggestion: {body!r}")
        for _ in range(2):
            get(f"{exporter.url}/probe?target=127.0.0.1&module=nowhere")
            self.wait_scrapes()

    def wait_scrapes(self):
        """Until both exporters' own metrics were scraped once more."""
        query = 'max(timestamp(up{job="smtp-probe-exporter"}))'
        last = self.prometheus.query(query)[0][1]
        wait_until(lambda: self.prometheus.query(query)[0][1] > last, "scrape of the exporters")

    def test_alerts(self):
        """What is ill fires, what is well does not."""
        second = self.exporters[1].address
        wanted = {
            ("SmtpEndpointDown", "refused"), ("SmtpEndpointDown", "silent"), ("SmtpEndpointDown", "busy"),
            ("SmtpStateCritical", "expired"), ("SmtpStateCritical", "wrong-host"),
            ("SmtpStateWarning", "not-today"), ("SmtpStateWarning", "old"),
            ("SmtpCertificateEndsVerySoon", "expired"), ("SmtpCertificateEndsVerySoon", "soon"),
            ("SmtpCertificateEndsSoon", "soon"), ("SmtpTlsVersionOld", "old"),
        }
        wanted = {(alert, self.target(server)) for alert, server in wanted} | {
            ("SmtpProbeScrapeFailed", FORBIDDEN),
            ("SmtpProbeExporterReloadFailed", second), ("SmtpProbeExporterUnknownModule", second)}
        try:
            wait_until(lambda: wanted <= self.prometheus.firing(), "alerts", 15)
        except RuntimeError:
            self.failures.equal(wanted - self.prometheus.firing(), set(), "alerts that do not fire")
        firing = self.prometheus.firing()
        self.failures.expect("SmtpProbeExporterRejects" in {alert for alert, _ in firing},
                             "the refused target does not make SmtpProbeExporterRejects fire")
        for server in ("good", "rsa", "implicit", "slow"):
            self.failures.equal({alert for alert, instance in firing if instance == self.target(server)},
                                set(), f"alerts of {server}")
        # Annotations ask Prometheus for the reason.
        down = [alert["annotations"]["description"] for alert in self.prometheus.api("alerts")["alerts"]
                if alert["labels"]["alertname"] == "SmtpEndpointDown" and
                alert["labels"]["instance"] == self.target("refused")]
        self.failures.expect(down and all("connect-refused in stage connect" in text for text in down),
                             f"descriptions of SmtpEndpointDown: {down}")

    def test_dashboard(self):
        dashboard = prometheus_dashboard.load()
        prometheus_dashboard.check_shape(dashboard, self.failures)
        count = prometheus_dashboard.check_queries(dashboard, self.prometheus, self.failures)
        self.failures.expect(count > 40, f"only {count} queries were asked")

    def test_discovery(self):
        """A target that is added to the file is probed without a restart."""
        self.write_targets([("late", "smtp_starttls")])
        query = f'probe_success{{instance="{self.target("late")}"}} == 1'
        wait_until(lambda: len(self.prometheus.query(query)) == 2, "probe of the new target")

    def test_exporter_down(self):
        self.failures.equal(self.exporters[1].stop(), 0, "exit code of an exporter after SIGTERM")
        alert = "SmtpProbeExporterDown", self.exporters[1].address
        wait_until(lambda: alert in self.prometheus.firing(), "SmtpProbeExporterDown")
        self.failures.expect(("SmtpProbeExporterDown", self.exporters[0].address) not in
                             self.prometheus.firing(), "the other exporter is said to be down")

    def run(self):
        for name in ("start", "test_targets", "test_values", "test_shards", "test_formats", "test_rules",
                     "test_reload", "test_alerts", "test_dashboard", "test_discovery",
                     "test_exporter_down"):
            begin = time.monotonic()
            try:
                getattr(self, name)()
            except (RuntimeError, OSError, ValueError, LookupError):
                self.failures.expect(False, traceback.format_exc())
            self.failures.close_case(f"{name:20} {time.monotonic() - begin:5.1f} s")
            if name == "start" and self.failures.total:
                break
        return self.failures.total


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


def main():
    parser = argparse.ArgumentParser()
    for option in ("exporter", "server", "work"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as name:
        try:
            suite = Suite(arguments, pathlib.Path(name))
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
        try:
            wrong = suite.run()
            for program in suite.running if wrong else ():
                if hasattr(program, "tail"):
                    print(f"--- the end of {program.name}'s log", program.tail(), sep="\n")
        finally:
            suite.stop()
    print(f"prometheus: {wrong} wrong" if wrong else "prometheus: all as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
