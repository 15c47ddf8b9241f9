# SPDX-License-Identifier: GPL-3.0-or-later
"""One Icinga 2 with the shipped configuration: every state, every option, the shipped services."""

import dataclasses
import json
import re
import shutil

from monitoring_icinga import Icinga

HOST = "mx.test"
PHASES = ["time", "time_connect", "time_banner", "time_ehlo", "time_starttls", "time_tls",
          "time_ehlo_tls", "time_quit", "cert_days"]
PLAIN = ["time", "time_connect", "time_banner", "time_ehlo", "time_quit"]


@dataclasses.dataclass
class Case:
    """A service made by the shipped rule for smtp_probe, and what must come of its check."""
    settings: dict
    argv: list                 # behind the plugin's path
    state: int
    first: str                 # pattern of the first line
    labels: list               # of the performance data, in order
    more: tuple = ()           # patterns that must be somewhere in the further lines
    limits: dict = dataclasses.field(default_factory=dict)  # label: (warn, crit) as Icinga has them


def cases(servers, ca):
    """By name. What the variables become on the command line is written out by hand."""
    port = {name: str(number) for name, number in servers.ports.items()}
    good, refused = (f"127.0.0.1:{port[name]}" for name in ("good", "refused"))

    def case(server, tls, state, first, labels, argv=(), more=(), limits=None, **settings):
        """One server by -H and -p; `argv`: what else stands there, sorted as Icinga does."""
        pairs = [("--hostname", "127.0.0.1"), ("--port", port[server]), ("--server-name", HOST),
                 ("--tls", tls), *argv]
        words = [word for pair in sorted(pairs, key=lambda pair: pair[0]) for word in pair]
        settings |= {"smtp_probe_port": servers[server], "smtp_probe_tls": tls}
        return Case(settings, words, state, first, labels, more, limits or {})

    yield "starttls", case("good", "starttls", 0, r"SMTP OK - TLSv1\.3, certificate valid .*",
                           PHASES)
    yield "implicit", case(
        "implicit", "implicit", 0, r"SMTP OK - TLSv1\.3, .*",
        [label for label in PHASES if label not in ("time_ehlo", "time_starttls")])
    # A simple maximum is a number for Icinga; of other ranges it knows nothing.
    yield "slow", case(
        "good", "starttls", 1, r"SMTP WARNING - .*", PHASES,
        [("--warning", "total=0.000001"), ("--warning", "connect=@7:8"), ("--critical", "~:60")],
        more=[r"\[WARNING\] threshold-exceeded .*"],
        limits={"time": (0.000001, 60), "time_connect": (None, None), "cert_days": (None, None)},
        smtp_probe_warning=["total=0.000001", "connect=@7:8"], smtp_probe_critical="~:60")
    yield "expired", case(
        "expired", "starttls", 2, r"SMTP CRITICAL - the server's certificate expired .*", PHASES,
        more=[r"\[CRITICAL\] certificate-expired \(verify\): .*"])
    yield "refused", case(
        "refused", "none", 2, rf"SMTP CRITICAL - connection refused by 127\.0\.0\.1 port \d+",
        ["time", "time_connect"])
    yield "silent", case(
        "silent", "none", 3, r"SMTP UNKNOWN - .*", ["time", "time_connect", "time_banner"],
        [("--timeout", "3s:UNKNOWN")], smtp_probe_timeout="3s:UNKNOWN")
    yield "usage", case(
        "good", "starttls", 3, r"SMTP UNKNOWN - --per-host: .*", [],
        [("--per-host", "many")], smtp_probe_per_host="many")
    # `|` of a server must not become performance data of its own.
    yield "liar", case(
        "liar", "none", 2, r"SMTP CRITICAL - [^|<]*", PLAIN,
        [("--verbose", )] * 3, smtp_probe_verbose=3)
    yield "ipv6", Case(
        {"smtp_probe_port": servers["six"], "smtp_probe_tls": "starttls", "smtp_probe_ipv6": True},
        ["--hostname", "::1", "--ipv6", "--port", port["six"], "--server-name", HOST,
         "--tls", "starttls"], 0, r"SMTP OK - TLSv1\.3, .*", PHASES)
    yield "two targets", Case(
        {"smtp_probe_targets": [good, refused], "smtp_probe_tls": "none"},
        ["--tls", "none", "--", good, refused], 2, "SMTP CRITICAL - 2 endpoints: 1 critical, 1 ok",
        [f"{good} {label}" for label in PLAIN]
        + [f"{refused} {label}" for label in ("time", "time_connect")],
        [rf"\[OK\] {re.escape(good)} - .*", rf"\[CRITICAL\] {re.escape(refused)} - .*"])
    yield "lmtp", Case(
        {"smtp_probe_targets": f"lmtp://127.0.0.1:{port['lmtp']}", "smtp_probe_tls": "none"},
        ["--tls", "none", "--", f"lmtp://127.0.0.1:{port['lmtp']}"], 0, "SMTP OK - .*", PLAIN)
    # Empty variables, as Icinga Director writes them, are none.
    yield "empty variables", case("plain", "none", 0, "SMTP OK - .*", PLAIN,
                                  smtp_probe_targets="", smtp_probe_verbose="")
    # A value from a variable is a word, whatever stands in it.
    yield "no shell", case(
        "plain", "none", 1, r"SMTP WARNING - the banner .*", PLAIN,
        [("--expect", "$(id) `id`; id")], smtp_probe_expect="$$(id) `id`; id")
    # Where a password is said to be; with "none" it is not looked for.
    for name, value in (("password_fd", "0"), ("password_env", "SECRET"), ("token_file", "token")):
        yield name, case("plain", "none", 0, "SMTP OK - .*", PLAIN,
                         [("--auth", "none"), (f"--{name.replace('_', '-')}", value)],
                         **{"smtp_probe_auth": "none", f"smtp_probe_{name}": value})
    yield "every option", every_option(servers, ca)


def every_option(servers, ca):
    home = ca.rpartition("/")[0]
    settings = {
        "port": servers["good"], "tls": "starttls", "tls_min": "1.2", "tls_max": "1.2",
        "server_name": HOST, "ipv4": True, "ipv6": False, "all_addresses": True,
        "source_address": "127.0.0.1", "ehlo_name": "probe.test", "connect_timeout": "2s",
        "reply_timeout": "3s", "timeout": "9s:UNKNOWN", "concurrency": 5, "per_host": 2,
        "rate": 100, "dns_server": "127.0.0.1:53", "verify": "require", "ca_file": ca,
        "ca_dir": home + "/roots", "cert_warning": "~:", "cert_critical": "@0:1",
        "ciphers": "ECDHE-RSA-AES128-GCM-SHA256,ECDHE-ECDSA-AES128-GCM-SHA256",
        "groups": "x25519,secp256r1", "alpn": "smtp", "cert": home + "/client-only.pem",
        "key": home + "/client-only.key", "key_password_file": home + "/passphrase",
        "crl_file": home + "/crl-good.pem", "ocsp": "staple", "tls_policy": "old",
        "pin": ["spki:" + "0" * 64, "spki:" + servers.key_digest("good")],
        "user": "monitor@example.org", "password_file": home + "/passphrase", "auth": "none",
        "auth_insecure": True, "expect_reply": ["banner=220", "ehlo=2xx"],
        "expect": "ESMTP", "require_capability": ["SIZE", "8BITMIME"],
        "forbid_capability": "CHUNKING", "warning": ["50", "connect=20"], "critical": "90",
        "transcript": True, "verbose": 2, "quiet": True,
    }
    words = ["--hostname", "127.0.0.1"]
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if name == "verbose":
            words += [option] * value
        elif value is True:
            words.append(option)
        elif value is not False:
            for each in value if isinstance(value, list) else [value]:
                words += [option, str(each)]
    return Case({f"smtp_probe_{name}": value for name, value in settings.items()},
                words, 0, r"SMTP OK - TLSv1\.2, .*", PHASES,
                limits={"time": (50, 90), "time_connect": (20, None)})


def write(value):
    """A value as Icinga's configuration has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {write(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


class IcingaOne(Icinga):
    def configure(self):
        self.cases = dict(cases(self.servers, self.ca))
        (self.home / "roots").mkdir()
        shutil.copy(self.home / "root.pem", self.home / "roots")
        (self.home / "passphrase").write_text("of a key that needs none\n")
        for name in ("client-only.pem", "client-only.key", "crl-good.pem"):
            shutil.copy(self.servers.ca.parent / name, self.home)
            (self.home / name).chmod(0o644)
        super().configure()

    def objects(self):
        rules = "".join(f"  vars.smtp_probe[{write(name)}] = {write(case.settings)}\n"
                        for name, case in self.cases.items())
        return f"""
object Endpoint NodeName {{ }}
object Zone "master" {{ endpoints = [ NodeName ] }}
include "shipped/icinga2.conf"
include "shipped/icinga2-hosts.conf"
object Host "{HOST}" {{
  check_command = "dummy"
  address = "127.0.0.1"
  address6 = "::1"
  vars.mail_services = [ "mx", "submission", "submissions" ]
  vars.smtp_probe_site_ca_file = "{self.ca}"
{rules}}}
"""

    # --- what must come of it ---------------------------------------------------------------

    def test(self, failures):
        names = {f"{HOST}!{name}": case for name, case in self.cases.items()}
        results = self.check(*names)
        for name, case in names.items():
            self.judge(failures, name, case, results[name])
            if not failures.close_case(f"icinga2: {name}"):
                print(json.dumps(results[name], indent=1))
        self.judge_process(failures)
        failures.close_case("icinga2: the process itself")
        self.judge_every_option(failures)
        failures.close_case("icinga2: no argument is left out")
        self.test_shipped_services(failures)
        failures.close_case("icinga2: the shipped services")

    def judge(self, failures, name, case, result):
        first, *more = result["output"].split("\n")
        wanted = [f"{self.plugins}/check_smtp_probe", *case.argv]
        if name.endswith("every option"):
            failures.equal(sorted(result["command"]), sorted(wanted), "command, sorted")
        else:
            failures.equal(result["command"], wanted, "command")
        failures.equal(result["state"], case.state, "state")
        failures.equal(result["exit_status"], case.state, "exit_status")
        failures.equal(result["check_source"], self.node, "check_source")
        failures.matches(first, case.first, "first line")
        # Only a wrong call is told in full.
        failures.expect(len(first) < 80 or name.endswith("usage"), f"{len(first)} columns")
        for pattern in case.more:
            failures.expect(any(re.fullmatch(pattern, line) for line in more),
                            f"no line matches {pattern!r}: {more}")
        self.judge_perfdata(failures, name, case, result)

    def judge_perfdata(self, failures, name, case, result):
        parsed = self.parse_perfdata(name)
        failures.equal(len(parsed), len(result["performance_data"]), "number of parsed values")
        failures.equal([each["label"] for each in parsed], case.labels, "labels")
        for each, text in zip(parsed, result["performance_data"]):
            failures.equal(each["value"], float(re.search(r"=(-?[0-9.]+)", text)[1]), text)
            label = each["label"].rpartition(" ")[2]
            is_time = label.startswith("time")
            failures.equal(each["unit"], "seconds" if is_time else "", f"unit of {label}")
            failures.expect(each["value"] > 0 or not is_time, f"{label} is {each['value']}")
            if label == "cert_days":
                failures.expect((each["value"] < 0) == (name == f"{HOST}!expired"),
                                f"cert_days is {each['value']}")
            if label in case.limits:
                failures.equal((each["warn"], each["crit"]), case.limits[label],
                               f"warn and crit of {label}")

    def judge_process(self, failures):
        """The plugin as the kernel shows it while a server keeps it waiting."""
        name = "silent"
        self.force(f"{HOST}!{name}")
        process = self.wait_until(lambda: self.find_plugin(str(self.servers[name])),
                                  "process of the plugin")
        argv, environment = (process / "cmdline", process / "environ")
        failures.equal(argv.read_text().split("\0")[1:-1], self.cases[name].argv, "argv")
        failures.expect(f"SMTP_PROBE_CA_FILE={self.ca}" in environment.read_text().split("\0"),
                        "SMTP_PROBE_CA_FILE is not in the environment")

    def judge_every_option(self, failures):
        """The service with every option has used every argument of the command."""
        command = self.ask("GET", "/v1/objects/checkcommands/smtp_probe", attrs=["arguments"])
        known = set(command[0]["attrs"]["arguments"]) - {"--", "TARGET"}
        used = {word for case in self.cases.values() for word in case.argv
                if word.startswith("--") and word != "--"}
        failures.equal(known - used, set(), "arguments that no case has")
        failures.equal(used - known, set(), "options that are no argument")

    def test_shipped_services(self, failures):
        """The apply rules as shipped; only the ports are those of the scripted servers."""
        wanted = {"mx": ("good", "25", 0), "submission": ("good", "587", 0),
                  "submissions": ("implicit", "465", 0), "mail-certificate": ("expired", "25", 2)}
        for name, (_, port, _) in wanted.items():
            before = self.ask("GET", f"/v1/objects/services/{HOST}!{name}", attrs=["vars"])
            failures.equal(str(before[0]["attrs"]["vars"]["smtp_probe_port"]), port,
                           f"port of {name}")
        for name, (server, _, _) in wanted.items():
            self.set_variables(f"{HOST}!{name}", smtp_probe_port=self.servers[server])
        for name, result in self.check(*(f"{HOST}!{name}" for name in wanted)).items():
            state = wanted[name.partition("!")[2]][2]
            failures.equal(result["state"], state, f"state of {name}: {result['output']!r}")
            # The authority came by the environment.
            failures.expect(not any(self.ca in word or "ca-file" in word
                                    for word in result["command"]), f"command of {name}")
        found = {f"{host}!{service}" for host, services in {
            "mx1.example.org": [*wanted], "relay.example.org": ["mx", "mail-certificate", "lmtp"],
            "example.org": ["all MX"]}.items() for service in services}
        found |= {f"{HOST}!{name}" for name in [*wanted, *self.cases]}
        failures.equal(self.services(), found, "services")
        parents = self.ask("GET", "/v1/objects/dependencies",
                           attrs=["parent_service_name", "child_service_name"])
        failures.equal({(each["attrs"]["parent_service_name"], each["attrs"]["child_service_name"])
                        for each in parents}, {("mx", "mail-certificate")}, "dependencies")
