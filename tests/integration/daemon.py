# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon inside the common root directory, with every process that it starts."""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from peer_root import USERS

PR_SET_CHILD_SUBREAPER = 36
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin", "HOME": "/", "TZ": "UTC"}


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


class Daemon:
    """start() returns when the daemon can be used, stop() when no process is left."""

    name = ""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.others = None  # children that were there before, and are left alone
        self.log = self.root / "var" / "log" / f"peer-{self.name}.log"

    def directory(self, path, owner="root", group=None, mode=0o755):
        """An empty directory in the root, whatever an earlier run has left there."""
        full = self.root / path
        shutil.rmtree(full, ignore_errors=True)
        full.mkdir(parents=True)
        gid = group if group is not None else USERS[owner][1]
        os.chown(full, USERS[owner][0], gid)
        full.chmod(mode)
        return full

    def start(self):
        raise NotImplementedError

    def launch(self, command, user=None, **variables):
        """Starts a command inside the root, as `user` (a name of USERS) or as root."""
        if self.others is None:
            self.others = set(children())
        # Daemons leave their parent; what they leave behind then becomes our child, not init's.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with open(self.log, "ab") as log:
            # It is started from inside the root, with nothing of our environment or terminal.
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    preexec_fn=lambda: self.enter_root(user), close_fds=True,
                                    env=ENVIRONMENT | variables)

    def enter_root(self, user=None):
        os.chroot(self.root)
        os.chdir("/")
        os.setsid()
        if user is not None:
            uid, gid, _ = USERS[user]
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)

    def __enter__(self):
        try:
            self.log.unlink(missing_ok=True)
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def log_files(self):
        return [self.log, *sorted((self.root / "var/log").glob(f"{self.name}*/*"))]

    def log_tail(self, lines=25):
        text = ""
        for log in self.log_files():
            if log.is_file():
                text += log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    @staticmethod
    def reap():
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            pass

    def processes(self):
        return [pid for pid in children() if self.others is not None and pid not in self.others]

    def stop(self):
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            for pid in self.processes():
                # The orphans of what is killed here come back as children in the next round.
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
            self.reap()
        if self.processes():
            raise RuntimeError(f"{self.name}: processes {self.processes()} do not end")
