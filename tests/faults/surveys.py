#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is well in the session and not in the surveys of --tls-policy.

    surveys.py PROBE SERVER

The first connection goes on to the scripted server; those behind it get what a row says. One connection is served at
a time, so a probe that held two open would wait in vain. Whatever happens, the verdict stays the session's, and each
survey says what became of it.
"""
import contextlib
import json
import pathlib
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from fleet import fleet

HELLO = bytes.fromhex("16030300{:02x}020000{:02x}".format(0x2a, 0x26))
EHLO = b"250-mx.test\r\n250 STARTTLS\r\n"


def hello(suite, version=b"\x03\x03"):
    """A ServerHello without extensions, in a record of its own."""
    return HELLO + version + b"r" * 32 + b"\0" + suite + b"\0"


def relay(client, port, host="127.9.0.1"):
    with socket.create_connection((host, port)) as server:
        while True:
            ready, _, _ = select.select([client, server], [], [])
            for one in ready:
                octets = one.recv(65536)
                if not octets:
                    return
                (server if one is client else client).sendall(octets)


def drain(client):
    """Until the probe closes."""
    with contextlib.suppress(ConnectionError):
        while client.recv(65536):
            pass


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def talk(client, lines, answer, end):
    """Sends the greeting; then each received line gets the next answer; then what is no SMTP."""
    client.sendall(lines[0])
    for line in lines[1:]:
        if not client.recv(4096):
            return
        client.sendall(line)
    if answer is not None:
        client.recv(8192)  # the ClientHello
        for octets in answer if isinstance(answer, list) else [answer]:
            client.sendall(octets)
            if isinstance(answer, list):
                time.sleep(0.002)
    if end == "reset":
        reset(client)
    elif end != "close":
        drain(client)


GOOD = [b"220 mx.test ESMTP\r\n", EHLO, b"220 go\r\n"]

# name: (lines, answer to the ClientHello, how it ends, outcome, reason, part of the detail, version)
ROWS = {
    "busy": ([b"421 4.3.2 too many connections\r\n"], None, "close",
             "failed", "service-not-available", "", None),
    "greeting never comes": ([b""], None, "wait", "failed", "reply-timeout", "silent", None),
    "no STARTTLS this time": ([GOOD[0], b"250 mx.test\r\n", b"221 bye\r\n"], None, "close",
                              "failed", "starttls-not-supported", "", None),
    "454": ([GOOD[0], EHLO, b"454 4.7.0 later\r\n", b"221 bye\r\n"], None, "close",
            "failed", "starttls-temporary", "", None),
    "injection": ([GOOD[0], EHLO, b"220 go\r\n250 pwned\r\n"], None, "wait",
                  "failed", "starttls-injection", "", None),
    "closed before TLS": ([GOOD[0]], None, "close", "failed", "connection-(closed|reset)", "", None),
    "silent behind the ClientHello": (GOOD, b"", "wait", "failed", "reply-timeout", "silent", None),
    "plain text": (GOOD, b"500 what?\r\n", "wait", "failed", "tls-protocol-error", "not TLS", None),
    "closed": (GOOD, b"", "close", "refused", None, "", None),
    "reset": (GOOD, b"", "reset", "refused", None, "", None),
    "alert": (GOOD, b"\x15\x03\x01\x00\x02\x02\x28", "close", "refused", None, "", None),
    "alert and no close": (GOOD, b"\x15\x03\x01\x00\x02\x02\x28", "wait", "refused", None, "", None),
    "a suite that nobody offered": (GOOD, hello(b"\x12\x34"), "wait",
                                    "failed", "tls-protocol-error", "not offered", None),
    "half a hello": (GOOD, hello(b"\xc0\x2f")[:20], "wait", "failed", "reply-timeout", "silent", None),
    "a hello, then silence": (GOOD, hello(b"\xc0\x2f"), "wait", "accepted", None, "", "TLSv1.2"),
    "a hello octet by octet": (GOOD, [bytes([octet]) for octet in hello(b"\xc0\x2f")], "close",
                               "accepted", None, "", "TLSv1.2"),
    "16 MiB of certificates": (GOOD, hello(b"\xc0\x2f") +
                               b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff" + bytes(0x3ffc) +
                               (b"\x16\x03\x03\x40\x00" + bytes(0x4000)) * 100, "close",
                               "accepted", None, "", "TLSv1.2"),
}


def serve(listener, port, row, counts):
    lines, answer, end = row[:3]
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        counts.append(1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(ConnectionError):
            if len(counts) == 1:
                relay(client, port)
            else:
                talk(client, lines, answer, end)


def judge(name, row, probe, port, root):
    outcome, reason, words, version = row[3:]
    # Silence is waited for; whoever talks may take its time on a busy machine.
    patience = "300ms" if "reply-timeout" == reason else "4s"
    counts = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, port, row, counts))
        thread.start()
        done = subprocess.run(
            [probe, "-o", "json", "--ca-file", root, "--tls", "starttls", "--server-name", "mx.test",
             "--verify", "off", "--tls-policy", "modern", "--timeout", "20s", "--reply-timeout", patience,
             f"127.0.0.1:{listener.getsockname()[1]}"],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    if done.stderr:
        return f"says {done.stderr[:300]!r}"
    result = json.loads(done.stdout)[0]
    surveys = result["tls"].get("surveys", [])
    if len(surveys) != 4 or len(counts) != 5:
        return f"{len(surveys)} surveys, {len(counts)} connections"
    first = surveys[0]
    came = (first["outcome"], first.get("reason"), first.get("version"))
    if came[::2] != (outcome, version) or not re.fullmatch(reason or "", came[1] or "") or \
            words not in (first.get("detail") or ""):
        return f"{came}, {first.get('detail')!r}"
    states = {finding["state"] for finding in result["findings"] if finding["stage"] == "policy"}
    told = [finding for finding in result["findings"] if "not known" in finding["message"]]
    if outcome == "failed" and (states - {"OK"} or len(told) != 4):
        return f"findings {states}, {len(told)} of them not known"
    if outcome == "accepted" and "WARNING" not in states:
        return "an acceptance that is no finding"
    if outcome != "accepted" and (result["state"] != "OK" or done.returncode != 0):
        return f"state {result['state']}, exit {done.returncode}"
    return None


def main():
    probe, server = sys.argv[1:3]
    wrong = 0
    with fleet(server) as (port, root):
        for name, row in ROWS.items():
            problem = judge(name, row, probe, port, root)
            if problem:
                print(f"{name}: {problem}")
                wrong += 1
    print(f"{len(ROWS) - wrong} of {len(ROWS)} as expected")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
