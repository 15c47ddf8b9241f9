# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's check_smtp and our plugin under its name where the machine's own ports and name servers are
needed: in a network namespace of their own, with servers at ports 25 and 465 and a name server at the
address of /etc/resolv.conf that never answers.

    check_smtp_alone.py --plugin FILE --server FILE
"""

import argparse
import ctypes
import fcntl
import ipaddress
import os
import pathlib
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent))

from against_check_smtp import cut_usage  # noqa: E402
from check_smtp_bench import ORIGINAL, need_original, skip  # noqa: E402

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFADDR, SIOCSIFFLAGS = 0x8916, 0x8914
IFF_UP, IFF_RUNNING = 0x1, 0x40
# For the C library and for c-ares: one question, longer than -t of the row.
LOOKUP_S, ROW_TIMEOUT_S = 3, 1

FINE = (0, ["SMTP OK - N sec. response time|time=Ns;;;0.000000"])
UNKNOWN = "2.3.3 does not know the option, 2.4 does"

# Arguments, the defect of the original, what ours says instead.
ROWS = [
    ("-w 50", None, None),
    ("-H 127.0.0.1", None, None),
    ("127.0.0.1", None, None),
    ("-H 127.0.0.1 -e 'Exim 4'", None, None),
    ("-H 127.0.0.1 -e 'Exim 4' -p 25", None, None),
    ("-H 127.0.0.2", None, None),  # nobody listens there
    ("-S", None, None),
    ("-s", UNKNOWN, FINE),
    ("-s -p 465", UNKNOWN, FINE),
    ("-p 465 --ssl", UNKNOWN, FINE),
    ("-s -H 127.0.0.2", UNKNOWN,
     (2, ["connect to address 127.0.0.2 and port 465: Connection refused",
          "SMTP CRITICAL - N sec. response time|time=Ns;;;0.000000"])),
    ("-D 30,7 -p 465 -t 1", "waits at port 465 for a greeting that comes inside TLS only",
     (0, ["OK - Certificate 'mx.test' will expire on DATE.|time=Ns;;;0.000000 cert_days=N;31:;8:"])),
    (f"-H mail.example.test -t {ROW_TIMEOUT_S}", "a name is looked up before -t begins to count",
     (2, [f"CRITICAL - Socket timeout after {ROW_TIMEOUT_S} seconds"])),
]


def leave_network():
    """A namespace of this process alone; without root by way of a user namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET if uid == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags) != 0:
        skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    if uid != 0:
        pathlib.Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def bring_up(name, address):
    """ifconfig NAME ADDRESS up"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        inet = struct.pack("=HH4s8x", socket.AF_INET, 0, ipaddress.IPv4Address(address).packed)
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s", name, inet))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, IFF_UP | IFF_RUNNING))


def name_servers():
    """Those of /etc/resolv.conf; without any the C library asks 127.0.0.1."""
    try:
        text = pathlib.Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)
    if any(":" in address for address in found):
        skip("a name server with an IPv6 address in /etc/resolv.conf")
    return list(dict.fromkeys(found)) or ["127.0.0.1"]


def open_name_servers():
    """Sockets that take questions and never answer."""
    sockets = []
    for number, address in enumerate(name_servers()):
        if not ipaddress.IPv4Address(address).is_loopback:
            bring_up(f"lo:{number + 1}".encode(), address)
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind((address, 53))
        sockets.append(silent)
    return sockets


def start_server(program, tls, port, directory):
    # It ends when this pipe does.
    process = subprocess.Popen([program, "--fleet", "--address", "127.0.0.1", "--port", str(port), "--tls", tls,
                                "--pki", directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    if process.stdout.readline() != b"ready\n":
        raise SystemExit(f"{program} did not start at port {port}")
    return process


def call(program, arguments):
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "RES_OPTIONS": f"timeout:{LOOKUP_S} attempts:1",
                   **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
    started = time.monotonic()
    done = subprocess.run([str(program), *shlex.split(arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, env=environment, timeout=60)
    seconds = time.monotonic() - started
    text = done.stdout.decode("utf-8", "surrogateescape")
    text = re.sub(r"\b\d+\.\d{3} sec\.", "N sec.", text)
    text = re.sub(r"\btime=\d+\.\d{6}s", "time=Ns", text)
    text = re.sub(r"\bcert_days=\d+\.\d{6};", "cert_days=N;", text)
    text = re.sub(r"will expire on [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} \+0000", "will expire on DATE",
                  text)
    return (done.returncode, cut_usage(text)), done.stderr, seconds


def compare(plugin):
    wrong = []
    for arguments, defect, wanted in ROWS:
        theirs, _, their_seconds = call(ORIGINAL, arguments)
        ours, stderr, seconds = call(plugin, arguments)
        print(f"check_smtp {arguments}\n   original: {theirs} {their_seconds:.1f} s\n   ours: {ours} {seconds:.1f} s")
        if stderr:
            wrong.append(f"{arguments}: standard error {stderr!r}")
        if defect is None and ours != theirs:
            wrong.append(f"{arguments}: not declared to differ: {theirs}, ours {ours}")
        if defect is not None and ours != wanted:
            wrong.append(f"{arguments}: declared {wanted}, ours {ours}")
        if defect is not None and theirs == wanted:
            wrong.append(f"{arguments}: stale: the original has no such defect")
        if "mail.example.test" in arguments:
            slack = 1.0 * float(os.environ.get("SMTP_PROBE_TIME_FACTOR", "1"))
            if their_seconds < LOOKUP_S - 0.1:
                wrong.append(f"the lookup took only {their_seconds:.1f} s: the name server is not the silent one")
            if not ROW_TIMEOUT_S - 0.05 <= seconds <= ROW_TIMEOUT_S + slack:
                wrong.append(f"{arguments}: took {seconds:.2f} s")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--server", required=True)
    options = parser.parse_args()
    need_original()
    leave_network()
    bring_up(b"lo", "127.0.0.1")
    sockets = open_name_servers()
    with tempfile.TemporaryDirectory(prefix="check-smtp-alone-") as directory:
        plugin = pathlib.Path(directory, "check_smtp")
        plugin.symlink_to(pathlib.Path(options.plugin).resolve())
        servers = [start_server(options.server, "starttls", 25, directory),
                   start_server(options.server, "implicit", 465, directory)]
        try:
            wrong = compare(plugin)
        finally:
            for server in servers:
                server.stdin.close()
                server.wait(timeout=10)
    for silent in sockets:
        silent.close()
    print(*wrong, sep="\n")
    print(f"{len(ROWS)} rows: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
