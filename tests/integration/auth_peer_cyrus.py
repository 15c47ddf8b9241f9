# SPDX-License-Identifier: GPL-3.0-or-later
"""A small SMTP server whose logins are Cyrus SASL's and bound to TLS 1.2 by tls-unique: what no mail server of Debian
12 does. The library is the unpacked one, called by ctypes; TLS is Python's, so OpenSSL's."""

import base64
import ctypes
import os
import shutil
import socket
import ssl
import subprocess
import threading

from auth_peer_servers import PASSWORD, USER

SASL_OK, SASL_CONTINUE, SASL_FAIL = 0, 1, -1
SASL_CB_LIST_END, SASL_CB_GETOPT = 0, 1
SASL_USERNAME, SASL_CHANNEL_BINDING = 0, 21
MECHANISMS = ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS")
HOST = "cyrus.example.test"


class Callback(ctypes.Structure):
    _fields_ = [("id", ctypes.c_ulong), ("function", ctypes.c_void_p), ("context", ctypes.c_void_p)]


class ChannelBinding(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("critical", ctypes.c_int), ("length", ctypes.c_ulong),
                ("data", ctypes.c_char_p)]


GET_OPTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p,
                              ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_uint))


class Sasl:
    """libsasl2's server side with one user in its own database."""

    def __init__(self, root, folder):
        libraries = root / "usr/lib"
        self.database = folder / "sasldb2"
        subprocess.run(["chroot", str(root), "saslpasswd2", "-p", "-c", "-f", "/tmp/front-sasldb2", "-u", HOST, USER],
                       input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)
        shutil.move(root / "tmp/front-sasldb2", self.database)
        library = next(libraries.glob("*/libsasl2.so.2"))
        os.environ["SASL_PATH"] = str(library.parent / "sasl2")
        self.lib = ctypes.CDLL(str(library))
        options = {b"auxprop_plugin": b"sasldb", b"sasldb_path": str(self.database).encode(),
                   b"mech_list": b"SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"}

        def get_option(_context, _plugin, name, result, length):
            if name not in options:
                return SASL_FAIL
            result[0] = options[name]
            if length:
                length[0] = len(options[name])
            return SASL_OK

        self.keep = GET_OPTION(get_option)
        self.callbacks = (Callback * 2)(Callback(SASL_CB_GETOPT, ctypes.cast(self.keep, ctypes.c_void_p), None),
                                        Callback(SASL_CB_LIST_END, None, None))
        if self.lib.sasl_server_init(self.callbacks, b"front") != SASL_OK:
            raise RuntimeError("Cyrus SASL does not start")

    def session(self, unique):
        connection = ctypes.c_void_p()
        code = self.lib.sasl_server_new(b"smtp", HOST.encode(), None, None, None, None, 0, ctypes.byref(connection))
        if code != SASL_OK:
            raise RuntimeError(f"sasl_server_new: {code}")
        binding = ChannelBinding(b"tls-unique", 0, len(unique), unique)
        self.lib.sasl_setprop(connection, SASL_CHANNEL_BINDING, ctypes.byref(binding))
        return connection, binding  # the library keeps a pointer to it

    def mechanisms(self, connection):
        text = ctypes.c_char_p()
        self.lib.sasl_listmech(connection, None, b"", b" ", b"", ctypes.byref(text), None, None)
        return text.value.decode()

    def step(self, connection, mechanism, data):
        """The library's code and what it answers; `mechanism` at the first step only."""
        out, length = ctypes.c_void_p(), ctypes.c_uint()
        end = (ctypes.byref(out), ctypes.byref(length))
        size = ctypes.c_uint(len(data) if data is not None else 0)
        if mechanism is not None:
            code = self.lib.sasl_server_start(connection, mechanism.encode(), data, size, *end)
        else:
            code = self.lib.sasl_server_step(connection, data, size, *end)
        return code, ctypes.string_at(out.value, length.value) if out.value else b""

    def why(self, connection):
        self.lib.sasl_errdetail.restype = ctypes.c_char_p
        return self.lib.sasl_errdetail(connection).decode(errors="replace")


class CyrusFront:
    def __init__(self, root, folder, ca):
        self.sasl = Sasl(root, folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(ca.chain("rsa"), ca.key("rsa"))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.log, self.ended = [], threading.Event()
        self.is_relayed = False  # as if somebody stood between, with a TLS connection to either side
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.talk(connection)
            except OSError as error:
                self.log.append(f"broken: {error}")
            finally:
                connection.close()
                self.ended.set()

    def talk(self, connection):
        connection.settimeout(10)
        secure, file = None, connection.makefile("rwb", 0)

        def say(text):
            file.write(text.encode() + b"\r\n")

        say(f"220 {HOST} ESMTP")
        while line := file.readline():
            words = line.decode(errors="replace").split()
            verb = words[0].upper() if words else ""
            if verb == "EHLO" and secure is None:
                say(f"250-{HOST}\r\n250 STARTTLS")
            elif verb == "EHLO":
                say(f"250-{HOST}\r\n250 AUTH {self.sasl.mechanisms(secure[0])}")
            elif verb == "STARTTLS":
                say("220 go")
                wrapped = self.context.wrap_socket(connection, server_side=True)
                unique = bytes(12) if self.is_relayed else wrapped.get_channel_binding("tls-unique")
                secure, file = self.sasl.session(unique), wrapped.makefile("rwb", 0)
            elif verb == "AUTH" and secure is not None:
                self.log_in(secure[0], words, file, say)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("500 what?")

    def log_in(self, connection, words, file, say):
        self.log.append(f"AUTH {words[1]}")
        mechanism, data = words[1], base64.b64decode(words[2]) if len(words) > 2 else None
        while True:
            code, answer = self.sasl.step(connection, mechanism, data)
            mechanism = None
            if code != SASL_CONTINUE and not (code == SASL_OK and answer):
                break
            say("334 " + base64.b64encode(answer).decode())
            data = base64.b64decode(file.readline().strip())
            if code == SASL_OK:
                break
        self.log.append("accepted" if code == SASL_OK else f"refused: {code} {self.sasl.why(connection)}")
        say("235 2.7.0 welcome" if code == SASL_OK else "535 5.7.8 authentication failed")

    # --- as LoginPeer has it ---

    def mark(self):
        self.log.clear()
        self.ended.clear()

    def session_log(self):
        self.ended.wait(5)
        return "\n".join(self.log)

    @staticmethod
    def read_session(log):
        tried = [line.split()[1] for line in log.splitlines() if line.startswith("AUTH ")]
        return len(tried), "accepted" in log, tried[0] if tried else None
