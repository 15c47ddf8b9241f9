# SPDX-License-Identifier: GPL-3.0-or-later
"""One smtp-probe-exporter as a process, asked over HTTP; its mail servers; and what a test expects."""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from check_smtp_bench import load_scenario_runner
from failures import Failures

HERE = pathlib.Path(__file__).resolve().parent
PR_SET_PDEATHSIG = 1
# A sanitizer's build, or a busy machine.
FACTOR = float(os.environ.get("SMTP_PROBE_TIME_FACTOR", "1"))

CONFIG = """\
modules:
  smtp:
    tls: starttls
    ca_file: {ca}
    server_name: mx.test
  open:
    tls: starttls
    ca_file: {ca}
  plain:
    tls: none
  short:
    tls: none
    timeout: 700ms
exporter:
  max_in_flight: 200
  max_per_target: 100
  allow_params: [ehlo_name, tls]
"""


class Reply:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    @property
    def text(self):
        return self.body.decode("utf-8")

    def metric(self, name):
        """The value of the first sample with that name, whatever its labels; None: there is none."""
        found = re.search(rf"^{name}(?:\{{[^\n]*\}})? (\S+)$", self.text, re.MULTILINE)
        return found and float(found[1])

    def has(self, sample):
        return sample in self.text.splitlines()


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Exporter:
    """Started at once. `address` is (host, port) of the first listener, None where it did not start."""

    def __init__(self, program, *arguments, config=None, listen=("127.0.0.1:0",), environment=None,
                 wrapper=(), wait=10, **options):
        words = [*wrapper, program, "--log.format=json", "--log.level=debug"]
        words += ["--config.file", str(config)] if config else []
        words += [f"--web.listen-address={address}" for address in listen]
        self.log, self.address, self.conditions = [], None, threading.Condition()
        self.process = subprocess.Popen([*words, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=die_with_parent,
                                        env={**os.environ, "HOME": "/nonexistent",
                                             **(environment or {})}, **options)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        with self.conditions:
            self.conditions.wait_for(lambda: self.address or self.process.poll() is not None,
                                     timeout=wait * FACTOR)

    def read_log(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"msg": line.decode("utf-8", "replace").rstrip("\n"), "level": "text"}
            with self.conditions:
                self.log.append(entry)
                if entry["msg"] == "listening" and self.address is None:
                    host, _, port = entry["address"].rpartition(":")
                    self.address = (host.strip("[]"), int(port))
                self.conditions.notify_all()
        with self.conditions:
            self.process.wait()
            self.conditions.notify_all()

    def wait_log(self, message, count=1, seconds=5):
        """True when so many lines with that beginning are there in time."""
        def is_there():
            return sum(entry["msg"].startswith(message) for entry in self.log) >= count
        with self.conditions:
            return self.conditions.wait_for(is_there, timeout=seconds * FACTOR)

    def ask(self, path, method="GET", headers=None, timeout=20):
        return self.ask_lines(path, (headers or {}).items(), method, timeout)

    def ask_lines(self, path, headers, method="GET", timeout=20):
        """`headers` are pairs, so that a name may come twice."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout * FACTOR)
        start = time.monotonic()
        with contextlib.closing(connection):
            names = {name.lower() for name, _ in headers}
            connection.putrequest(method, path, skip_accept_encoding="accept-encoding" in names)
            for name, value in headers:
                connection.putheader(name, value)
            if method == "POST":
                connection.putheader("Content-Length", "0")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        return Reply(answer.status, answer.headers, body, time.monotonic() - start)

    def end(self, number=signal.SIGTERM, seconds=10):
        """Exit code and seconds until then; None: it did not end and was killed."""
        start = time.monotonic()
        if self.process.poll() is None and number:
            self.process.send_signal(number)
        try:
            code = self.process.wait(timeout=seconds * FACTOR)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self.reader.join(timeout=5)
        return code, time.monotonic() - start

    def text(self):
        return "\n".join(json.dumps(entry) for entry in self.log)


class Bench:
    """Mail servers, files, and what was found wrong."""

    def __init__(self, exporter, server, directory):
        self.program, self.directory = exporter, pathlib.Path(directory)
        pki = self.directory / "pki"
        self.servers = load_scenario_runner().Server(server, str(pki), [HERE / "exporter.scenario"])
        self.ca = pki / "root.pem"
        self.failures = Failures()
        self.expect, self.equal = self.failures.expect, self.failures.equal
        self.config = self.write("smtp.yml", CONFIG.format(ca=self.ca))

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def target(self, name):
        host, port = self.servers.ports[f"exporter/{name}"]
        return f"{host}:{port}"

    def probe(self, name, module="plain", more=""):
        return f"/probe?target={self.target(name)}&module={module}{more}"

    @contextlib.contextmanager
    def exporter(self, *arguments, **options):
        """One that must start, and must end by SIGTERM with 0 and without a word of a sanitizer."""
        options.setdefault("config", self.config)
        exporter = Exporter(self.program, *arguments, **options)
        if exporter.address is None:
            exporter.end(signal.SIGKILL)
            raise RuntimeError(f"the exporter did not start: {exporter.text()}")
        try:
            yield exporter
        finally:
            code, _ = exporter.end()
            self.equal(code, 0, "the exporter's exit code")
            words = [entry["msg"] for entry in exporter.log if entry["level"] == "text"]
            self.expect(not words, f"not a log line: {words[:20]}")


def run_cases(cases, arguments):
    """Each case is a function of the bench; its first line of doc is its name."""
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        bench = Bench(arguments.exporter, arguments.server, directory)
        try:
            for case in cases:
                if arguments.only and arguments.only not in case.__name__:
                    continue
                start = time.monotonic()
                case(bench)
                bench.failures.close_case(f"{case.__doc__.splitlines()[0]}  "
                                          f"({time.monotonic() - start:.2f} s)")
        finally:
            bench.servers.stop()
    print(f"{bench.failures.total} wrong")
    return 1 if bench.failures.total else 0
