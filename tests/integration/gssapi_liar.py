# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of AUTH GSSAPI that has the service's key and does not keep to RFC 4752: one LIE a session.

Kerberos is done by libgssapi_krb5 itself (RFC 2744), called by ctypes.
"""

import base64
import ctypes
import os
import socket
import threading

LIBRARY = "libgssapi_krb5.so.2"


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]

    @classmethod
    def of(cls, octets):
        held = ctypes.create_string_buffer(octets, len(octets))
        made = cls(len(octets), ctypes.cast(held, ctypes.c_void_p))
        made.held = held
        return made

    def octets(self):
        return ctypes.string_at(self.value, self.length) if self.length else b""


class Acceptor:
    """One login as the service whose key is in the keytab of KRB5_KTNAME."""

    def __init__(self):
        self.library = ctypes.CDLL(LIBRARY)
        self.context = ctypes.c_void_p()

    def accept(self, token):
        """Kerberos' answer to the client's first token; also when that was refused."""
        minor, output = ctypes.c_uint32(), Buffer()
        self.library.gss_accept_sec_context(
            ctypes.byref(minor), ctypes.byref(self.context), None, ctypes.byref(Buffer.of(token)),
            None, None, None, ctypes.byref(output), None, None, None)
        return output.octets()

    def wrap(self, octets):
        minor, output = ctypes.c_uint32(), Buffer()
        major = self.library.gss_wrap(ctypes.byref(minor), self.context, 0, 0,
                                      ctypes.byref(Buffer.of(octets)), None, ctypes.byref(output))
        if major != 0:
            raise RuntimeError(f"gss_wrap: {major:#x}")
        return output.octets()


NO_LAYER = b"\x01\0\0\0"
# What is sent as the second challenge, where the answer to the client's token belongs.
TOKENS = {
    "garbage": lambda token, answer: os.urandom(len(answer)),
    # And when the client cancels, it hangs up, or says 421.
    "rude": lambda token, answer: os.urandom(len(answer)),
    "busy": lambda token, answer: os.urandom(len(answer)),
    "echo": lambda token, answer: token,
    "empty": lambda token, answer: b"",
    "one-octet": lambda token, answer: b"\x60",
    "cut": lambda token, answer: answer[:-7],
    "longer": lambda token, answer: answer + b"\0" * 100,
    "large": lambda token, answer: answer + b"\0" * 8000,
    "huge-length": lambda token, answer: b"\x60\x84\xff\xff\xff\xff" + answer[2:],
    "flipped": lambda token, answer: answer[:-1] + bytes((answer[-1] ^ 1,)),
}
# What is inside the third one, where the offer of layers belongs; None: not wrapped, or not whole.
OFFERS = {
    "no-offer": (b"", True),
    "three-octets": (b"\x01\0\0", True),
    "five-octets": (b"\x01\0\0\0\0", True),
    "integrity": (b"\x02\x00\xff\xff", True),
    "all-but-none": (b"\x06\x00\xff\xff", True),
    "unknown-layer": (b"\x80\0\0\0", True),
    "unwrapped": (NO_LAYER, False),
    "megabyte": (b"\x01" * 4000, True),
}
LIES = (*TOKENS, *OFFERS, "accept-at-once", "accept-early", "offer-cut", "and-on", "honest")


class Liar:
    """Tells `lie` to every client, until it is closed."""

    def __init__(self):
        self.lie = "honest"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.close()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                client.settimeout(10)
                try:
                    self.talk(stream)
                except (OSError, ValueError, EOFError):
                    pass  # the client has left; what it thinks of us is in its result

    @staticmethod
    def say(stream, line):
        stream.write(line + b"\r\n")
        stream.flush()

    def hear(self, stream):
        """The client's next line; its goodbye is answered here, and ends the session."""
        line = stream.readline()
        if not line:
            raise EOFError
        line = line.rstrip()
        if line == b"*" and self.lie != "rude":
            self.say(stream, b"421 4.3.2 bye" if self.lie == "busy" else b"501 5.7.0 as you like")
            line = stream.readline().rstrip()
        if line == b"QUIT":
            self.say(stream, b"221 2.0.0 bye")
        if line in (b"*", b"QUIT"):
            raise EOFError
        return line

    def ask(self, stream, challenge):
        self.say(stream, b"334 " + base64.b64encode(challenge))
        return base64.b64decode(self.hear(stream))

    def talk(self, stream):
        self.say(stream, b"220 mail.example.test ESMTP")
        self.hear(stream)
        self.say(stream, b"250-mail.example.test\r\n250 AUTH GSSAPI")
        self.hear(stream)
        self.log_in(stream, self.lie)
        self.say(stream, b"235 2.7.0 welcome")
        self.hear(stream)

    def log_in(self, stream, lie):
        acceptor = Acceptor()
        token = self.ask(stream, b"")  # it never fits in the line of AUTH
        if lie == "accept-at-once":
            return
        answer = acceptor.accept(token)
        self.ask(stream, TOKENS.get(lie, lambda _, answer: answer)(token, answer))
        if lie == "accept-early":
            return
        offer, wrapped = OFFERS.get(lie, (NO_LAYER, True))
        if wrapped:
            offer = acceptor.wrap(offer)
        if lie == "offer-cut":
            offer = offer[:-1]
        self.ask(stream, offer)
        if lie == "and-on":
            self.ask(stream, NO_LAYER)
