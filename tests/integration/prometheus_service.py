# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the exporter as systemd starts the shipped unit, where no systemd runs: its socket by
systemd-socket-activate, its own flags, $NOTIFY_SOCKET, $WATCHDOG_USEC, and what of its sandbox a process can
put upon itself: the filter of system calls, W^X, address families, limits.

Called as a program it is the last step: puts on the sandbox and becomes the command.

    prometheus_service.py '{"allow": […], …}' COMMAND…
"""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import resource
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from prometheus_site import die_with_parent, get

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EPERM, EAFNOSUPPORT = 1, 97
MASKED_EQUAL, EQUAL = 7, 4
PROT_WRITE, PROT_EXEC = 2, 4
AF_NETLINK, AF_PACKET = 16, 17


class Unit:
    """The settings of a unit file; a setting that comes several times is a list in its order."""

    def __init__(self, path):
        self.settings = {}
        for line in pathlib.Path(path).read_text().splitlines():
            if re.match(r"[A-Z]\w+=", line):
                name, _, value = line.partition("=")
                self.settings.setdefault(name, []).append(value)

    def last(self, name):
        return self.settings[name][-1]

    def command(self):
        """ExecStart, with no more flags from the environment."""
        return [word for word in self.last("ExecStart").split() if not word.startswith("$")]

    def watchdog_us(self):
        return int(float(self.last("WatchdogSec").removesuffix("s")) * 1e6)

    def system_calls(self):
        """The names that SystemCallFilter= leaves, group by group as systemd knows them."""
        allowed = set()
        for line in self.settings["SystemCallFilter"]:
            names = expand(line.removeprefix("~").split())
            allowed = allowed - names if line.startswith("~") else allowed | names
        return sorted(allowed)

    def sandbox(self):
        families = self.last("RestrictAddressFamilies").split()
        return {"allow": self.system_calls(), "files": int(self.last("LimitNOFILE")),
                "write_or_execute": self.last("MemoryDenyWriteExecute") == "yes",
                "families": [number for name, number in (("AF_NETLINK", AF_NETLINK),
                                                        ("AF_PACKET", AF_PACKET)) if name not in families]}


def expand(names):
    found = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        members = [line.strip() for line in text.splitlines()[1:]]
        found |= expand(word for word in members if word and not word.startswith("#"))
    return found


class Service:
    def __init__(self, process, url, log, notify, watchdog_s):
        self.process, self.url, self.log, self.notify = process, url, log, notify
        self.watchdog_s = watchdog_s

    def wait_message(self, wanted, seconds=10):
        """Until systemd would have been told that."""
        deadline = time.monotonic() + seconds
        while True:
            self.notify.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                message = self.notify.recv(4096).decode()
            except TimeoutError:
                raise RuntimeError(f"no {wanted} within {seconds} s; log:\n{self.tail()}") from None
            if wanted in message.split("\n"):
                return

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def run_as_service(exporter, words, directory, unit=None):
    """Yields a Service; without a unit the exporter is started plainly and listens itself."""
    address = f"127.0.0.1:{free_port()}"
    log, path = directory / "service.log", directory / "notify"
    path.unlink(missing_ok=True)
    command = [exporter, *words]
    environment, watchdog_s = {"PATH": os.environ["PATH"]}, 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        if unit is None:
            command.append(f"--web.listen-address={address}")
        else:
            # Half of it is the exporter's rhythm; two seconds keep the test short.
            watchdog_s = min(unit.watchdog_us() / 1e6, 2)
            passed = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": int(watchdog_s * 1e6)}
            command = ["systemd-socket-activate", "-l", address,
                       *(f"--setenv={name}={value}" for name, value in passed.items()),
                       sys.executable, __file__, json.dumps(unit.sandbox()), *command]
        with open(log, "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env=environment, preexec_fn=die_with_parent)
        service = Service(process, f"http://{address}", log, notify, watchdog_s)
        try:
            wait_answer(service)
            yield service
        finally:
            service.stop()


def wait_answer(service):
    deadline = time.monotonic() + 15
    while True:
        if service.process.poll() is not None:
            raise RuntimeError(f"it ended with {service.process.returncode}:\n{service.tail()}")
        try:
            get(f"{service.url}/-/healthy")
            return
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"it does not answer:\n{service.tail()}") from None
            time.sleep(0.05)


# --- the last step ----------------------------------------------------------------------------------

class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self, default):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, name, *comparisons):
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # of another architecture
            return
        array = (Comparison * len(comparisons))(*comparisons)
        done = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number,
                                                   len(comparisons), array)
        if done != 0:
            raise OSError(-done, f"seccomp rule for {name}: {os.strerror(-done)}")

    def load(self):
        done = self.library.seccomp_load(self.context)
        if done != 0:
            raise OSError(-done, f"seccomp_load: {os.strerror(-done)}")


def put_on(sandbox):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(sandbox["files"], hard_limit()),) * 2)
    narrow = Filter(ALLOW)
    if sandbox["write_or_execute"]:
        both = PROT_WRITE | PROT_EXEC
        narrow.add(ERRNO | EPERM, "mmap", Comparison(2, MASKED_EQUAL, both, both))
        narrow.add(ERRNO | EPERM, "mprotect", Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    for family in sandbox["families"]:
        narrow.add(ERRNO | EAFNOSUPPORT, "socket", Comparison(0, EQUAL, family, 0))
    allowed = Filter(ERRNO | EPERM)
    for name in sandbox["allow"]:
        allowed.add(ALLOW, name)
    # The allow list last: it may forbid seccomp() itself.
    narrow.load()
    allowed.load()


def hard_limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


if __name__ == "__main__":
    put_on(json.loads(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
