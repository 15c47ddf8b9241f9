# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus, our exporters and scripted mail servers, on loopback and in a temporary directory."""

import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from peer_root import provide

TOP = pathlib.Path(__file__).resolve().parents[2]
SHIPPED = TOP / "prometheus"
PR_SET_PDEATHSIG = 1


def find_programs(work, *names):
    """Paths of Debian's Prometheus: the machine's, or unpacked where nothing starts by itself."""
    found = [shutil.which(name) for name in names]
    if not all(found):
        root = provide(work)
        found = [str(root / "usr/bin" / name) for name in names]
    return found


def free_network():
    """(prefix, port): PREFIX.10 and PREFIX.11 with that port are ours, as far as one can know."""
    for _ in range(100):
        prefix = f"127.{random.randint(16, 250)}.{random.randint(1, 250)}"
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind((f"{prefix}.10", 0))
                port = one.getsockname()[1]
                two.bind((f"{prefix}.11", port))
            except OSError:
                continue
            return prefix, port
    raise RuntimeError("no free port on two addresses of loopback")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def get(url, headers=None, data=None, timeout=10):
    """(status, headers, body) of a request; an error status is an answer like any other."""
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def wait_until(is_done, what, seconds=20, step=0.1):
    deadline = time.monotonic() + seconds
    while True:
        answer = is_done()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {what} within {seconds} s")
        time.sleep(step)


class MailServers:
    """The servers of prometheus.scenario: [name] is a port of 127.0.0.1, .ca the file of their root."""

    def __init__(self, program, directory):
        self.ca = directory / "pki" / "root.pem"
        # It ends when this pipe does, so also when we are killed.
        self.process = subprocess.Popen(
            [program, "--pki", directory / "pki",
             pathlib.Path(__file__).with_name("prometheus.scenario")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = {}
        for line in self.process.stdout:
            if line == "ready\n":
                break
            name, _, port = line.split()
            self.ports[name.partition("/")[2]] = int(port)
        else:
            raise RuntimeError("the scripted mail servers did not start")
        # Its journal is not looked at, but a full pipe would stop it.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def __getitem__(self, name):
        return self.ports[name]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        self.process.stdout.close()


class Program:
    """A child with a log of its own that dies with us."""

    def __init__(self, name, command, directory, **options):
        self.name, self.log = name, directory / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent, **options)

    def wait_ready(self, url, seconds=20):
        def is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            try:
                return get(url)[0] == 200
            except OSError:
                return False
        wait_until(is_ready, f"answer of {self.name}", seconds)

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Exporter(Program):
    def __init__(self, program, number, address, directory, configuration):
        self.configuration = directory / f"exporter-{number}.yml"
        self.configuration.write_text(configuration)
        self.address, self.url = address, f"http://{address}"
        super().__init__(f"exporter-{number}", [
            program, f"--config.file={self.configuration}", f"--web.listen-address={address}"], directory)
        self.wait_ready(f"{self.url}/-/ready")


class Prometheus(Program):
    """Its API, below."""

    def __init__(self, program, address, directory, configuration):
        self.url = f"http://{address}"
        super().__init__("prometheus", [
            program, f"--config.file={configuration}", f"--web.listen-address={address}",
            f"--storage.tsdb.path={directory / 'tsdb'}"], directory,
            env={"PATH": os.environ["PATH"], "GOMAXPROCS": "2"})
        self.wait_ready(f"{self.url}/-/ready")

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        status, _, body = get(f"{self.url}/api/v1/{path}?{query}", timeout=30)
        answer = json.loads(body)
        if status != 200 or answer["status"] != "success":
            raise ValueError(f"{path} {parameters}: {status} {answer.get('error', body)}")
        return answer["data"]

    def query(self, expression):
        """A list of (labels, value as text) of now."""
        result = self.api("query", query=expression)["result"]
        return [(each["metric"], each["value"][1]) for each in result]

    def targets(self):
        return self.api("targets", state="active")["activeTargets"]

    def firing(self):
        """(alert's name, instance) of all that fire."""
        return {(each["labels"]["alertname"], each["labels"].get("instance"))
                for each in self.api("alerts")["alerts"] if each["state"] == "firing"}
