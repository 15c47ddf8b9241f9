# SPDX-License-Identifier: GPL-3.0-or-later
"""What every monitoring daemon needs: mail servers, and the plugin where it can call it."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from daemon import Daemon
from peer_root import USERS, Unavailable

SERVERS = pathlib.Path(__file__).with_name("monitoring.scenario")
PASSWORD = "Not for argv"
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "nagios"


class MailServers:
    """The scripted servers of monitoring.scenario: [name] is a port, .ca the file of their root."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="smtp-probe-")
        # It ends when this pipe does, so also when we are killed.
        self.process = subprocess.Popen(
            [self.program, "--pki", self.directory.name, SERVERS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = {}
        for line in self.process.stdout:
            if line == "ready\n":
                break
            name, _, port = line.split()
            self.ports[name.partition("/")[2]] = int(port)
        else:
            raise RuntimeError("the scripted mail servers did not start")
        self.ca = pathlib.Path(self.directory.name, "root.pem")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)
        self.directory.cleanup()

    def __getitem__(self, name):
        return self.ports[name]

    def key_digest(self, name):
        """SHA-256 of the public key that a server with STARTTLS shows, in hex, as OpenSSL has it."""
        shown = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{self[name]}",
                                "-servername", "mx.test"], stdin=subprocess.DEVNULL, capture_output=True).stdout
        key = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=shown, capture_output=True,
                             check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True,
                             check=True).stdout
        return hashlib.sha256(der).hexdigest()


def install_plugin(root, plugin, directory):
    """Copies the plugin into a directory of the root, and the libraries that the root lacks."""
    shutil.copy(plugin, directory / "check_smtp_probe")
    (directory / "check_smtp").symlink_to("check_smtp_probe")
    listing = subprocess.run(["ldd", plugin], stdout=subprocess.PIPE, text=True, check=True).stdout
    for path in re.findall(r"=> (/\S+)", listing):
        library = pathlib.Path(path)
        present = next((root / "usr/lib").glob(f"*-linux-gnu/{library.name}"), None)
        if present is None:
            folder = next((root / "usr/lib").glob("*-linux-gnu"))
            # Two tests at the same time may both bring it.
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as made:
                made.write(library.read_bytes())
            os.chmod(made.name, 0o755)
            os.rename(made.name, folder / library.name)


class Monitor(Daemon):
    """A monitoring daemon with a directory of its own below the root's /srv.

    `self.home` is that directory as we see it, `self.inside` the same for the daemon.
    """

    def __init__(self, root, plugin, servers):
        super().__init__(root)
        self.plugin, self.servers = plugin, servers
        self.home = None

    def start(self):
        self.prepare()
        self.bring_up()

    def prepare(self):
        """All that the daemon needs, in a new directory."""
        (self.root / "srv").mkdir(exist_ok=True)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.root / "srv"))
        self.home.chmod(0o755)
        self.inside = "/" + str(self.home.relative_to(self.root))
        self.log = self.home / "daemon.log"
        self.plugins = f"{self.inside}/plugins"
        self.ca = f"{self.inside}/root.pem"
        (self.home / "plugins").mkdir()
        install_plugin(self.root, self.plugin, self.home / "plugins")
        shutil.copyfile(self.servers.ca, self.home / "root.pem")
        (self.home / "root.pem").chmod(0o644)
        self.configure()

    def configure(self):
        raise NotImplementedError

    def bring_up(self):
        """Starts the daemon and waits until it can be used."""
        raise NotImplementedError

    def wait_until(self, is_done, what, seconds=60):
        """Asks again and again; the daemon must live meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.processes():
                raise RuntimeError(f"{self.name} has ended; its log:\n{self.log_tail()}")
            answer = is_done()
            if answer:
                return answer
            time.sleep(0.05)
            self.reap()
        raise RuntimeError(f"{self.name}: no {what} within {seconds} s; its log:\n"
                           + self.log_tail())

    def own(self, name, owner="nagios", mode=0o755):
        """A directory of the daemon's user, below `home`."""
        return self.directory(self.home.relative_to(self.root) / name, owner, mode=mode)

    def store_password(self):
        """The password of the servers in monitoring.scenario, in `home`/password."""
        file = self.home / "password"
        file.write_text(PASSWORD + "\n")
        file.chmod(0o600)
        os.chown(file, *USERS["nagios"][:2])

    def run_inside(self, *command):
        """Runs a tool inside the root to its end and returns its output."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
                              preexec_fn=self.enter_root, env={"PATH": "/usr/sbin:/usr/bin"})
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def find_plugin(self, word):
        """The folder in /proc of a plugin that this daemon has started with that word, or None."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_text(errors="replace").split("\0")
            except OSError:  # it has just ended
                continue
            if words[0].startswith(self.plugins + "/") and word in words:
                return process
        return None

    def program(self, pattern):
        """The path inside the root of a program whose folder depends on the machine."""
        found = next(self.root.glob(pattern.lstrip("/")), None)
        if found is None:
            raise Unavailable(f"the unpacked packages have no {pattern}")
        return "/" + str(found.relative_to(self.root))

    def log_files(self):
        return [self.log]

    def stop(self):
        try:
            super().stop()
        finally:
            if self.home is not None:
                shutil.rmtree(self.home, ignore_errors=True)
