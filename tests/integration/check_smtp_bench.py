# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the plugin under the name check_smtp share: the scripted servers, the link, the
locale with a decimal comma, one call."""

import importlib.util
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SCENARIOS = HERE.parent / "scenarios"
ORIGINAL = "/usr/lib/nagios/plugins/check_smtp"
STEM = "check_smtp"  # what the test server puts before the names of check_smtp.scenario
RUN_TIMEOUT_S = 30
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(1 if os.environ.get("SMTP_PROBE_NO_SKIP") == "1" else 77)


def need_original():
    """The rows are about one version; 2.4 has other options and other defects."""
    if not os.access(ORIGINAL, os.X_OK):
        skip(f"{ORIGINAL} is missing; the package monitoring-plugins-basic has it")
    version = subprocess.run([ORIGINAL, "-V"], stdout=subprocess.PIPE, check=False).stdout.decode()
    if not version.startswith("check_smtp v2.3."):
        skip(f"the rows are about check_smtp 2.3, this is {version.strip()}")


def load_scenario_runner():
    """tests/scenarios/run.py; this folder has a run.py too."""
    sys.path.append(str(SCENARIOS))
    spec = importlib.util.spec_from_file_location("scenario_runner", SCENARIOS / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Outcome:
    """What one call came to: exit code (None: killed), output, the lines that the server got, wall time."""

    def __init__(self, code, out, err, sent, seconds):
        self.code, self.out, self.err, self.sent, self.seconds = code, out, err, sent, seconds


class Bench:
    """Servers, files and environment of all calls."""

    def __init__(self, plugin, server, directory):
        self.directory = pathlib.Path(directory)
        self.pki = self.directory / "pki"
        self.ours = self.directory / "check_smtp"
        self.ours.symlink_to(pathlib.Path(plugin).resolve())
        self.servers = load_scenario_runner().Server(server, str(self.pki), [HERE / "check_smtp.scenario"])
        self.locks = {name: threading.Lock() for name in self.servers.ports}
        self.dates = {}

    def make_locale(self):
        """Without root and without a trace on the machine."""
        locales = self.directory / "locales"
        locales.mkdir()
        try:
            subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", locales / "de_DE.UTF-8"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            skip(f"no locale de_DE.UTF-8, which the package locales brings: {error}")

    def stop(self):
        self.servers.stop()

    def address(self, server):
        return self.servers.ports[f"{STEM}/{server}"]

    def fill(self, text, server):
        host, port = self.address(server)
        places = {"at": f"-H {host} -p {port}", "host": host, "port": str(port),
                  "dir": str(self.directory), "ca": str(self.pki / "root.pem")}
        return re.sub(r"\{(at|host|port|dir|ca)\}", lambda match: places[match[1]], text)

    def environment(self, row):
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LOCPATH": str(self.directory / "locales"),
                "HOME": str(self.directory),
                **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
                **{k: self.fill(v, row.server) for k, v in row.environment.items()}}

    def command(self, program, row):
        return [str(program), *shlex.split(self.fill(row.arguments, row.server))]

    def events(self, server):
        """All that the server saw so far."""
        return self.servers.read_events([f"{STEM}/{server}"])

    def call(self, program, row):
        """Runs the program; the server has no other client meanwhile."""
        for name, text in row.files.items():
            (self.directory / name).write_text(self.fill(text, row.server), encoding="utf-8")
        with self.locks[f"{STEM}/{row.server}"]:
            seen = len(self.events(row.server))
            started = time.monotonic()
            with subprocess.Popen(self.command(program, row), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment(row), cwd=self.directory) as process:
                try:
                    if row.freeze is not None:
                        self.freeze(process, row, seen)
                    out, err = process.communicate(timeout=RUN_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    return Outcome(None, "did not end\n", "", [], RUN_TIMEOUT_S)
            seconds = time.monotonic() - started
            events = self.events(row.server)[seen:]
        return Outcome(process.returncode, out.decode("utf-8", "surrogateescape"),
                       err.decode("utf-8", "surrogateescape"), sent_lines(events), seconds)

    def freeze(self, process, row, seen):
        """Stops the process when the server has got the line, until all that it answers has arrived."""
        wanted = f"line {row.freeze}"
        while wanted not in self.events(row.server)[seen:] and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        while "close " not in self.events(row.server)[seen:] and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGCONT)

    def dates_of(self, server):
        """Begin and end of the server's certificate in UTC (struct_time), as openssl tells them."""
        with self.locks[f"{STEM}/{server}"]:
            if server not in self.dates:
                host, port = self.address(server)
                starttls = [] if server.startswith("implicit") else ["-starttls", "smtp"]
                self.dates[server] = ask_dates(f"{host}:{port}", starttls)
        return self.dates[server]


def sent_lines(events):
    """Of a server's journal the lines from the client, and the name that it wants to see; octets of a TLS
    handshake are no lines."""
    sent, is_handshake = [], False
    for event in events:
        if event.startswith("tls-up "):
            is_handshake = False
            sent += re.findall(r"sni=.+", event)
        elif re.match(r"(line|bytes) \\x16\\x03", event):
            is_handshake = True
        elif not is_handshake and re.match(r"(tls-)?(line|bytes) ", event):
            sent.append(event)
    return sent


def ask_dates(address, starttls):
    shown = subprocess.run(["openssl", "s_client", "-connect", address, *starttls], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    text = subprocess.run(["openssl", "x509", "-noout", "-dates", "-dateopt", "iso_8601"], input=shown,
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    return [time.strptime(line.partition("=")[2], "%Y-%m-%d %H:%M:%SZ") for line in text.splitlines()]


def show_date(date):
    """In check_smtp's form."""
    return (f"{DAYS[date.tm_wday]} {MONTHS[date.tm_mon - 1]} {date.tm_mday:2} "
            f"{date.tm_hour:02}:{date.tm_min:02}:{date.tm_sec:02} {date.tm_year} +0000")
