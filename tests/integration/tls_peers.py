# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes TLS servers of other people (openssl s_server, gnutls-serv, Postfix) that are set up in one
way after the other, and compares what the JSON says of TLS with that setting and with what the
server itself reports.

    tls_peers.py --probe build/smtp-probe --schema FILE --work DIRECTORY [ROW…]      # * and ? allowed
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

from certificates import HOST
from peer_root import Unavailable, provide
from tls_peer_pki import PASSPHRASE, PeerPki
from tls_peer_postfix import run_postfix
from tls_peer_rows import OK, rows
from tls_peer_servers import GnutlsServer, Namespace, OpensslServer

SKIPPED = 77
LIMIT_S = 540
JOBS = 4
STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
# GnuTLS's words for what the JSON calls by IANA's names.
GNUTLS_GROUPS = {"SECP256R1": "secp256r1", "SECP384R1": "secp384r1", "SECP521R1": "secp521r1",
                 "X25519": "x25519", "X448": "x448", "FFDHE2048": "ffdhe2048"}


class Check:
    """What is wrong with one row."""

    def __init__(self):
        self.wrong = []

    def expect(self, is_right, text):
        if not is_right:
            self.wrong.append(text)

    def equal(self, got, wanted, what):
        self.expect(got == wanted, f"{what} is {got!r}, must be {wanted!r}")


def look_up(value, path):
    """None for what is not there: a row that wants null says so of a fact that must be tested."""
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value.get(step)
        if value is None:
            return None
    return value


class Suite:
    def __init__(self, probe, schema, pki, directory):
        import jsonschema
        self.probe, self.pki, self.directory = probe, pki, pathlib.Path(directory)
        form = json.loads(pathlib.Path(schema).read_text(encoding="utf-8"))
        self.validator = jsonschema.validators.validator_for(form)(form)

    def fill(self, words, kind):
        """The placeholders of a row's options; {client:NAME} stands for several words."""
        filled = []
        for word in words:
            if word.startswith("{client:"):
                filled += self.pki.identity(word[len("{client:"):-1])
            elif word.startswith("{staple:"):
                filled.append(str(self.pki.staple(kind, word[len("{staple:"):-1])))
            elif word.startswith("{dh:"):
                filled.append(str(self.pki.parameters(word[len("{dh:"):-1])))
            else:
                filled.append(word.replace("{root}", str(self.pki.root)))
        return filled

    def call(self, port, tls, options, check):
        """The one result, or None."""
        words = [self.probe, "-o", "json", "--ehlo-name", "probe.test", "--timeout", "20s",
                 "--ca-file", str(self.pki.root), "--server-name", HOST, "--tls", tls, *options,
                 f"127.0.0.1:{port}"]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60,
                              env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"})
        text = done.stdout.decode("utf-8") + done.stderr.decode("utf-8", "replace")
        check.expect(PASSPHRASE not in text and "PRIVATE KEY" not in text, "a secret is in the output")
        try:
            document = json.loads(done.stdout)
        except ValueError as error:
            check.expect(False, f"JSON: {error}: {text[:500]}")
            return None
        for result in document:
            for error in self.validator.iter_errors(result):
                place = "/".join(map(str, error.absolute_path))
                check.expect(False, f"schema: {place}: {error.message[:300]}")
        check.equal(len(document), 1, "number of results")
        check.equal(done.returncode, document[0]["exit_code"], "exit code of the program")
        return document[0]

    def run_row(self, row):
        check, result = Check(), None
        started = time.monotonic()
        try:
            kind = OpensslServer if row.peer == "openssl" else GnutlsServer
            server = kind(self.pki, self.directory, row.name, row.kind,
                          self.fill(row.server, row.kind), row.tls == "starttls")
            try:
                result = self.call(server.front.port, row.tls, self.fill(row.probe, row.kind), check)
            finally:
                server.stop()
            if result is not None:
                judge(row, result, check)
                if row.peer == "openssl":
                    judge_openssl(row, result, server.connections(), check)
                elif result["reason"] == "protocol-error":
                    judge_gnutls(result, server.printed(), check)
        except Exception:  # pylint: disable=broad-except
            check.wrong.append(traceback.format_exc())
        return row.name, check.wrong, result, time.monotonic() - started


def judge(row, result, check):
    """The row's own expectations, and what holds always."""
    check.equal(result["state"], STATES[row.exit_code], "state")
    check.expect(result["reason"] in row.reason.split("|"),
                 f"reason is {result['reason']!r}, must be {row.reason!r}")
    bad = {finding["reason"] for finding in result["findings"] if finding["state"] != "OK"}
    wanted = {result["reason"]} - {"ok"} | set(row.others)
    check.equal(bad, wanted, "reasons of the findings")
    check.expect(re.search(row.says, result["message"]),
                 f"message {result['message']!r} doesn't say {row.says!r}")
    for path, value in row.wants.items():
        got = look_up(result, path)
        if isinstance(value, str):
            check.expect(got in value.split("|"), f"{path} is {got!r}, must be {value!r}")
        else:
            check.equal(got, value, path)
    if result["tls"]["established"]:
        check.equal(result["tls"]["sni"], HOST, "tls.sni")
        check.equal(result["verify"]["trusted"], result["reason"] != "certificate-revoked",
                    "verify.trusted")


def judge_openssl(row, result, connections, check):
    tls = result["tls"]
    if row.connections is not None:
        check.equal(len(connections), row.connections, "number of connections at the server")
    if not connections:
        check.expect(False, "the server saw no connection")
        return
    judge_surveys(tls.get("surveys", []), connections, check)
    seen = next((each for each in connections if each.finished), connections[0])
    if tls["alert"] is not None or "alert" in result["reason"]:
        check.equal(tls["alert"], seen.alert_sent, "tls.alert")
    if seen.version is None:
        check.expect(not tls["established"], "tls.established without a ServerHello")
        return
    for fact in ("version", "cipher", "hello_retry_request"):
        check.equal(tls[fact], getattr(seen, fact), f"tls.{fact}")
    if seen.version != "TLSv1.3":
        for fact in ("extended_master_secret", "secure_renegotiation"):
            check.equal(tls[fact], getattr(seen, fact), f"tls.{fact}")
    if not tls["established"]:
        return
    for fact in ("alpn", "client_certificate_requested", "client_certificate_sent"):
        check.equal(tls[fact], getattr(seen, fact), f"tls.{fact}")
    scheme = seen.signature_scheme
    if scheme is not None and seen.version == "TLSv1.2":
        scheme = re.sub("^ecdsa_secp...r1", "ecdsa", scheme)  # the trace has TLS 1.3's names
    check.equal(tls["signature_scheme"], scheme, "tls.signature_scheme")
    if seen.dh_octets:
        check.equal(tls.get("dh_bits"), 8 * seen.dh_octets, "tls.dh_bits")
    else:
        check.equal(tls["group"], seen.group, "tls.group")
    if "ocsp" in tls:
        check.equal(tls["ocsp"]["stapled"], any(each.stapled for each in connections),
                    "tls.ocsp.stapled")


def judge_surveys(surveys, connections, check):
    """Each question was a connection of its own, behind those of the session."""
    asked = [survey for survey in surveys if survey["outcome"] != "skipped"]
    for survey, seen in zip(asked, connections[len(connections) - len(asked):]):
        what = f"survey {survey['question']} ({survey['offer']})"
        check.equal(survey.get("version"), seen.version, f"{what}: version")
        check.equal(survey.get("cipher"), seen.cipher, f"{what}: cipher")
        check.equal(survey["outcome"], "refused" if seen.version is None else "accepted", what)
        if seen.version is None:
            check.equal(survey["alert"], seen.alert_sent, f"{what}: alert")
        if seen.group is not None:
            check.equal(survey["group"], seen.group, f"{what}: group")


def judge_gnutls(result, printed, check):
    """A line such as "- Description: (TLS1.2-X.509)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)"."""
    tls = result["tls"]
    match = re.findall(r"^- Description: \((TLS1\.\d)-X\.509\)-\((?:EC)?DHE-([^)-]+)\)(?:-\(([^)]+)\))?"
                       r"-\(([^)]+)\)", printed, re.M)
    if not match:
        check.expect(False, f"gnutls-serv reports no session: {printed[-600:]}")
        return
    version, group, signature, cipher = match[-1]
    check.equal(tls["version"], version.replace("TLS", "TLSv"), "tls.version")
    if group in GNUTLS_GROUPS:
        check.equal(tls["group"], GNUTLS_GROUPS[group], "tls.group")
    bulk = cipher.replace("-", "_").removesuffix("_POLY1305")
    check.expect(bulk in tls["cipher"], f"tls.cipher is {tls['cipher']!r}, GnuTLS says {cipher!r}")
    options = re.findall(r"^- Options: (.*)$", printed, re.M)
    if version == "TLS1.2":
        scheme = signature.lower().replace("-", "_").removeprefix("eddsa_")
        check.expect(tls["signature_scheme"].replace("rsa_pkcs1", "rsa") == scheme,
                     f"tls.signature_scheme is {tls['signature_scheme']!r}, GnuTLS says {signature!r}")
        said = options[-1] if options else ""
        check.equal(tls["extended_master_secret"], "extended master secret" in said,
                    "tls.extended_master_secret")
        check.equal(tls["secure_renegotiation"], "safe renegotiation" in said,
                    "tls.secure_renegotiation")


def matches(name, patterns):
    return not patterns or any(fnmatch.fnmatchcase(name, one) for one in patterns)


def select_rows(patterns):
    chosen = [row for row in rows() if matches(row.name, patterns)]
    names = [row.name for row in chosen]
    assert len(names) == len(set(names)), "two rows have the same name"
    return chosen


def leave_out_gnutls():
    """Why these rows can't be run here, or None."""
    if shutil.which("gnutls-serv") is None:
        return "gnutls-serv is not installed (package gnutls-bin)"
    try:
        Namespace().stop()
    except OSError as error:
        return f"no network namespace of our own for gnutls-serv: {error.strerror}"
    return None


def print_row(name, wrong, result, seconds):
    print(f"{'FAILED' if wrong else 'ok'}  {name} ({seconds:.1f} s)")
    for line in wrong:
        print(f"     {line}")
    if wrong and result is not None:
        print(f"     {result['message']}")
        print(f"     tls: {json.dumps(result.get('tls'))}")


def main():
    parser = argparse.ArgumentParser()
    for option in ("probe", "schema", "work"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("rows", nargs="*")
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    chosen = select_rows(arguments.rows)
    skipped, failed, count = [], 0, 0
    why = leave_out_gnutls()
    if why is not None:
        skipped.append(why)
        chosen = [row for row in chosen if row.peer != "gnutls"]
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        suite = Suite(arguments.probe, arguments.schema, PeerPki(directory), directory)
        for kind in ("rsa", "ecdsa"):  # here, not by several threads at a time
            for status in ("good", "revoked", "unknown", "stale", "foreign"):
                suite.pki.staple(kind, status)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for done in pool.map(suite.run_row, chosen):
                print_row(*done)
                count, failed = count + 1, failed + bool(done[1])
        try:
            root = provide(arguments.work)
            for done in run_postfix(root, suite, arguments.rows, Check, judge, matches):
                print_row(*done)
                count, failed = count + 1, failed + bool(done[1])
        except Unavailable as reason:
            skipped.append(f"Postfix: {reason}")
    for why in skipped:
        print(f"left out: {why}")
    print(f"{count - failed} as expected, {failed} not")
    if failed or skipped and os.environ.get("SMTP_PROBE_NO_SKIP"):
        return 1
    return SKIPPED if count == 0 else OK


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


if __name__ == "__main__":
    sys.exit(main())
