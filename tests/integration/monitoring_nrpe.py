# SPDX-License-Identifier: GPL-3.0-or-later
"""NRPE as a user without rights, asked by check_nrpe as Nagios would."""

import dataclasses
import re
import subprocess

from daemon import free_ports
from monitoring_nagios import PHASES, SECONDS, times
from monitoring_site import SHIPPED, Monitor
from peer_root import USERS

USER = "nobody"


@dataclasses.dataclass
class Case:
    command: str
    state: int
    first: str                # pattern of the first line up to the "|"
    perfdata: str             # pattern of what follows there
    more: str = ""            # pattern of all further lines
    options: tuple = ()       # of check_nrpe


def cases(port):
    plain, full = times("connect", "banner", "ehlo", "quit"), times(*PHASES)
    limited = times(*PHASES, limits=";2;5;0") + " cert_days=[0-9.]+;21:;7:"
    # The shipped commands.
    yield "as shipped", Case("check_smtp_probe", 0, r"SMTP OK - TLSv1\.3, .*", limited)
    yield "submission as shipped", Case("check_smtp_probe_submission", 0,
                                        r"SMTP OK - TLSv1\.3, .*", limited)
    targets = [f"127.0.0.1:{port[name]}" for name in ("good", "refused")]
    yield "others as shipped", Case(
        "check_smtp_probe_others", 2, "SMTP CRITICAL - 2 endpoints: 1 critical, 1 ok",
        times(*PHASES, prefix=targets[0]) + f" '{targets[0]} cert_days'=[0-9.]+;21:;7: "
        + times("connect", prefix=targets[1]),
        rf"\[OK\] {re.escape(targets[0])} - .*\n\[CRITICAL\] {re.escape(targets[1])} - .*")
    # The other states.
    yield "warning", Case("plain", 1, r"SMTP WARNING - .*", plain, r"\[WARNING\] starttls-not.*")
    yield "expired", Case("expired", 2, r"SMTP CRITICAL - the server's certificate expired .*",
                          full + " cert_days=-[0-9.]+;21:;7:", r"\[CRITICAL\] certificate-exp.*")
    yield "silent", Case("silent", 3, r"SMTP UNKNOWN - .*", times("connect", "banner"), ".*")
    yield "usage", Case("usage", 3, r"SMTP UNKNOWN - -p: .*", "", "Try .*")
    yield "liar", Case("liar", 2, r"SMTP CRITICAL - [^|<]*", plain, "[^|<]*")
    # Under its old name, as such lines stand in many an nrpe.cfg.
    yield "check_smtp", Case("check_smtp", 0, r"SMTP OK - [0-9]+\.[0-9]{3} sec\. response time",
                             rf"time={SECONDS};20\.000000;30\.000000;0\.000000")
    # NRPE's old packets hold 1023 octets; what Nagios needs first is within them.
    yield "many lines", Case("chatty", 0, r"SMTP OK - .*", full + " cert_days=.*",
                             r"(.*\n){15,}S: 221 .*")
    yield "old packets", Case("chatty", 0, r"SMTP OK - .*", full + " cert_days=.*",
                              r"(?!(.*\n)*S: 221 )(.*\n){5,}.*", ("-2",))
    # Nothing from the network becomes an argument.
    for name, argument in (("option", "--version"), ("shell", "; id"), ("line", "$(id)")):
        yield f"refused {name}", Case("check_smtp_probe", 3, "CHECK_NRPE: .*", "", "",
                                      ("-a", argument))
    yield "refused name", Case("check_smtp_probe;id", 3, "CHECK_NRPE: .*", "")
    yield "unknown command", Case("nothing", 3, "NRPE: Command 'nothing' not defined", "")


class Nrpe(Monitor):
    name = "nrpe"

    def __init__(self, root, plugin, servers):
        super().__init__(root, plugin, servers)
        self.port = free_ports(1)[0]

    def configure(self):
        self.own("run", USER)
        port = self.servers.ports
        plugin = f"{self.plugins}/check_smtp_probe"
        (self.home / "shipped.cfg").write_text(self.adapt_shipped())
        (self.home / "nrpe.cfg").write_text(f"""
server_address=127.0.0.1
server_port={self.port}
nrpe_user={USER}
nrpe_group=nogroup
pid_file={self.inside}/run/nrpe.pid
log_file={self.inside}/run/nrpe.log
allowed_hosts=127.0.0.1
dont_blame_nrpe=0
keep_env_vars=SMTP_PROBE_CA_FILE
include={self.inside}/shipped.cfg
command[plain]={plugin} -H 127.0.0.1 -p {port["plain"]}
command[expired]={plugin} -H 127.0.0.1 -p {port["expired"]} --tls starttls --server-name mx.test
command[silent]={plugin} -H 127.0.0.1 -p {port["silent"]} -t 3:UNKNOWN
command[check_smtp]={self.plugins}/check_smtp -H 127.0.0.1 -p {port["good"]} -S -w 20 -c 30
command[usage]={plugin} -H 127.0.0.1 -p many
command[liar]={plugin} -H 127.0.0.1 -p {port["liar"]} --tls none -vvv
command[chatty]={plugin} -H 127.0.0.1 -p {port["wordy"]} --tls starttls --server-name mx.test -vvv
""")

    def adapt_shipped(self):
        """The shipped commands with nothing changed but where plugin and servers are."""
        port, text = self.servers.ports, (SHIPPED / "nrpe.cfg").read_text()
        places = {"=/usr/lib/nagios/plugins/": f"={self.plugins}/",
                  " -p 25 ": f" -p {port['good']} ", " -p 587 ": f" -p {port['good']} ",
                  " mx1.example.org mx2.example.org":
                  f" 127.0.0.1:{port['good']} 127.0.0.1:{port['refused']} --server-name mx.test",
                  " relay.example.org": " mx.test"}
        for old, new in places.items():
            if old not in text:
                raise RuntimeError(f"nrpe.cfg has no {old!r}")
            text = text.replace(old, new)
        return text

    def bring_up(self):
        self.launch(["/usr/sbin/nrpe", "-c", f"{self.inside}/nrpe.cfg", "-f"], user=USER,
                    SMTP_PROBE_CA_FILE=self.ca)
        self.wait_until(self.answers, "answer of NRPE")

    def log_files(self):
        return [self.log, self.home / "run/nrpe.log"]

    def ask(self, *words):
        """check_nrpe's exit code and output; without a command NRPE tells its version."""
        done = subprocess.run(
            ["/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-p", str(self.port), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=60, preexec_fn=lambda: self.enter_root(USER),
            env={"PATH": "/usr/bin"})
        return done.returncode, done.stdout

    def answers(self):
        code, text = self.ask()
        return code == 0 and text.startswith("NRPE v")

    def test(self, failures):
        for name, case in cases(self.servers.ports):
            code, text = self.ask(*self.words(case))
            self.judge(failures, case, code, text.removesuffix("\n"))
            if not failures.close_case(f"nrpe: {name}"):
                print(code, text, sep="\n")
        self.judge_process(failures)
        failures.close_case("nrpe: the process itself")

    @staticmethod
    def words(case):
        options = list(case.options)
        # -a takes all that follows.
        return ["-c", case.command, *options] if "-a" in options else [*options, "-c", case.command]

    def judge(self, failures, case, code, text):
        first, _, more = text.partition("\n")
        said, _, perfdata = first.partition("|")
        failures.equal(code, case.state, "exit code")
        failures.matches(said, case.first, "first line")
        failures.matches(perfdata, case.perfdata, "performance data")
        failures.matches(more, case.more, "further lines")

    def judge_process(self, failures):
        """The plugin runs as NRPE's user, with the words of the command."""
        client = subprocess.Popen(
            ["/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-p", str(self.port), "-c",
             "silent"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            preexec_fn=lambda: self.enter_root(USER))
        silent = str(self.servers["silent"])
        process = self.wait_until(lambda: self.find_plugin(silent), "process of the plugin")
        failures.equal((process / "cmdline").read_text().split("\0")[:-1],
                       [f"{self.plugins}/check_smtp_probe", "-H", "127.0.0.1", "-p", silent, "-t",
                        "3:UNKNOWN"], "argv")
        ids = re.search(r"^Uid:\t(.*)$", (process / "status").read_text(), re.M)[1].split()
        failures.equal(set(ids), {str(USERS[USER][0])}, "user")
        client.wait(timeout=30)
