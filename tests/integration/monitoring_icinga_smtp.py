# SPDX-License-Identifier: GPL-3.0-or-later
"""Icinga's own CheckCommand "smtp", of which not a word is changed, calls our plugin as check_smtp.

And the shipped smtp_probe_compat, which takes the same variables and keeps the password to itself.
"""

import dataclasses
import json
import re

from monitoring_icinga import Icinga
from monitoring_icinga_one import write

HOST = "old.test"
PASSWORD = "Not for argv"
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


def cases(servers):
    port = {name: str(number) for name, number in servers.ports.items()}
    host = ["-H", "127.0.0.1"]

    def at(name, *argv, **settings):
        """Variables and words for one server; `argv` stands where Icinga sorts it."""
        words = sorted([("-H", "127.0.0.1"), ("-p", port[name]), *argv], key=lambda pair: pair[0])
        return ({"smtp_port": servers[name]} | settings, [word for pair in words for word in pair])

    yield "plain", Case(*at("plain"), 0, OK)
    yield "times", Case(*at("plain", ("-w", "20"), ("-c", "30"), ("-t", "9"), smtp_warning=20,
                            smtp_critical=30, smtp_timeout=9), 0, OK, (20, 30))
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
    yield "refused", Case(*at("refused"), 2, r"connect to address 127\.0\.0\.1 .*: Connection refused")
    yield "no TLS", Case(*at("plain", ("-S",), smtp_starttls=True), 1,
                         "WARNING - TLS not supported by server", has_time=False)
    yield "expect", Case(*at("plain", ("-e", "220 other"), smtp_expect="220 other"), 1,
                         r"Invalid SMTP response received from host.*", has_time=False)
    yield "dialogue", Case(*at("plain", ("-C", "NOOP"), ("-R", "250"), ("-f", "a@b.test"),
                               ("-F", "probe.test"), smtp_command="NOOP", smtp_response="250",
                               smtp_mail_from="a@b.test", smtp_helo_fqdn="probe.test"), 0, OK)
    # Icinga writes a word behind -q, and what follows is meant all the same.
    yield "quit", Case(*at("plain", ("-q", "true"), ("-w", "20"), ("-t", "9"),
                           smtp_ignore_quit=True, smtp_warning=20, smtp_timeout=9), 0, OK, (20, None))
    yield "timeout behind -q", Case(
        *at("silent", ("-q", "true"), ("-t", "1"), smtp_ignore_quit=True, smtp_timeout=1), 2,
        "CRITICAL - Socket timeout after 1 seconds", has_time=False)
    login = {"smtp_authtype": "LOGIN", "smtp_authuser": "monitor", "smtp_authpass": PASSWORD}
    words = [("-A", "LOGIN"), ("-U", "monitor")]
    yield "login", Case(*at("login", *words, ("-P", PASSWORD), **login), 0, OK)
    yield "ipv6", Case({"smtp_port": servers["six"], "smtp_ipv6": True},
                       ["-6", "-H", "::1", "-p", port["six"]], 0, OK)
    yield "usage", Case({"smtp_port": "many"}, [*host, "-p", "many"], 3, ".*Port must be .*",
                        has_time=False)


class IcingaSmtp(Icinga):
    def configure(self):
        self.cases = dict(cases(self.servers))
        super().configure()

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
        results = self.check(*(f"{HOST}!{name}" for name in self.cases))
        for name, case in self.cases.items():
            result = results[f"{HOST}!{name}"]
            self.judge(failures, name, case, result)
            if not failures.close_case(f"icinga2: {case.command}: {name}"):
                print(json.dumps(result, indent=1))

    def judge(self, failures, name, case, result):
        path = f"{self.plugins}/check_smtp"
        failures.equal(result["command"], [path, *case.argv], "command")
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
        failures.expect(re.fullmatch(r"time=[0-9]+\.[0-9]{6}s;([0-9]+\.[0-9]{6})?;"
                                     r"([0-9]+\.[0-9]{6})?;0\.000000", result["performance_data"][0]),
                        f"performance_data is {result['performance_data']}")
