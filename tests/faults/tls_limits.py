# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with certificates beyond all measure: more than anyone needs, larger than anything keeps, with
names made to break a terminal. Each call must end in time, in bounded memory, with the right reason, and
say that it is our TLS library's limit where it is. TLS 1.2 and 1.3, by Python's ssl (OpenSSL).

    tls_limits.py SMTP-PROBE
"""

import base64
import contextlib
import ctypes
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "corpus"))

import certificate  # noqa: E402
import der  # noqa: E402
import keys  # noqa: E402

HOST = "mx.test"
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
TIMEOUT_S = 4
SLACK_S = 6          # for a busy machine, behind the probe's own limit
MEMORY_KIB = 6 << 10  # above what the probe of a good server takes
RECORD = 16384
DAY = 86400
# A program's peak is at least that of the process which started it, so a small one does.
MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
os.write(2, b"\\n%d" % used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
BIDI, ESCAPE = "\u202e", "\x1b[31m"


def pem(label, octets):
    lines = base64.encodebytes(octets).decode().replace("\n", "")
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def private_octets(key):
    out = ctypes.c_void_p()
    keys.LIBRARY.i2d_PrivateKey.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
    length = keys.LIBRARY.i2d_PrivateKey(key.handle, ctypes.byref(out))
    return ctypes.string_at(out, length)


class Makes:
    """A root, an intermediate, and leaves of the latter with something odd."""

    def __init__(self):
        now = int(time.time())
        self.times = {"begin": now - DAY, "end": now + 90 * DAY}
        self.root = certificate.authority("Root", **self.times)
        self.inter = certificate.authority("Intermediate", self.root, **self.times)

    def leaf(self, **odd):
        names = odd.pop("names", (HOST,))
        return certificate.server(self.inter, names=names, **({"subject": f"CN={HOST}"} | odd), **self.times)

    def chains(self):
        """name: (leaf, what is sent behind it, what must come of it)."""
        good, inter = self.leaf(), self.inter
        ballast = certificate.extension("1.2.3.5", der.octet_string(b"\0" * 65000))
        other = certificate.authority("Unrelated", **self.times)
        yield "good", good, [inter], OK
        yield "a hundred certificates", good, [inter] + [other] * 98, LIBRARY
        yield "ten certificates", good, [inter] + [other] * 8, LIBRARY
        yield "16 MiB of certificates", good, [inter] + [
            certificate.authority("Heavy", ext={"ballast": ballast}, **self.times)] * 250, LIBRARY
        yield "a name of 30 kB", self.leaf(names=(HOST, "a" * 30000 + ".test")), [inter], LIBRARY
        yield "a name of 14 kB", self.leaf(names=(HOST, "a" * 14000 + ".test")), [inter], OK
        yield "a subject of 14 kB", self.leaf(subject="CN=" + "a" * 14000), [inter], OK
        yield "1200 names", self.leaf(names=[f"{n}.b.test" for n in range(1200)] + [HOST]), [inter], OK
        yield "a serial of 600 bits", self.leaf(serial=1 << 599 | 1), [inter], SERIAL
        for where in ("CN", "O", "OU"):
            text = f"{where}=a{ESCAPE}{BIDI}\x00\x7f\x85b|<c>\r\nd"
            yield f"odd characters in {where}", self.leaf(subject=text), [inter], OK
        yield "odd characters in a name", self.leaf(
            names=(HOST, certificate.dns(f"x{ESCAPE}\x00{BIDI}\r\n.test".encode()))), [inter], OK


def expect_ok(result):
    return [] if result["state"] == "OK" else [f"{result['state']} {result['reason']}: {result['message']}"]


def expect_library(result):
    message = result["message"]
    if result["reason"] != "tls-handshake-failed" or "our TLS library (wolfSSL)" not in message:
        return [f"{result['reason']}: {message}"]
    return []


def expect_serial(result):
    """RFC 5280 4.1.2.2 allows 20 octets. Whoever can't read it must say whose limit it is."""
    message = result["message"]
    if result["state"] == "OK" or result["reason"] == "certificate-invalid" and "our TLS library" in message:
        return []
    return [f"{result['reason']}: {message}"]


OK, LIBRARY, SERIAL = expect_ok, expect_library, expect_serial


def speak(client, context):
    """The dialogue up to and inside TLS; a client that leaves is no failure."""
    with contextlib.suppress(OSError, ssl.SSLError), client:
        client.settimeout(TIMEOUT_S + SLACK_S)
        client.sendall(b"220 mx.test\r\n")
        client.recv(4096)
        client.sendall(b"250-mx.test\r\n250 STARTTLS\r\n")
        client.recv(4096)
        client.sendall(b"220 go\r\n")
        if not isinstance(context, ssl.SSLContext):
            context(client)
            return
        with context.wrap_socket(client, server_side=True) as inside:
            while data := inside.recv(4096):
                inside.sendall(b"221 bye\r\n" if data.upper().startswith(b"QUIT") else b"250 mx.test\r\n")


@contextlib.contextmanager
def serve(context):
    """One server on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def accept():
            with contextlib.suppress(OSError):
                while True:
                    client = listener.accept()[0]
                    threading.Thread(target=speak, args=(client, context), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def call(probe, port, root, *options):
    """(exit code, standard output, seconds, the most memory in KiB)."""
    started = time.monotonic()
    words = [probe, "--tls", "starttls", "--server-name", HOST, "--ca-file", root, "--ehlo-name", "probe.test",
             "--timeout", f"{TIMEOUT_S}s", *options, f"127.0.0.1:{port}"]
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, *words], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"LC_ALL": "C.UTF-8"})
    memory = int(done.stderr.split()[-1])
    return done.returncode, done.stdout, time.monotonic() - started, memory


def find_strange(out):
    """Characters of an output that no server may bring there."""
    text = out.decode("utf-8")
    return sorted({hex(ord(c)) for c in text
                   if ord(c) < 0x20 and c not in "\n\t" or 0x7f <= ord(c) < 0xa0 or c == BIDI})


def lie_12(body):
    """A server of TLS 1.2 by hand: its hello, then `body` writes records."""
    def handshake(client):
        hello = client.recv(RECORD)
        session = hello[44:44 + hello[43]]
        suite = b"\xc0\x2f"
        server = b"\x03\x03" + bytes(32) + bytes([len(session)]) + session + suite + b"\0"
        message = b"\x02" + len(server).to_bytes(3, "big") + server
        client.sendall(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
        body(client)
    return handshake


def record(content):
    return b"\x16\x03\x03" + len(content).to_bytes(2, "big") + content


def flood(client, head=b"\x0b\xff\xff\xff\xff\xff\xfc", pause=0.0, records=1024):
    """A Certificate message of 16 MiB, as its head says."""
    client.sendall(record(head + bytes(RECORD - len(head))))
    for _ in range(records):
        time.sleep(pause)
        client.sendall(record(b"\x30" * RECORD))
    client.recv(1)


def small_records(client):
    """The same, an octet a record, for as long as someone reads."""
    client.sendall(record(b"\x0b\x00\x40\x00\x00\x3f\xfd"))
    while True:
        client.sendall(record(b"\0") * 100)
        time.sleep(0.02)


LIES = {
    "16 MiB announced, at full speed": (flood, "our TLS library (wolfSSL)"),
    "16 MiB announced, slowly": (lambda client: flood(client, pause=0.1), "our TLS library (wolfSSL)"),
    "an octet a record": (small_records, ""),
}


class Suite:
    def __init__(self, probe, directory):
        self.probe, self.directory = probe, pathlib.Path(directory)
        self.wrong, self.base = [], {}
        self.root = str(self.directory / "root.pem")

    def note(self, name, faults, seconds, memory):
        print(f"{'FAILED' if faults else 'ok'}  {name}: {seconds:.2f} s, {memory >> 10} MiB")
        for fault in faults:
            print(f"     {fault[:600]}")
        self.wrong += faults

    def judge(self, done, version, expect):
        code, out, seconds, memory = done
        faults = [] if seconds < TIMEOUT_S + SLACK_S else [f"took {seconds:.1f} s"]
        base = self.base.setdefault(version, memory)
        if memory > base + MEMORY_KIB:
            faults.append(f"{memory} KiB; a good server costs {base}")
        try:
            result = json.loads(out)[0]
        except ValueError as error:
            return faults + [f"exit {code}, {error}: {out[:200]!r}"]
        strange = find_strange(out)
        return faults + expect(result) + ([f"in the output: {strange}"] if strange else [])

    def try_chain(self, version, name, leaf, others, expect):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = VERSIONS[version]
        chain, key = self.directory / "chain.pem", self.directory / "key.pem"
        chain.write_text("".join(pem("CERTIFICATE", one.der) for one in (leaf, *others)))
        key.write_text(pem("EC PRIVATE KEY", private_octets(leaf.key)))
        context.load_cert_chain(chain, key)
        with serve(context) as port:
            done = call(self.probe, port, self.root, "-o", "json")
            faults = self.judge(done, version, expect)
            if "characters" in name or "name" in name:
                for options in (("-o", "text", "-v", "--show-certificates"), ("-o", "nagios", "-v"),
                                ("-o", "prometheus",), ("-o", "jsonl", "--transcript"),
                                ("-o", "text", "--show-certificates", "--pem")):
                    out = call(self.probe, port, self.root, *options)[1]
                    strange = find_strange(out)
                    if strange or len(out) > 1 << 18:
                        faults.append(f"{' '.join(options)}: {len(out)} octets, {strange}")
        self.note(f"{version}: {name}", faults, *done[2:])

    def run(self):
        makes = Makes()
        pathlib.Path(self.root).write_text(pem("CERTIFICATE", makes.root.der))
        chains = list(makes.chains())
        for version in VERSIONS:
            for name, leaf, others, expect in chains:
                self.try_chain(version, name, leaf, others, expect)
        for name, (lie, says) in LIES.items():
            with serve(lie_12(lie)) as port:
                done = call(self.probe, port, self.root, "-o", "json")

                def expect(result, says=says):
                    return [] if result["state"] == "CRITICAL" and says in result["message"] else [
                        f"{result['state']} {result['reason']}: {result['message']}"]
                self.note(f"lie: {name}", self.judge(done, "TLSv1.2", expect), *done[2:])


def main():
    with tempfile.TemporaryDirectory(prefix="tls-limits-") as directory:
        suite = Suite(sys.argv[1], directory)
        suite.run()
    print(f"{len(suite.wrong)} wrong")
    return 1 if suite.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
