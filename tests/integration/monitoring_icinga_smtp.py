# SPDX-License-Identifier: GPL-3.0-or-later
"""Icinga's own CheckCommand "smtp", of which not a word is changed, calls our plugin as check_smtp.

And the shipped smtp_probe_compat, which takes the same variables and keeps the password to itself.
"""

import dataclasses
import json
import os

from monitoring_icinga import Icinga
from monitoring_icinga_one import write
from monitoring_site import PASSWORD

HOST = "old.test"
TIME = r"{state} - [0-9]+\.[0-9]{{3}} sec\. response time"
# The item of check_smtp: value, -w, -c and minimum, all by "%f".
OK = TIME.format(state="SMTP OK")


@dataclasses.dataclass
class Case:
    settings: dict            # variables of the service
    argv: list                # behind the plugin's path
    state: int
    first: str                # pattern of the output's first line
    limits: tuple = (None, None)
    has_time: bool = True     # performance data
    command: str = "smtp"


def cases(servers, ca):
    port = {name: str(number) for name, number in servers.ports.items()}
    host = ["-H", "127.0.0.1"]

    def at(name, *argv, **settings):
        """Variables and words for one server; `argv` stands where Icinga sorts it."""
        words = sorted([("-H", "127.0.0.1"), ("-p", port[name]), *argv], key=lambda pair: pair[0])
        return ({"smtp_port": servers[name]} | settings, [word for pair in words for word in pair])

    yield "plain", Case(*at("plain"), 0, OK)
    yield "times", Case(*at("plain", ("-w", "20"), ("-c", "30"), ("-t", "9"), ("-4",),
                            smtp_warning=20, smtp_critical=30, smtp_timeout=9, smtp_ipv4=True),
                        0, OK, (20, 30))
    yield "slow", Case(*at("plain", ("-w", "0.000001"), ("-c", "30"), smtp_warning="0.000001",
                           smtp_critical=30), 1, TIME.format(state="SMTP WARNING"), (0.000001, 30))
    yield "starttls", Case(*at("good", ("-S",), smtp_starttls=True), 0, OK)
    # For check_smtp of 2.3 and 2.4 this was the end of the check.
    certificate = r"'mx\.test' (will expire|expired) on .*"
    yield "certificate", Case(
        *at("good", ("-S",), ("-D", "21,7"), smtp_starttls=True, smtp_certificate_age="21,7"), 0,
        "OK - Certificate " + certificate)
    yield "certificate alone", Case(*at("expired", ("-D", "21"), smtp_certificate_age=21), 2,
                                    "CRITICAL - Certificate " + certificate)
    yield "refused", Case(*at("refused"), 2,
                          r"connect to address 127\.0\.0\.1 .*: Connection refused")
    yield "no TLS", Case(*at("plain", ("-S",), smtp_starttls=True), 1,
                         "WARNING - TLS not supported by server", has_time=False)
    yield "expect", Case(*at("plain", ("-e", "220 other"), smtp_expect="220 other"), 1,
                         r"Invalid SMTP response received from host.*", has_time=False)
    yield "dialogue", Case(*at("plain", ("-C", "NOOP"), ("-R", "250"), ("-f", "a@b.test"),
                               ("-F", "probe.test"), smtp_command="NOOP", smtp_response="250",
                               smtp_mail_from="a@b.test", smtp_helo_fqdn="probe.test"), 0, OK)
    # Icinga writes a word behind -q, and what follows is meant all the same.
    yield "quit", Case(*at("plain", ("-q", "true"), ("-w", "20"), ("-t", "9"),
                           smtp_ignore_quit=True, smtp_warning=20, smtp_timeout=9), 0, OK,
                       (20, None))
    yield "timeout behind -q", Case(
        *at("silent", ("-q", "true"), ("-t", "1"), smtp_ignore_quit=True, smtp_timeout=1), 2,
        "CRITICAL - Socket timeout after 1 seconds", has_time=False)
    login = {"smtp_authtype": "LOGIN", "smtp_authuser": "monitor", "smtp_authpass": PASSWORD}
    words = [("-A", "LOGIN"), ("-U", "monitor")]
    yield "login", Case(*at("login", *words, ("-P", PASSWORD), **login), 0, OK)
    # By the shipped command: the password leaves the command line, all else is as before.
    hidden = words + [("--password-env", "SMTP_PASSWORD")]
    yield "login by environment", Case(*at("login", *hidden, **login), 0, OK,
                                       command="smtp_probe_compat")
    yield "wrong password", Case(*at("login", *hidden, **login | {"smtp_authpass": "Forgotten"}), 2,
                                 r"SMTP CRITICAL - recv\(\) failed after sending authpass, .*",
                                 command="smtp_probe_compat")
    file = ca.rpartition("/")[0] + "/password"
    yield "login by file", Case(
        *at("login", *words, ("--password-file", file), smtp_authtype="LOGIN",
            smtp_authuser="monitor", smtp_password_file=file), 0, OK, command="smtp_probe_compat")
    yield "proxy", Case(*at("proxied", ("-r",), smtp_proxy=True), 0, OK,
                        command="smtp_probe_compat")
    yield "strict", Case(*at("good", ("-S",), ("--strict",), ("--sni",), ("--ca-file", ca),
                             ("--server-name", "mx.test"), smtp_starttls=True, smtp_strict=True,
                             smtp_sni=True, smtp_ca_file=ca, smtp_server_name="mx.test"), 0, OK,
                         command="smtp_probe_compat")
    yield "other name", Case(*at("good", ("-S",), ("--strict",), ("--ca-file", ca),
                                 ("--server-name", "other.test"), smtp_starttls=True,
                                 smtp_strict=True, smtp_ca_file=ca, smtp_server_name="other.test"),
                             2, "SMTP CRITICAL - .*certificate.*", command="smtp_probe_compat")
    yield "implicit", Case(*at("implicit", ("-s",), smtp_ssl=True), 0, OK,
                           command="smtp_probe_compat")
    yield "lmtp", Case(*at("lmtp", ("-L",), smtp_lmtp=True), 0, OK, command="smtp_probe_compat")
    # A process that can be looked at, for as long as its server is silent.
    for name, command, words in (("by argument", "smtp", [*words, ("-P", PASSWORD)]),
                                 ("by environment", "smtp_probe_compat", hidden)):
        yield f"waits, login {name}", Case(
            *at("login-silent", *words, ("-t", "3"), **login, smtp_timeout=3), 2,
            "CRITICAL - Socket timeout after 3 seconds", has_time=False, command=command)
    yield "ipv6", Case({"smtp_port": servers["six"], "smtp_ipv6": True},
                       ["-6", "-H", "::1", "-p", port["six"]], 0, OK)
    yield "usage", Case({"smtp_port": "many"}, [*host, "-p", "many"], 3, ".*Port must be .*",
                        has_time=False)


class IcingaSmtp(Icinga):
    def configure(self):
        self.cases = dict(cases(self.servers, self.ca))
        super().configure()
        self.store_password()

    def objects(self):
        services = "".join(f"""
object Service {write(name)} {{
  host_name = "{HOST}"
  check_command = "{case.command}"
{"".join(f"  vars.{key} = {write(value)}{chr(10)}" for key, value in case.settings.items())}}}
""" for name, case in self.cases.items())
        return f"""
object Endpoint NodeName {{ }}
object Zone "master" {{ endpoints = [ NodeName ] }}
include "shipped/icinga2.conf"
object Host "{HOST}" {{
  check_command = "dummy"
  address = "127.0.0.1"
  address6 = "::1"
}}
{services}"""

    def test(self, failures):
        for name in ("waits, login by argument", "waits, login by environment"):
            self.judge_secret(failures, name)
            failures.close_case(f"icinga2: {name}: nobody sees the password")
        self.judge_every_option(failures)
        failures.close_case("icinga2: no argument is left out")
        results = self.check(*(f"{HOST}!{name}" for name in self.cases))
        for name, case in self.cases.items():
            result = results[f"{HOST}!{name}"]
            self.judge(failures, name, case, result)
            if not failures.close_case(f"icinga2: {case.command}: {name}"):
                print(json.dumps(result, indent=1))

    def judge_every_option(self, failures):
        """Every argument of both commands is in a case, but what would be a password."""
        known = set()
        for command in ("smtp", "smtp_probe_compat"):
            found = self.ask("GET", f"/v1/objects/checkcommands/{command}", attrs=["arguments"])
            known |= set(found[0]["attrs"]["arguments"])
        used = {word for case in self.cases.values() for word in case.argv if word[0] == "-"}
        failures.equal(known - used, set(), "arguments that no case has")

    def judge_secret(self, failures, name):
        """What the kernel shows of a plugin that has read the password."""
        self.force(f"{HOST}!{name}")
        port = str(self.servers["login-silent"])
        process = self.wait_until(lambda: self.find_plugin(port), "process of the plugin")
        # It wants a moment to get there; where it waits for the server, nothing may be left.
        self.wait_until(lambda: self.has_asked(process), "question of the plugin")
        for file in ("cmdline", "environ"):
            failures.expect(PASSWORD.encode() not in (process / file).read_bytes(),
                            f"the password is in {file}")
        self.wait_until(lambda: not process.exists(), "end of the plugin")

    def has_asked(self, process):
        """True when it has a socket, and sleeps."""
        sockets = [link for link in (process / "fd").iterdir()
                   if os.readlink(link).startswith("socket:")]
        return bool(sockets) and "S (sleeping)" in (process / "status").read_text()

    def judge(self, failures, name, case, result):
        path = [f"{self.plugins}/check_smtp"] if case.command == "smtp" else [
            f"{self.plugins}/check_smtp_probe", "--compat"]
        failures.equal(result["command"], [*path, *case.argv], "command")
        failures.equal(result["state"], case.state, "state")
        failures.equal(result["exit_status"], case.state, "exit_status")
        failures.matches(result["output"].split("\n")[0], case.first, "first line")
        parsed = self.parse_perfdata(f"{HOST}!{name}")
        if not case.has_time:
            failures.equal(result["performance_data"], [], "performance_data")
            return
        failures.equal(parsed[0]["label"], "time", "label")
        failures.equal(parsed[0]["unit"], "seconds", "unit")
        failures.equal((parsed[0]["warn"], parsed[0]["crit"]), case.limits, "warn and crit")
        failures.equal(parsed[0]["min"], 0, "min")
        number = r"[0-9]+\.[0-9]{6}"
        failures.matches(result["performance_data"][0],
                         rf"time={number}s;({number})?;({number})?;0\.000000",
                         "performance_data[0]")
