# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in at real mail servers of Debian with every mechanism that they speak: the right password, a wrong one, an
unknown user, a disabled one. What the JSON says is held against what the server's own log says of the session. What was
seen is written as a table.

    auth_peers.py --probe build/smtp-probe --schema FILE --work DIRECTORY [--matrix FILE] [ROW…]      # * and ? allowed
"""

import argparse
import contextlib
import dataclasses
import fnmatch
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from auth_peer_cyrus import MECHANISMS, CyrusFront
from auth_peer_servers import (DISABLED, LOGIN_HOST, PASSWORD, TOKEN, UNKNOWN, USER, Dovecot, LoginExim,
                               LoginOpenSmtpd, LoginPostfix, TokenServer)
from certificates import TestCa, issue
from failures import Failures
from peer_root import Unavailable, provide

SKIPPED = 77
LIMIT_S = 540
WRONG = "wrong-pass-word"

# mechanism: what the login proves, and which --user is tried with it
PASSWORDS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "NTLM")
TOKENS = ("OAUTHBEARER", "XOAUTH2")
PROVING = ("DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", *MECHANISMS)


@dataclasses.dataclass(frozen=True)
class Row:
    server: str                # a listener: "postfix-dovecot", "exim" …
    mechanism: str             # named by --auth; "auto": the strongest that is offered
    # right, wrong, unknown, disabled; relayed: right, but the server sees another TLS connection than we do
    attempt: str = "right"
    chosen: str = ""           # by auto
    result: str = ""           # auth.result, when it is not what the attempt says
    reason: str = ""
    options: tuple = ()
    tls: str = "starttls"
    why: str = ""              # for the table: why it is not as it should be

    def __str__(self):
        return f"{self.server} {self.mechanism} {self.attempt}" + "".join(f" {word}" for word in self.options)

    @property
    def wanted(self):
        return self.result or ("ok" if self.attempt == "right" else "rejected")

    @property
    def wanted_reason(self):
        # Dovecot lists token mechanisms before STARTTLS too, which is said where nothing is worse.
        good = "auth-offered-without-tls" if self.server == "dovecot" else "ok"
        return self.reason or {"ok": good, "rejected": "auth-rejected"}[self.wanted]


def rows():
    attempts = {"postfix-dovecot": ("right", "wrong", "unknown", "disabled"),
                "postfix-cyrus": ("right", "wrong", "unknown", "disabled"),
                "dovecot": ("right", "wrong", "unknown", "disabled"),
                "exim": ("right", "wrong", "unknown", "disabled"), "opensmtpd": ("right", "wrong", "unknown")}
    spoken = {"postfix-dovecot": ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
              "postfix-cyrus": PASSWORDS,
              "dovecot": ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
              "exim": ("PLAIN", "LOGIN", "CRAM-MD5"), "opensmtpd": ("PLAIN", "LOGIN")}
    for server, mechanisms in spoken.items():
        for mechanism in mechanisms:
            for attempt in attempts[server]:
                yield Row(server, mechanism, attempt)
    for server in ("postfix-dovecot", "dovecot"):
        for mechanism in TOKENS:
            for attempt in ("right", "wrong"):
                yield Row(server, mechanism, attempt)
    for server in ("postfix-dovecot", "postfix-cyrus"):
        yield Row(server, "ANONYMOUS")
    for server in ("dovecot", "exim"):
        yield Row(server, "EXTERNAL")
        yield Row(server, "EXTERNAL", "wrong")
    yield Row("exim", "NTLM", result="rejected", why="Exim's spa driver verifies NTLMv1 only")
    for mechanism in MECHANISMS:
        for attempt in ("right", "wrong", "unknown", "relayed"):
            yield Row("cyrus", mechanism, attempt)
    yield Row("cyrus", "auto", chosen="SCRAM-SHA-512-PLUS")
    yield Row("cyrus", "SCRAM-SHA-256")
    yield Row("postfix-dovecot", "auto", chosen="SCRAM-SHA-256")
    yield Row("postfix-cyrus", "auto", chosen="SCRAM-SHA-512")
    yield Row("dovecot", "auto", chosen="SCRAM-SHA-256")
    yield Row("exim", "auto", chosen="CRAM-MD5")
    yield Row("opensmtpd", "auto", chosen="PLAIN")
    yield Row("postfix-dovecot-clear", "PLAIN", tls="none", result="skipped", reason="auth-requires-tls")
    yield Row("postfix-dovecot-clear", "PLAIN", tls="none", options=("--auth-insecure",), reason="auth-requires-tls")
    yield Row("postfix-dovecot-clear", "auto", tls="none", chosen="SCRAM-SHA-256", reason="auth-offered-without-tls")


class Suite:
    def __init__(self, arguments, root, folder):
        import jsonschema
        self.arguments, self.folder = arguments, pathlib.Path(folder)
        self.failures = Failures()
        self.seen = {}  # (server, mechanism): [(attempt, what was seen)]
        schema = json.loads(pathlib.Path(arguments.schema).read_text(encoding="utf-8"))
        self.validator = jsonschema.validators.validator_for(schema)(schema)
        self.ca = TestCa(self.folder / "ca", kinds=("rsa",))
        self.make_client(USER)
        self.make_client(UNKNOWN)
        for name, text in (("right", PASSWORD), ("wrong", WRONG), ("right-token", TOKEN), ("wrong-token", WRONG)):
            path = self.folder / name
            path.write_text(text + "\n")
            path.chmod(0o600)
        self.root = root

    def make_client(self, user):
        """A client's certificate with the user's name where Dovecot (CN) and Exim (mail address) look for it."""
        directory = self.ca.directory
        issue(directory, user, "ecdsa", f"/CN={user}", 90,
              ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth",
               f"subjectAltName=email:{user}"], "intermediate")
        chain = b"".join((directory / f"{name}.pem").read_bytes() for name in (user, "intermediate"))
        (directory / f"{user}-chain.pem").write_bytes(chain)

    def words(self, row, port):
        words = [self.arguments.probe, "-o", "json", "--ehlo-name", "probe.example.test", "--timeout", "15s",
                 "--tls", row.tls, "--server-name", LOGIN_HOST, "--ca-file", str(self.ca.root), *row.options]
        user = {"unknown": UNKNOWN, "disabled": DISABLED}.get(row.attempt, USER)
        if row.mechanism != "auto":
            words += ["--auth", row.mechanism]
        if row.mechanism == "EXTERNAL":
            # Wrong: another's certificate.
            holder = USER if row.attempt == "right" else UNKNOWN
            words += ["--user", USER, "--cert", str(self.ca.directory / f"{holder}-chain.pem"),
                      "--key", str(self.ca.directory / f"{holder}.key")]
        elif row.mechanism == "ANONYMOUS":
            words += ["--user", "guest@example.test"]
        else:
            secret = "wrong" if row.attempt == "wrong" else "right"
            words += ["--user", user]
            words += (["--token-file", str(self.folder / f"{secret}-token")] if row.mechanism in TOKENS
                      else ["--password-file", str(self.folder / secret)])
        return [*words, f"127.0.0.1:{port}"]

    def run_row(self, row, peer, port):
        expect, equal = self.failures.expect, self.failures.equal
        peer.mark()
        peer.is_relayed = row.attempt == "relayed"
        done = subprocess.run(self.words(row, port), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60,
                              env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"})
        text, messages = done.stdout.decode(), done.stderr.decode("utf-8", "replace")
        log = peer.session_log()
        try:
            result = json.loads(text)[0]
        except (ValueError, IndexError) as error:
            expect(False, f"JSON: {error}; messages: {messages}")
            return
        for error in self.validator.iter_errors(result):
            expect(False, f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
        auth = result.get("auth", {})
        equal(auth.get("result"), row.wanted, "auth.result")
        equal(result["reason"], row.wanted_reason, "reason")
        equal(auth.get("server_proven", False), row.wanted == "ok" and (row.chosen or row.mechanism) in PROVING,
              "auth.server_proven")
        if row.wanted != "skipped":
            equal(auth.get("mechanism"), row.chosen or row.mechanism, "auth.mechanism")
        if row.wanted == "ok":
            equal(auth.get("code"), 235, "auth.code")
            equal(auth.get("channel_binding"), "tls-unique" if auth["mechanism"].endswith("-PLUS") else None,
                  "auth.channel_binding")
        for secret in (PASSWORD, WRONG, TOKEN):
            expect(secret not in text + messages, f"the secret {secret} is in the output")
        attempts, accepted, mechanism = peer.read_session(log)
        equal(attempts, 0 if row.wanted == "skipped" else 1, "logins in the server's log")
        equal(accepted, row.wanted == "ok", "accepted in the server's log")
        if mechanism is not None:
            equal(mechanism, auth.get("mechanism"), "the mechanism in the server's log")
        if self.failures.in_case:
            print(text, messages, "--- the server's log:", log, sep="\n")
        self.note(row, auth)

    def note(self, row, auth):
        what = auth.get("result") or "no result"
        what += f" {auth['code']}" if auth.get("code") else ""
        what += ", server proven" if auth.get("server_proven") else ""
        what += f", bound by {auth['channel_binding']}" if auth.get("channel_binding") else ""
        if row.mechanism == "auto":
            what = f"{auth.get('mechanism')}: {what}"
        if row.why:
            what += f" ({row.why})"
        words = " ".join((row.attempt, *row.options))
        self.seen.setdefault((row.server, row.mechanism), []).append((words, what))

    def write_matrix(self, path):
        lines = ["# Logins at real servers", "",
                 "Written by `tests/integration/auth_peers.py` from what happened.", "",
                 "| server | mechanism | attempt | what was seen |", "|---|---|---|---|"]
        for (server, mechanism), attempts in self.seen.items():
            lines += [f"| {server} | {mechanism} | {attempt} | {what} |" for attempt, what in attempts]
        pathlib.Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self):
        patterns = self.arguments.rows or ["*"]
        table = [row for row in rows() if any(fnmatch.fnmatchcase(str(row), f"{p}*") for p in patterns)]
        tokens = TokenServer()
        started = time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                ports = {}
                names = {row.server.partition("-")[0] for row in table}
                if names & {"postfix", "dovecot"}:
                    # Postfix ends a service whose login server it can't ask, so that one is first.
                    postfix = LoginPostfix(self.root, self.ca)
                    dovecot = stack.enter_context(Dovecot(self.root, self.ca, tokens, postfix.ports["relay"]))
                    stack.enter_context(postfix)
                    for listener in ("dovecot", "cyrus", "dovecot-clear"):
                        ports[f"postfix-{listener}"] = (postfix, postfix.ports[listener])
                    ports["dovecot"] = (dovecot, dovecot.ports["submission"])
                for peer_class in (LoginExim, LoginOpenSmtpd):
                    if peer_class.name in names:
                        peer = stack.enter_context(peer_class(self.root, self.ca))
                        ports[peer.name] = (peer, peer.ports["starttls"])
                if "cyrus" in names:
                    front = stack.enter_context(CyrusFront(self.root, self.folder, self.ca))
                    ports["cyrus"] = (front, front.port)
                for row in table:
                    self.run_row(row, *ports[row.server])
                    self.failures.close_case(row)
        finally:
            tokens.stop()
        print(f"{len(table)} logins in {time.monotonic() - started:.1f} s, {self.failures.total} wrong")
        if self.arguments.matrix and self.arguments.rows == []:
            self.write_matrix(self.arguments.matrix)
        return 1 if self.failures.total or not table else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--work", required=True, help="where the servers are unpacked")
    parser.add_argument("--matrix", help="the table of what was seen; written when all rows are run")
    parser.add_argument("rows", nargs="*")
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    try:
        root = provide(arguments.work)
    except Unavailable as error:
        print(f"SKIPPED: {error}")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") == "1" else SKIPPED
    with tempfile.TemporaryDirectory(prefix="auth-peers-") as folder:
        return Suite(arguments, root, folder).run()


if __name__ == "__main__":
    sys.exit(main())
