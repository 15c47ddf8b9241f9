# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter's pages in a real Chromium: starts scripted mail servers and exporters, lets them be probed, and
hands the addresses of the pages to pages.js.

    browser.py --exporter FILE --server FILE --work DIRECTORY

The packages of package-lock.json are installed into DIRECTORY, once. 77: a program is not here.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
MANY = 1200  # endpoints: six pages of 200

CONFIGURATION = """\
modules:
  starttls:
    tls: starttls
    server_name: mx.test
    ehlo_name: probe.test
    ca_file: {ca}
    timeout: 5s
  implicit:
    tls: implicit
    server_name: mx.test
    ehlo_name: probe.test
    ca_file: {ca}
    timeout: 5s
  any:
    ehlo_name: probe.test
    timeout: 5s
  short:
    timeout: 500ms
exporter:
  allow_targets: [127.0.0.0/8]
"""

# Server, module, state on the page.
PROBES = [
    ("good", "starttls", "OK"),
    ("implicit", "implicit", "OK"),
    ("expired", "starttls", "CRITICAL"),
    ("all-wrong", "starttls", "CRITICAL"),
    ("plain", "any", "WARNING"),
    ("refused", "any", "CRITICAL"),
    ("silent", "short", "CRITICAL"),
    ("markup", "any", "WARNING"),
    ("controls", "any", "WARNING"),
    ("wide", "any", "WARNING"),
]


class Skip(Exception):
    pass


def find_program(*names):
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise Skip(f"{names[0]} is not installed: ./dev integration installs it")


def install_packages(work):
    """node_modules by exactly the lock file; a second run finds them there."""
    work.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = work / "installed.json"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work / name)
    done = subprocess.run(
        [find_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Skip(f"npm ci failed: {done.stderr.strip()[-500:]}")
    stamp.write_bytes(lock)


@contextlib.contextmanager
def running(command, **options):
    """A process that is gone at the end; its standard input is a pipe that ends with us."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def mail_servers(program, directory):
    """Yields {name: "address:port"} and the file of the root certificate."""
    pki = directory / "pki"
    with running([program, "--pki", pki, HERE / "servers.scenario"], stdout=subprocess.PIPE) as process:
        ports = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            name, address, port = line.split()
            ports[name.rpartition("/")[2]] = f"{address}:{port}"
        else:
            raise RuntimeError("the scripted servers did not start")
        yield ports, pki / "root.pem"


def wait_for_address(stream, seconds=15):
    """From the line of the log that says where the exporter listens."""
    text, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([stream], [], [], 0.2)[0]:
            octets = os.read(stream.fileno(), 65536)
            text += octets.decode(errors="replace")
            found = re.search(r"address=(127\.0\.0\.1:\d+)", text)
            if found:
                return found[1]
            if not octets:
                break
    raise RuntimeError(f"the exporter did not start: {text}")


@contextlib.contextmanager
def exporter(program, configuration, *flags):
    """Yields the URL of its root."""
    command = [program, f"--config.file={configuration}", "--web.listen-address=127.0.0.1:0", *flags]
    with running(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield f"http://{wait_for_address(process.stderr)}"


def probe(url, target, module):
    query = urllib.parse.urlencode({"target": target, "module": module})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/probe?{query}", timeout=30) as answer:
        return answer.read().decode()


def run(arguments, directory):
    with contextlib.ExitStack() as stack:
        servers, ca = stack.enter_context(mail_servers(arguments.server, directory))
        configuration = directory / "exporter.yml"
        configuration.write_text(CONFIGURATION.format(ca=ca))
        filled = stack.enter_context(exporter(arguments.exporter, configuration))
        empty = stack.enter_context(
            exporter(arguments.exporter, configuration, "--web.external-url=/mail"))
        for name, module, _ in PROBES:
            for _ in range(3 if name == "good" else 1):
                probe(filled, servers[name], module)
        many = stack.enter_context(
            exporter(arguments.exporter, configuration, "--history.limit=5"))
        probe(many, servers["good"], "starttls")
        for number in range(1, MANY):
            probe(many, f"127.77.{number // 200}.{number % 200 + 1}:1", "any")
        settings = {
            "chromium": find_program("chromium", "chromium-browser"),
            "filled": filled, "empty": f"{empty}/mail", "many": many, "manyCount": MANY,
            "manyGood": servers["good"],
            "probes": [{"name": name, "target": servers[name], "module": module, "state": state}
                       for name, module, state in PROBES],
        }
        return subprocess.run(
            [find_program("node"), HERE / "pages.js", json.dumps(settings)], cwd=arguments.work,
            env=os.environ | {"NODE_PATH": str(arguments.work / "node_modules")},
            stdin=subprocess.DEVNULL, timeout=840, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    try:
        find_program("chromium", "chromium-browser")
        find_program("node")
        install_packages(arguments.work)
    except Skip as reason:
        print(f"skipped: {reason}")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        return run(arguments, pathlib.Path(directory))


if __name__ == "__main__":
    sys.exit(main())
