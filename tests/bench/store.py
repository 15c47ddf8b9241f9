# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's bundle with the root of a test added, without touching the system: in a mount
namespace of our own a copy stands in its place. So a program that is told nothing about roots reads
all those of the system, and still its server has one that verifies.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "SMTP_PROBE_BENCH_STORE"  # the folder of the copy; set once we are in the namespace


def enter():
    """Starts this script again where the bundle may be replaced; returns at once when it is there, or
    when that cannot be had."""
    # Who is root needs no user namespace, which some systems forbid.
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    if INSIDE in os.environ or not BUNDLE.exists() or shutil.which("unshare") is None:
        return
    attempt = [*unshare, "mount", "--bind", BUNDLE, BUNDLE]
    if subprocess.run(attempt, stderr=subprocess.DEVNULL).returncode != 0:
        return
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as folder:
        env = dict(os.environ, **{INSIDE: folder})
        command = [*unshare, sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(command, env=env).returncode)


class Store:
    """The replaced bundle; `None` from open_store() when there is no namespace to replace it in."""

    def __init__(self, folder):
        self.roots = BUNDLE.read_bytes()
        self.copy = pathlib.Path(folder, "bundle.pem")
        self.copy.write_bytes(self.roots)
        subprocess.run(["mount", "--bind", self.copy, BUNDLE], check=True)

    def add(self, root):
        """The system's roots and this one; it takes the place of the one before."""
        self.copy.write_bytes(self.roots + pathlib.Path(root).read_bytes())


def open_store():
    return Store(os.environ[INSIDE]) if INSIDE in os.environ else None


def bundle_with(root, folder):
    """A file for --ca-file: what add() makes, for a program that is told."""
    path = pathlib.Path(folder, "bundle-and-root.pem")
    path.write_bytes(BUNDLE.read_bytes() + pathlib.Path(root).read_bytes())
    return path
