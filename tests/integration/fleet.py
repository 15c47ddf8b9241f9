# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripted server as a fleet: one port, and every address of 127.0.0.0/8 is an endpoint."""

import contextlib
import ipaddress
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import threading
import time

FIRST = ipaddress.IPv4Address("127.9.0.1")


def addresses(count):
    return [FIRST + offset for offset in range(count)]


def hangs(address, every):
    """The server's own rule: see "hang_every" in tests/server/serve.h."""
    return every > 0 and (int(address) & 0xFFFFFF) % every == 0


@contextlib.contextmanager
def fleet(server, tls="starttls", hang_every=0, certificate="ecdsa"):
    """Yields (port, file of the root certificate); the server is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        command = [server, "--fleet", "--tls", tls, "--pki", directory, "--certificate", certificate]
        command += ["--hang-every", str(hang_every)] if hang_every else []
        # It ends when this pipe does, so also when we are killed.
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            try:
                name, _, port = process.stdout.readline().split()
                ready = process.stdout.readline()
                if name != "fleet" or ready != "ready\n":
                    raise RuntimeError(f"the fleet says {name!r}, {ready!r}")
                yield int(port), pathlib.Path(directory, "root.pem")
            finally:
                process.stdin.close()
                process.wait(timeout=10)


class Run:
    """One run of a program: exit code, output, wall and CPU seconds, peak memory in kB."""

    def __init__(self, command, timeout=60):
        raise_limit()
        start = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            guard = threading.Timer(timeout, process.kill)
            guard.start()
            # wait4() is the one call that tells what this one child has used.
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.monotonic() - start
            guard.cancel()
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.cpu, self.peak_kb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read().decode(), err.read().decode(errors="replace")

    def results(self):
        return [json.loads(line) for line in self.out.splitlines()]


def raise_limit():
    """As many open files as this user may have, for us and for what we start."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def target_file(directory, port, count, overrides=""):
    path = pathlib.Path(directory, "targets")
    path.write_text("".join(f"{address}:{port} {overrides}\n" for address in addresses(count)))
    return f"@{path}"
