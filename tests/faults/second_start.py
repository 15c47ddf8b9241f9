#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with a revoked certificate that has no time for the second connection.

    second_start.py PROBE SERVER

In TLS 1.2 a staple that says "revoked" makes the probe begin again. What the first connection showed must count however
the second one ends, and the endpoint has two connections, not more.
"""
import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True

from surveys import EHLO, GOOD, relay, talk

SCRIPT = """server mx
  tls starttls
  tls-version 1.2
  staple revoked
end
"""

# name: (lines, answer to the ClientHello, how it ends, the finding beside certificate-revoked, mode of --tls)
ROWS = {
    "busy": ([b"421 4.3.2 too many connections\r\n"], None, "close", "service-not-available", "starttls"),
    "reset": ([b""], None, "reset", "connection-reset", "starttls"),
    "silent": ([b""], None, "wait", "reply-timeout", "starttls"),
    "454": ([GOOD[0], EHLO, b"454 4.7.0 later\r\n", b"221 bye\r\n"], None, "close", "starttls-temporary", "starttls"),
    "no STARTTLS this time": ([GOOD[0], b"250 mx.test\r\n", b"221 bye\r\n"], None, "close",
                              "starttls-not-supported", "opportunistic"),
    "an alert": (GOOD, b"\x15\x03\x03\x00\x02\x02\x50", "close", "tls-alert", "starttls"),
}


@contextlib.contextmanager
def revoked(program):
    """Yields (port, file of the root certificate); the server is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        script = pathlib.Path(directory, "revoked.scenario")
        script.write_text(SCRIPT)
        with subprocess.Popen([program, "--pki", directory, script], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                yield int(process.stdout.readline().split()[2]), pathlib.Path(directory, "root.pem")
            finally:
                process.stdin.close()
                process.stdout.read()


def serve(listener, port, row, counts):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        counts.append(1)
        with client, contextlib.suppress(ConnectionError):
            if len(counts) == 1:
                relay(client, port, "127.0.0.1")
            else:
                talk(client, *row[:3])


def judge(row, probe, port, root):
    counts = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, port, row, counts))
        thread.start()
        done = subprocess.run(
            [probe, "-o", "json", "--ca-file", root, "--tls", row[4], "--verify", "require", "--server-name",
             "mx.test", "--reply-timeout", "2s", f"127.0.0.1:{listener.getsockname()[1]}"],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    result = json.loads(done.stdout)[0]
    found = {finding["reason"] for finding in result["findings"]}
    came = (done.returncode, len(counts), found, result["tls"]["ocsp"]["status"],
            result["verify"]["authenticated_by"], len(result["certificates"]))
    wanted = (2, 2, {"certificate-revoked", row[3]}, "revoked", None, 2)
    return None if came == wanted else f"{came}, wanted {wanted}"


def main():
    probe, server = sys.argv[1:3]
    wrong = 0
    with revoked(server) as (port, root):
        for name, row in ROWS.items():
            problem = judge(row, probe, port, root)
            if problem:
                print(f"{name}: {problem}")
                wrong += 1
    print(f"{len(ROWS) - wrong} of {len(ROWS)} as expected")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
