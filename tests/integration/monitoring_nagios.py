# SPDX-License-Identifier: GPL-3.0-or-later
"""Nagios 4 with the shipped commands, seen through status.dat and what it hands to others."""

import dataclasses
import re

from monitoring_site import SHIPPED, Monitor

HOST = "mx.test"
SECONDS = r"[0-9]+\.[0-9]{6}s"
PHASES = ("connect", "banner", "ehlo", "starttls", "tls", "ehlo_tls", "quit")
ILLEGAL = "`~$&|'\"<>"


def times(*phases, limits=";;;0", prefix=""):
    """A pattern for performance data: the total, then phases."""
    first, rest = (f"'{prefix} %s'", f"'{prefix} %s'") if prefix else ("%s", "%s")
    items = [re.escape(first % "time") + f"={SECONDS}{re.escape(limits)}"]
    items += [re.escape(rest % f"time_{phase}") + f"={SECONDS};;;0" for phase in phases]
    return " ".join(items)


@dataclasses.dataclass
class Case:
    command: str              # check_command
    state: int
    first: str                # pattern of plugin_output
    perfdata: str             # pattern of performance_data
    more: str = ""            # pattern of long_plugin_output


def cases(port, ca):
    full, plain = times(*PHASES), times("connect", "banner", "ehlo", "quit")
    limited = times(*PHASES, limits=";2;5;0")
    days = r" cert_days=-?[0-9.]+;%s;%s"
    yield "any", Case(f"check_smtp_probe!-p {port['good']} --tls starttls --server-name {HOST}"
                      f" --ca-file {ca}", 0, r"SMTP OK - TLSv1\.3, certificate valid .*",
                      full + days % ("21:", "7:"))
    yield "mx", Case(f"check_smtp_probe_mx!2!5!-p {port['good']} --ca-file {ca}", 0,
                     r"SMTP OK - TLSv1\.3, .*", limited + days % ("21:", "7:"))
    yield "submission", Case(f"check_smtp_probe_submission!2!5!-p {port['good']} --ca-file {ca}", 0,
                             r"SMTP OK - .*", limited + days % ("21:", "7:"))
    yield "submissions", Case(
        f"check_smtp_probe_submissions!2!5!-p {port['implicit']} --ca-file {ca}", 0,
        r"SMTP OK - TLSv1\.3, .*", times("connect", "banner", "tls", "ehlo_tls", "quit",
                                         limits=";2;5;0") + days % ("21:", "7:"))
    yield "certificate", Case(
        f"check_smtp_probe_certificate!120!14!-p {port['good']} --ca-file {ca}", 1,
        r"SMTP WARNING - the server's certificate .*", full + days % ("120:", "14:"),
        r"\[WARNING\] certificate-expires-soon \(verify\): .*")
    yield "expired", Case(
        f"check_smtp_probe_certificate!30!14!-p {port['expired']} --ca-file {ca}", 2,
        r"SMTP CRITICAL - the server's certificate expired .*", full + days % ("30:", "14:"),
        r"\[CRITICAL\] certificate-expired \(verify\): .*")
    targets = [f"127.0.0.1:{port[name]}" for name in ("plain", "refused")]
    yield "targets", Case(
        f"check_smtp_probe_targets!{' '.join(targets)}!--tls none", 2,
        "SMTP CRITICAL - 2 endpoints: 1 critical, 1 ok",
        times("connect", "banner", "ehlo", "quit", prefix=targets[0]) + " "
        + times("connect", prefix=targets[1]),
        rf"\[OK\] {re.escape(targets[0])} - .*\\n\[CRITICAL\] {re.escape(targets[1])} - .*")
    yield "range", Case(f"check_smtp_probe!-p {port['plain']} --tls none -w @0:60", 1,
                        r"SMTP WARNING - .*", times("connect", "banner", "ehlo", "quit",
                                                    limits=";@0:60;;0"), ".*threshold-exceeded.*")
    yield "silent", Case(f"check_smtp_probe!-p {port['silent']} --tls none --expect 'a  \"b\"'"
                         " -t 3:UNKNOWN", 3, r"SMTP UNKNOWN - .*", times("connect", "banner"), ".*")
    yield "usage", Case("check_smtp_probe!--port many", 3, r"SMTP UNKNOWN - -p: .*", "", "Try .*")
    # Debian's own definition of check_smtp. It quotes its argument, so that an option and its value
    # are one word, or an empty one.
    old = f"time={SECONDS};;;0.000000"
    yield "classic", Case(f"check_smtp!-p {port['plain']}", 0,
                          r"SMTP OK - [0-9]+\.[0-9]{3} sec\. response time", old)
    yield "classic STARTTLS", Case(f"check_smtp!-Sp {port['good']}", 0,
                                   r"SMTP OK - [0-9]+\.[0-9]{3} sec\. response time", old)
    # Two lines, the performance data behind the second.
    yield "classic refused", Case(
        f"check_smtp!-p {port['refused']}", 2,
        rf"connect to address 127\.0\.0\.1 and port {port['refused']}: Connection refused", old,
        r"SMTP CRITICAL - [0-9]+\.[0-9]{3} sec\. response time")
    # A definition with open options, as it stands on many sites.
    yield "classic open", Case(
        f"check_smtp_open!-p {port['good']} -S -D 21,7 -w 20 -c 30 -t 9", 0,
        r"OK - Certificate 'mx\.test' will expire on .*",
        rf"time={SECONDS};20\.000000;30\.000000;0\.000000( cert_days=.*)?")
    yield "compat", Case(f"check_smtp_probe_compat!-p {port['expired']} -D 21,7", 2,
                         r"CRITICAL - Certificate 'mx\.test' expired on .*",
                         old + "( cert_days=.*)?")
    file = ca.rpartition("/")[0] + "/password"
    yield "login", Case(
        f"check_smtp_probe_login!monitor!{file}!-p {port['login-tls']} --ca-file {ca}", 0,
        r"SMTP OK - [0-9]+\.[0-9]{3} sec\. response time", old)
    yield "liar", Case(f"check_smtp_probe!-p {port['liar']} --tls none -vvv", 2,
                       r"SMTP CRITICAL - [^|<]*", plain, r"[^|<]*")


class Nagios(Monitor):
    name = "nagios4"

    def configure(self):
        for name in ("var", "var/results"):
            self.own(name)
        self.cases = dict(cases(self.servers.ports, self.ca))
        (self.home / "shipped").mkdir()
        for path in SHIPPED.glob("*.cfg"):
            (self.home / "shipped" / path.name).write_bytes(path.read_bytes())
        self.store_password()
        # Debian's definitions name the folder of the plugins; that word alone is changed.
        debian = (self.root / "usr/share/monitoring-plugins/templates-basic/mail.cfg").read_text()
        (self.home / "mail.cfg").write_text(debian.replace("/usr/lib/nagios/plugins", self.plugins))
        (self.home / "resource.cfg").write_text(f"$USER1$={self.plugins}\n")
        (self.home / "test.cfg").write_text(self.objects())
        self.write("nagios.cfg", "test.cfg")
        self.write("verify.cfg", "shipped/services.cfg")

    def objects(self):
        """A host with a service for each case, and a handler that writes down what it is told."""
        handler = f"printf '%s\\n' \"$SERVICEDESC$|$SERVICEOUTPUT$\" >> {self.inside}/var/handled"
        services = "".join(f"""
define service {{
    use                     smtp-probe-service
    host_name               {HOST}
    service_description     {name}
    check_command           {case.command}
    event_handler           record
}}
""" for name, case in self.cases.items())
        templates = (SHIPPED / "services.cfg").read_text()
        templates = templates[:templates.index("# The name is the one in the certificate.")]
        return f"""{templates}
define command {{
    command_name            record
    command_line            {handler}
}}
define command {{
    command_name            check_smtp_open
    command_line            $USER1$/check_smtp -H $HOSTADDRESS$ $ARG1$
}}
define host {{
    use                     smtp-probe-host
    host_name               {HOST}
    address                 127.0.0.1
}}
{services}"""

    def write(self, name, objects):
        """A main configuration: Debian's own objects, the shipped commands, and `objects`."""
        files = ["/etc/nagios4/objects/" + each for each in
                 ("commands.cfg", "contacts.cfg", "timeperiods.cfg", "templates.cfg")]
        files += ["/usr/share/monitoring-plugins/templates-basic/ping.cfg",
                  *(f"{self.inside}/{each}" for each in
                    ("mail.cfg", "shipped/commands.cfg", objects))]
        var = f"{self.inside}/var"
        lines = [f"cfg_file={each}" for each in files] + f"""
log_file={var}/nagios.log
object_cache_file={var}/objects.cache
precached_object_file={var}/objects.precache
resource_file={self.inside}/resource.cfg
status_file={var}/status.dat
status_update_interval=1
nagios_user=nagios
nagios_group=nagios
check_external_commands=0
command_file={var}/nagios.cmd
query_socket={var}/nagios.qh
lock_file={var}/nagios.pid
temp_file={var}/nagios.tmp
temp_path={var}
check_result_path={var}/results
check_result_reaper_frequency=1
log_rotation_method=n
use_syslog=0
retain_state_information=0
service_inter_check_delay_method=n
service_interleave_factor=1
execute_host_checks=0
enable_notifications=0
enable_event_handlers=1
check_for_updates=0
illegal_object_name_chars=`~!$%^&*|'"<>?,()=
illegal_macro_output_chars={ILLEGAL}
process_performance_data=1
service_perfdata_file={var}/perfdata
service_perfdata_file_template=$SERVICEDESC$\\t$SERVICEPERFDATA$
service_perfdata_file_mode=a
""".strip().splitlines()
        (self.home / name).write_text("\n".join(lines) + "\n")

    def bring_up(self):
        self.told = self.run_inside("/usr/sbin/nagios4", "-v", f"{self.inside}/verify.cfg")
        self.launch(["/usr/sbin/nagios4", f"{self.inside}/nagios.cfg"], user="nagios")

    def log_files(self):
        return [self.log, self.home / "var/nagios.log"]

    # --- what Nagios says -------------------------------------------------------------------

    def services(self):
        """Every service that has been checked, as status.dat has it."""
        try:
            text = (self.home / "var/status.dat").read_text()
        except OSError:
            return {}
        found = {}
        for block in re.findall(r"^servicestatus \{\n(.*?)^\t\}", text, re.M | re.S):
            values = dict(line.strip().split("=", 1) for line in block.splitlines() if "=" in line)
            if values["has_been_checked"] == "1":
                found[values["service_description"]] = values
        return found

    def finished(self):
        found = self.services()
        return found if set(found) == set(self.cases) else None

    # --- what must come of it ---------------------------------------------------------------

    def test(self, failures):
        for line in ("Total Warnings: 0", "Total Errors:   0"):
            failures.expect(line in self.told, f"nagios4 -v does not say {line!r}:\n{self.told}")
        failures.close_case("nagios4: loads the shipped files")
        process = self.wait_until(lambda: self.find_plugin(str(self.servers["silent"])),
                                  "process of the plugin")
        argv = (process / "cmdline").read_text().split("\0")[:-1]
        failures.equal(argv, [f"{self.plugins}/check_smtp_probe", "-H", "127.0.0.1", "-p",
                              str(self.servers["silent"]), "--tls", "none", "--expect", 'a  "b"',
                              "-t", "3:UNKNOWN"], "argv")
        failures.close_case("nagios4: the process itself")
        found = self.wait_until(self.finished, "end of all checks")
        for name, case in self.cases.items():
            self.judge(failures, name, case, found[name])
            if not failures.close_case(f"nagios4: {name}"):
                print(found[name])
        self.judge_handed_out(failures, found)
        failures.close_case("nagios4: what others are told")

    def judge(self, failures, name, case, values):
        failures.equal(values["current_state"], str(case.state), "state")
        failures.matches(values["plugin_output"], case.first, "plugin_output")
        failures.expect(len(values["plugin_output"]) < 80 or name == "usage", "too long a line")
        failures.matches(values["performance_data"], case.perfdata, "performance_data")
        failures.matches(values["long_plugin_output"].removesuffix("\\n"), case.more,
                         "long_plugin_output")

    def judge_handed_out(self, failures, found):
        """Performance data as graphers get them, and output as handlers get it."""
        written = dict(line.split("\t", 1) for line in
                       (self.home / "var/perfdata").read_text().splitlines())
        for name, values in found.items():
            if values["performance_data"]:
                failures.equal(written.get(name), values["performance_data"], f"file for {name}")
        handled = dict(line.split("|", 1) for line in
                       (self.home / "var/handled").read_text().splitlines())
        for name, case in self.cases.items():
            if case.state != 0:
                clean = "".join(c for c in found[name]["plugin_output"] if c not in ILLEGAL)
                failures.equal(handled.get(name), clean, f"output that the handler got for {name}")
