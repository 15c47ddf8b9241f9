# SPDX-License-Identifier: GPL-3.0-or-later
"""`--auth NTLM` against gss-ntlmssp, a server side of NTLM that is none of ours, set to refuse all but NTLMv2
(LM_COMPAT_LEVEL 5). It gives its time, so each login has a MIC, and that is checked too. The few lines of
SMTP around it are here; the packages are unpacked, not installed.

    auth_ntlm.py --probe build/smtp-probe --work DIRECTORY
"""

import argparse
import base64
import ctypes
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

SKIPPED = 77
PACKAGES = ("gss-ntlmssp", "libwbclient0")
ACCEPT, CONTINUE = 2, 1  # GSS_C_ACCEPT, GSS_S_CONTINUE_NEEDED

# name: (line of the server's file, user, password, whether it must be taken)
CASES = {
    "domain": ("DOM:bob:secret", r"DOM\bob", "secret", True),
    "no-domain": (":bob:secret", "bob", "secret", True),
    "principal-name": (":kim@example.org:secret", "kim@example.org", "secret", True),
    "case-of-user": ("DOM:bob:secret", r"DOM\BoB", "secret", True),
    "latin-1": ("DOM:jürgen:pä 📧", r"DOM\Jürgen", "pä 📧", True),
    "cyrillic": ("DOM:жанна:secret", r"DOM\Жанна", "secret", True),
    "greek": ("DOM:άω:secret", r"DOM\άω", "secret", True),
    "domain-beyond-ascii": ("Döm:bob:secret", r"Döm\bob", "secret", True),
    "wrong-password": ("DOM:bob:secret", r"DOM\bob", "Secret", False),
    "unknown-user": ("DOM:bob:secret", r"DOM\eve", "secret", False),
}


class Oid(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_char_p)]


class OidSet(ctypes.Structure):
    _fields_ = [("count", ctypes.c_size_t), ("elements", ctypes.POINTER(Oid))]


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


class Acceptor:
    """One login, seen from the server."""

    def __init__(self, library):
        self.library = library
        self.minor, self.context, self.credential = ctypes.c_uint32(), ctypes.c_void_p(), ctypes.c_void_p()
        oid = Oid(10, b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
        wanted = OidSet(1, ctypes.pointer(oid))
        major = library.gss_acquire_cred(ctypes.byref(self.minor), None, 0, ctypes.byref(wanted), ACCEPT,
                                         ctypes.byref(self.credential), None, None)
        if major != 0:
            raise RuntimeError(f"gss_acquire_cred: {major:#x} {self.minor.value:#x}")

    def step(self, token):
        """True: taken; False: refused; else the next token."""
        octets = ctypes.create_string_buffer(token, len(token))
        given, answer = Buffer(len(token), ctypes.addressof(octets)), Buffer()
        major = self.library.gss_accept_sec_context(
            ctypes.byref(self.minor), ctypes.byref(self.context), self.credential, ctypes.byref(given), None,
            None, None, ctypes.byref(answer), None, None, None)
        if major == CONTINUE:
            return ctypes.string_at(answer.value, answer.length)
        return major == 0


def serve(listener, library, spoil):
    """One connection. `spoil` changes the type 3 before the server sees it."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as stream:
        def say(line):
            stream.write(line + b"\r\n")
            stream.flush()

        say(b"220 mx.test ESMTP")
        for line in stream:
            word = line.split()[0].upper()
            if word == b"EHLO":
                say(b"250-mx.test\r\n250 AUTH NTLM")
            elif word == b"AUTH":
                acceptor = Acceptor(library)
                say(b"334 ntlm supported")
                challenge = acceptor.step(base64.b64decode(stream.readline()))
                if isinstance(challenge, bytes):
                    say(b"334 " + base64.b64encode(challenge))
                    done = acceptor.step(spoil(base64.b64decode(stream.readline())))
                else:
                    done = challenge
                say(b"235 2.7.0 welcome" if done is True else b"535 5.7.8 no")
            else:
                say(b"221 bye")
                return


def provide(work):
    """The directory with the unpacked packages; None: they can't be had here."""
    root = work / "ntlm-root"
    module = root / "usr/lib/x86_64-linux-gnu/gssntlmssp/gssntlmssp.so"
    if module.is_file():
        return module
    root.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["apt-get", "-q", "download", *PACKAGES], cwd=root, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return None
    for archive in root.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, root], check=True)
    return module if module.is_file() else None


def run_case(name, library, probe, folder, spoil=bytes):
    line, user, password, _ = CASES[name]
    (folder / "users").write_text(line + "\n", encoding="utf-8")
    secret = folder / "secret"
    secret.write_text(password + "\n", encoding="utf-8")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        server = threading.Thread(target=serve, args=(listener, library, spoil))
        server.start()
        done = subprocess.run(
            [probe, "-o", "json", "--tls", "none", "--timeout", "8s", "--user", user, "--password-file", secret,
             "--auth", "NTLM", f"127.0.0.1:{listener.getsockname()[1]}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        server.join()
    if not done.stdout:
        raise RuntimeError(f"{name}: {done.stderr}")
    return json.loads(done.stdout)[0].get("auth", {})


def flip_mic(type3):
    return type3[:75] + bytes([type3[75] ^ 1]) + type3[76:]


def run_all(library, probe, folder):
    failures = []
    for name, (_, _, _, good) in CASES.items():
        auth = run_case(name, library, probe, folder)
        if auth.get("result") != ("ok" if good else "rejected") or auth.get("code") != (235 if good else 535):
            failures.append(f"{name}: {auth}")
        if "NetBIOS name MX, NetBIOS domain DOM" not in json.dumps(auth):
            failures.append(f"{name}: the server's names are not told: {auth}")
    auth = run_case("domain", library, probe, folder, flip_mic)
    if auth.get("result") != "rejected":
        failures.append(f"a MIC with one bit changed is taken: {auth}")
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probe", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    module = provide(options.work.resolve())
    if module is None:
        print(f"skipped: {' and '.join(PACKAGES)} can't be downloaded here")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") == "1" else SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not options.child:
            # GSSAPI and the loader read their variables when the program starts.
            (folder / "mech").write_text(f"gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 {module}\n")
            variables = dict(os.environ, GSS_MECH_CONFIG=str(folder / "mech"), LM_COMPAT_LEVEL="5",
                             NETBIOS_COMPUTER_NAME="MX", NETBIOS_DOMAIN_NAME="DOM", LC_ALL="C.UTF-8",
                             NTLM_USER_FILE=str(folder / "users"), LD_LIBRARY_PATH=str(module.parents[1]))
            return subprocess.run([sys.executable, __file__, "--child", "--probe", options.probe, "--work",
                                   options.work], env=variables, check=False).returncode
        failures = run_all(ctypes.CDLL("libgssapi_krb5.so.2"), options.probe,
                           pathlib.Path(os.environ["NTLM_USER_FILE"]).parent)
    for failure in failures:
        print(failure)
    print(f"{len(CASES) + 1} logins, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
