# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS servers of other people behind a small SMTP server of our own.

Neither "openssl s_server" nor gnutls-serv says SMTP before TLS, so a front does: it greets, answers
EHLO and STARTTLS, and from then on hands octets to the server and back. What is inside TLS is the
server's own: s_server prints what it gets and sends what we write to it, so it is given a dialogue;
gnutls-serv sends back what it gets.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import queue
import re
import select
import socket
import struct
import subprocess
import threading
import time

from daemon import free_ports
from tls_peer_trace import read_trace

START_LIMIT_S = 30
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
# Nothing of the machine's configuration decides what a server can do.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OPENSSL_CONF": "/dev/null"}


class Front:
    """Accepts on a free port. `connect` gives a socket to the TLS server."""

    def __init__(self, connect, starttls=True):
        self.connect, self.starttls = connect, starttls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            try:
                client.settimeout(START_LIMIT_S)
                if not self.starttls or self.speak(client):
                    with self.connect() as server:
                        self.relay(client, server)
            except OSError:
                pass  # either side has gone: the probe and the server tell it each in their way

    @staticmethod
    def speak(client):
        """The dialogue in clear. True: STARTTLS has been said."""
        client.sendall(b"220 front.example.test ESMTP\r\n")
        waiting = b""
        while True:
            data = client.recv(4096)
            if not data:
                return False
            waiting += data
            while b"\r\n" in waiting:
                line, waiting = waiting.split(b"\r\n", 1)
                verb = line.split(b" ")[0].upper()
                if verb == b"EHLO":
                    client.sendall(b"250-front.example.test\r\n250 STARTTLS\r\n")
                elif verb == b"STARTTLS":
                    client.sendall(b"220 go ahead\r\n")
                    return True
                elif verb == b"QUIT":
                    client.sendall(b"221 bye\r\n")
                    return False
                else:
                    client.sendall(b"250 ok\r\n")

    @staticmethod
    def relay(client, server):
        other = {client: server, server: client}
        open_sides = [client, server]
        while open_sides:
            for side in select.select(open_sides, [], [], START_LIMIT_S)[0]:
                data = b""
                with contextlib.suppress(OSError):
                    data = side.recv(65536)
                if not data:
                    open_sides.remove(side)
                # A side that takes nothing more may have said why: what it sent goes on.
                with contextlib.suppress(OSError):
                    if data:
                        other[side].sendall(data)
                    else:
                        other[side].shutdown(socket.SHUT_WR)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class OpensslServer:
    """"openssl s_server" with the chain of one key; its trace and what it prints are the witness."""

    def __init__(self, pki, directory, name, kind, options, starttls=True):
        self.trace = pathlib.Path(directory) / f"{name}.trace"
        # Both servers name their key in the settings, so "-nocert" may come with the options.
        words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-trace", "-msgfile",
                 str(self.trace)]
        if "-nocert" not in options:
            words += ["-cert", str(pki.directory / f"{kind}.pem"), "-key", str(pki.key(kind)),
                      "-cert_chain", str(pki.directory / "intermediate.pem")]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            words + [str(option) for option in options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
        self.printed, port = [], queue.Queue()
        threading.Thread(target=self.answer, daemon=True, args=(not starttls, port)).start()
        try:
            self.port = port.get(timeout=START_LIMIT_S)
        except queue.Empty:
            self.port = None
        if self.port is None:
            self.process.kill()
            raise RuntimeError(f"s_server does not start: {b''.join(self.printed)!r}")
        self.front = Front(
            lambda: socket.create_connection(("127.0.0.1", self.port), START_LIMIT_S), starttls)

    def answer(self, greets, port):
        """The dialogue inside TLS."""
        replies = {b"EHLO": b"250-server.example.test\r\n250 SIZE 1000000\r\n", b"QUIT": b"221 bye\r\n"}
        for line in self.process.stdout:
            self.printed.append(line)
            ready = re.match(rb"ACCEPT 127\.0\.0\.1:(\d+)$", line.strip())
            word = line.split(b" ")[0].strip()
            if ready:
                port.put(int(ready[1]))
            reply = replies.get(word)
            # The last line that s_server prints about a session stands right before its data.
            if greets and line.startswith(b"Secure Renegotiation IS"):
                reply = b"220 server.example.test ESMTP\r\n"
            if reply is not None:
                try:
                    self.process.stdin.write(reply)
                    self.process.stdin.flush()
                except OSError:
                    return
        port.put(None)

    def stop(self):
        """Its trace is written only when it ends by itself: at the next connection, when there is
        nothing more to be said in it."""
        self.front.stop()
        self.process.stdin.close()
        with contextlib.suppress(OSError):  # it may be about to end already
            socket.create_connection(("127.0.0.1", self.port), START_LIMIT_S).close()
        try:
            self.process.wait(timeout=START_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def connections(self):
        """What it saw, once it is stopped."""
        return read_trace(self.trace.read_text(errors="replace") if self.trace.exists() else "")


class Namespace:
    """A thread in a network of its own, in which things can be called. Needs root."""

    def __init__(self):
        self.work, self.ready = queue.Queue(), queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()
        error = self.ready.get()
        if error is not None:
            raise error

    def run(self):
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        except OSError as error:
            self.ready.put(error)
            return
        self.ready.put(None)
        for function, answer in iter(self.work.get, None):
            try:
                answer.put((function(), None))
            except Exception as error:  # pylint: disable=broad-except
                answer.put((None, error))

    def call(self, function):
        answer = queue.Queue()
        self.work.put((function, answer))
        value, error = answer.get()
        if error is not None:
            raise error
        return value

    def stop(self):
        self.work.put(None)


class GnutlsServer:
    """gnutls-serv, which listens on all addresses and so gets a network without any but loopback."""

    def __init__(self, pki, directory, name, kind, options, starttls=True):
        self.log = pathlib.Path(directory) / f"{name}.log"
        self.space = Namespace()
        port = self.space.call(lambda: free_ports(1)[0])
        words = ["gnutls-serv", "--echo", "--nodb", "--port", str(port), "--x509certfile",
                 str(pki.chain(kind)), "--x509keyfile", str(pki.key(kind)), *map(str, options)]

        def start():
            with open(self.log, "wb") as log:
                return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT,
                                        env=ENVIRONMENT | {"GNUTLS_SYSTEM_PRIORITY_FILE": os.devnull})

        self.process = self.space.call(start)
        self.front = Front(lambda: self.space.call(
            lambda: socket.create_connection(("127.0.0.1", port), START_LIMIT_S)), starttls)
        deadline = time.monotonic() + START_LIMIT_S
        while b"Echo Server listening" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"gnutls-serv does not start: {self.log.read_text()}")
            time.sleep(0.02)

    def stop(self):
        self.front.stop()
        # It flushes what it prints when it is asked to end.
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.space.stop()

    def printed(self):
        return self.log.read_text(errors="replace")
