# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes one real mail server in every TLS mode and compares the JSON with independent witnesses:
openssl for the certificates, Python's smtplib for the dialogue, the shipped schema for the form.

    run.py --peer postfix --probe build/smtp-probe --schema FILE --work DIRECTORY
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True

from certificates import HOST, NAMES, TestCa, instant
from failures import Failures
from peer_root import Unavailable, provide
from peers import PEERS
from reference import EHLO_NAME, Witness

SKIPPED = 77
# One run is a few seconds once the servers are unpacked; ctest's own limit is later than this.
LIMIT_S = 540


@dataclasses.dataclass
class Case:
    """One call of the probe and what must come of it."""
    listener: str
    mode: str
    exit_code: int = 0
    reason: str = "ok"
    options: tuple = ()
    ca: bool = True
    name: str = HOST
    version: str = "TLSv1.3"
    findings: tuple = ()       # reasons that must be among the findings
    stage: str = ""

    def __str__(self):
        words = [self.listener, "--tls", self.mode, *self.options]
        words += [] if self.ca else ["(no CA)"]
        words += [] if self.name == HOST else [f"(name: {self.name})"]
        return " ".join(words)

    @property
    def speaks_tls(self):
        return self.mode == "implicit" or (self.mode in ("opportunistic", "starttls")
                                           and self.listener.startswith("starttls"))


def cases():
    for kind in ("rsa", "ecdsa"):
        starttls, implicit = f"starttls-{kind}", f"implicit-{kind}"
        yield Case(starttls, "none")
        yield Case(starttls, "opportunistic")
        yield Case(starttls, "starttls")
        yield Case(implicit, "implicit")
        yield Case(starttls, "starttls", options=("--tls-max", "1.2"), version="TLSv1.2")
        yield Case(implicit, "implicit", options=("--tls-max", "1.2"), version="TLSv1.2")
        # Without a name the address is what the certificate must cover.
        yield Case(starttls, "starttls", name="")
        for listener, mode in ((starttls, "starttls"), (implicit, "implicit")):
            yield Case(listener, mode, 2, "certificate-not-trusted", ca=False, stage="verify")
            yield Case(listener, mode, 2, "certificate-host-mismatch", name="other.example.test",
                       stage="verify")
            yield Case(listener, mode, 2, "certificate-", ca=False, name="other.example.test",
                       findings=("certificate-not-trusted", "certificate-host-mismatch"))
            yield Case(listener, mode, ca=False, options=("--verify", "off"))
    yield Case("starttls-rsa", "starttls", 1, "certificate-expires-soon",
               options=("--cert-warning", "120"), stage="verify")
    yield Case("starttls-rsa", "starttls", 2, "certificate-expires-soon",
               options=("--cert-critical", "120"), stage="verify")
    yield Case("starttls-rsa", "starttls", 2, "threshold-exceeded",
               options=("--critical", "total=0.000001"))
    yield Case("plain", "none")
    yield Case("plain", "opportunistic", 1, "starttls-not-supported", stage="starttls")
    yield Case("plain", "starttls", 2, "starttls-not-supported", stage="starttls")
    yield Case("plain", "implicit", 2, "tls-", stage="tls")
    # A server that waits for a ClientHello says nothing in clear text.
    yield Case("implicit-rsa", "starttls", 2, "reply-timeout", stage="banner",
               options=("--reply-timeout", "1s"))


class Suite:
    def __init__(self, arguments, peer, ca):
        import jsonschema
        self.probe, self.peer, self.ca = arguments.probe, peer, ca
        self.failures = Failures()
        schema = json.loads(pathlib.Path(arguments.schema).read_text(encoding="utf-8"))
        kind = jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        self.validator = kind(schema)
        self.witnesses, self.seen_tls = {}, set()

    def run_probe(self, words):
        done = subprocess.run([self.probe, "--ehlo-name", EHLO_NAME, "--timeout", "10s", *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60,
                              env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"})
        return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")

    def witness(self, listener):
        if listener not in self.witnesses:
            self.witnesses[listener] = Witness(
                self.peer.port(listener), listener.startswith("implicit"),
                listener.startswith("starttls"), self.ca.root, HOST)
        return self.witnesses[listener]

    def validate(self, results):
        """The schema describes one object of the array; each problem is said with its place."""
        for result in results:
            for error in self.validator.iter_errors(result):
                place = "/".join(map(str, error.absolute_path))
                self.failures.expect(False, f"schema: {place}: {error.message[:300]}")

    def run_case(self, case):
        words = ["-o", "json", "--tls", case.mode, *case.options]
        words += ["--ca-file", str(self.ca.root)] if case.ca else []
        words += ["--server-name", case.name] if case.name else []
        target = f"127.0.0.1:{self.peer.port(case.listener)}"
        code, text, messages = self.run_probe([*words, target])
        self.failures.in_case = 0
        witness = self.witness(case.listener)
        if witness.alert is not None and case.speaks_tls:
            # A server with which nobody can shake hands: the probe must tell the same.
            case = dataclasses.replace(case, exit_code=1 if case.mode == "opportunistic" else 2,
                                       reason="tls-alert", findings=(), stage="tls")
        self.failures.equal(code, case.exit_code, "exit code")
        try:
            document = json.loads(text)
        except ValueError as error:
            self.failures.expect(False, f"JSON: {error}; messages: {messages}")
        else:
            self.validate(document)
            self.failures.equal(len(document), 1, "number of results")
            self.judge(case, witness, document[0])
        print(f"{'ok' if self.failures.in_case == 0 else 'FAILED'}  {case}")
        if self.failures.in_case:
            print(text, messages, sep="\n")

    def judge(self, case, witness, result):
        equal, expect = self.failures.equal, self.failures.expect
        reason = result.get("reason", "")
        expect(reason == case.reason or case.reason.endswith("-") and
               reason.startswith(case.reason), f"reason is {reason!r}, must be {case.reason!r}")
        equal(result.get("exit_code"), case.exit_code, "exit_code")
        equal(result.get("state"), ("OK", "WARNING", "CRITICAL")[case.exit_code], "state")
        equal(result.get("stage"), case.stage or result.get("stage"), "stage")
        if case.reason == "ok":
            equal(result.get("stage"), "done", "stage")
        found = {finding["reason"] for finding in result["findings"]}
        for wanted in case.findings + ((reason,) if reason != "ok" else ()):
            expect(wanted in found, f"no finding {wanted}: {sorted(found)}")
        equal(result["target"]["port"], self.peer.port(case.listener), "target.port")
        equal(result["target"]["tls"], case.mode, "target.tls")
        equal(result["target"]["ip"], "127.0.0.1", "target.ip")
        if case.stage in ("tls", "banner"):
            expect("certificates" not in result or not result["certificates"],
                   "certificates without a handshake")
            return
        self.judge_dialogue(case, witness, result)
        self.judge_timings(case, result)
        if case.speaks_tls:
            self.judge_tls(case, witness, result)
        else:
            for name in ("tls", "certificates", "verify"):
                expect(name not in result, f"{name} is there without TLS")

    def judge_dialogue(self, case, witness, result):
        equal = self.failures.equal
        equal(result["banner"]["code"], 220, "banner.code")
        said = " ".join(result["banner"]["text"].split()[:1])
        equal(said, witness.banner[1].decode().split()[0], "first word of the banner")
        capabilities = result["capabilities"]
        parts = []
        if case.mode != "implicit":
            parts.append("plain")
            equal(result["starttls"]["offered"], not case.listener.startswith("plain"),
                  "starttls.offered")
        if case.speaks_tls:
            parts.append("tls")
            if case.mode != "implicit":
                equal(result["starttls"]["code"], 220, "starttls.code")
                equal(result["starttls"]["leftover_bytes"], 0, "starttls.leftover_bytes")
        for part in parts:
            got = [[each["keyword"], *each["params"]] for each in capabilities[part]]
            wanted = getattr(witness, part)
            equal(got, wanted, f"capabilities.{part}")
            for line in wanted:
                if line[0] == "SIZE" and len(line) == 2:
                    equal(capabilities["size"], int(line[1]), "capabilities.size")
        if parts == ["plain", "tls"]:
            plain, tls = ({line[0] for line in getattr(witness, part)} for part in parts)
            equal(set(capabilities["added"]), tls - plain, "capabilities.added")
            equal(set(capabilities["removed"]), plain - tls, "capabilities.removed")

    def judge_timings(self, case, result):
        timings = result["timings_ms"]
        phases = {"connect", "banner", "total"}
        phases |= set() if case.mode == "implicit" else {"ehlo"}
        if case.speaks_tls:
            phases |= {"tls", "ehlo_tls"} | ({"starttls"} if case.mode != "implicit" else set())
        for phase in phases:
            self.failures.expect(timings.get(phase, 0) > 0, f"timings_ms.{phase} is missing")
        parts = sum(value for name, value in timings.items() if name != "total")
        self.failures.expect(parts <= timings["total"] + 0.1,
                             f"the phases take {parts} ms of {timings['total']} ms")

    def judge_tls(self, case, witness, result):
        equal, expect = self.failures.equal, self.failures.expect
        equal(result["tls"]["version"], case.version, "tls.version")
        # Which suite it is depends on the client's order; the name must be IANA's.
        names = {"TLSv1.3": r"TLS_(AES|CHACHA20)_[A-Z0-9_]+_SHA(256|384)",
                 "TLSv1.2": r"TLS_ECDHE_(RSA|ECDSA)_WITH_[A-Z0-9_]+_SHA(256|384)"}
        cipher = result["tls"]["cipher"]
        expect(re.fullmatch(names[case.version], cipher), f"tls.cipher is {cipher!r}")
        self.seen_tls.add((case.version, cipher))
        # RFC 6066 section 3: an address is no server name.
        equal(result["tls"]["sni"], case.name or None, "tls.sni")
        kind = case.listener.rpartition("-")[2]
        chain, wanted = result["certificates"], self.ca.facts(kind)
        equal([each["depth"] for each in chain], [0, 1], "depths of the certificates")
        leaf = chain[0]
        for fact in ("serial", "sha256", "spki_sha256"):
            equal(leaf[fact], wanted[fact], f"certificates[0].{fact}")
        for fact in ("not_before", "not_after"):
            equal(instant(leaf[fact]), wanted[fact], f"certificates[0].{fact}")
        equal(leaf["sha256"], witness.leaf, "certificates[0].sha256 seen by another client")
        equal(sorted(leaf["names"]), sorted(NAMES), "certificates[0].names")
        expect(HOST in leaf["subject"], f"certificates[0].subject is {leaf['subject']!r}")
        expect("Test Intermediate" in leaf["issuer"], f"issuer is {leaf['issuer']!r}")
        equal(leaf["key"], {"rsa": "RSA 2048", "ecdsa": "EC P-256"}[kind], "certificates[0].key")
        equal(leaf["signature"], "sha256WithRSAEncryption", "certificates[0].signature")
        expect(89 < leaf["days_left"] <= 90, f"days_left is {leaf['days_left']}")
        equal(chain[1]["subject"], leaf["issuer"], "certificates[1].subject")
        if "off" in case.options:
            return
        verify, matches = result["verify"], case.name in (HOST, "")
        equal(verify["trusted"], case.ca, "verify.trusted")
        equal(verify["name_match"], matches, "verify.name_match")
        problems = {"certificate-not-trusted"} if not case.ca else set()
        problems |= {"certificate-host-mismatch"} if not matches else set()
        if case.reason == "certificate-expires-soon":
            problems |= {problem for problem in verify["problems"] if problem == case.reason}
        equal(set(verify["problems"]), problems, "verify.problems")
        if not problems:
            equal(verify["authenticated_by"], "pkix", "verify.authenticated_by")

    def run_report_case(self):
        """Without a root, opportunistic TLS goes on and reports."""
        self.failures.in_case = 0
        target = f"127.0.0.1:{self.peer.port('starttls-rsa')}"
        code, text, _ = self.run_probe(["-o", "json", "--tls", "opportunistic",
                                        "--server-name", HOST, target])
        result = json.loads(text)[0]
        self.validate([result])
        self.failures.expect(code in (0, 1), f"exit code {code}")
        if self.witness("starttls-rsa").alert is None:
            self.failures.equal(result["verify"]["problems"], ["certificate-not-trusted"],
                                "verify.problems")
            self.failures.expect("tls" in result["capabilities"], "no EHLO under TLS")
        print(f"{'ok' if not self.failures.in_case else 'FAILED'}  opportunistic without a root")

    def run_batch(self, directory):
        """All good cases as one batch from a file, as JSON Lines."""
        self.failures.in_case = 0
        wanted = [("plain", "none")]
        for kind in ("rsa", "ecdsa"):
            if self.witness(f"starttls-{kind}").alert is None:
                wanted += [(f"starttls-{kind}", "none"), (f"starttls-{kind}", "opportunistic"),
                           (f"starttls-{kind}", "starttls"), (f"implicit-{kind}", "implicit")]
        targets = pathlib.Path(directory) / "targets"
        targets.write_text("# every good way to talk to this server\n" + "".join(
            f"127.0.0.1:{self.peer.port(listener)} tls={mode} server_name={HOST}\n"
            for listener, mode in wanted * 5))
        code, text, messages = self.run_probe(["-o", "jsonl", "--ca-file", str(self.ca.root),
                                               f"@{targets}"])
        results = [json.loads(line) for line in text.splitlines()]
        self.validate(results)
        self.failures.equal(code, 0, "exit code")
        got = sorted((each["target"]["port"], each["target"]["tls"]) for each in results)
        self.failures.equal(got, sorted((self.peer.port(listener), mode)
                                        for listener, mode in wanted * 5), "results")
        self.failures.equal({each["reason"] for each in results}, {"ok"}, "reasons")
        print(f"{'ok' if not self.failures.in_case else 'FAILED'}  a batch of {len(results)}")
        if self.failures.in_case:
            print(text, messages, sep="\n")

    def judge_server_log(self):
        """What the server noted of our manners: Postfix counts the commands of a session."""
        if self.peer.name == "postfix":
            log = self.peer.log_tail(lines=10000)
            self.failures.expect(re.search("ehlo=2 starttls=1 quit=1 commands=4$", log, re.M),
                                 "Postfix saw no complete STARTTLS session")
            for version, cipher in self.seen_tls:
                if version == "TLSv1.3":  # with 1.2 Postfix writes OpenSSL's names
                    self.failures.expect(f"{version} with cipher {cipher} " in log,
                                         f"Postfix knows of no session with {version} {cipher}")
            # One case says ClientHello to the plain listener on purpose: "\\026\\003" in the log.
            early = [line for line in log.splitlines()
                     if "improper command pipelining" in line and r"\026\003" not in line]
            self.failures.equal(early, [], "Postfix's complaints of commands that came too early")

    def run(self, directory):
        for listener in ("starttls-rsa", "starttls-ecdsa", "implicit-rsa", "implicit-ecdsa"):
            alert = self.witness(listener).alert
            if alert is not None:
                print(f"note: {self.peer.name} fails every handshake on {listener}: {alert}")
                self.failures.expect(self.peer.may_fail_tls, "this server must be able to do TLS")
        for case in cases():
            self.run_case(case)
        self.run_report_case()
        self.run_batch(directory)
        self.judge_server_log()
        return self.failures.total


def main():
    parser = argparse.ArgumentParser()
    for option in ("peer", "probe", "schema", "work"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    try:
        root = provide(arguments.work)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        ca = TestCa(directory)
        with PEERS[arguments.peer](root, ca) as peer:
            try:
                suite = Suite(arguments, peer, ca)
                wrong = suite.run(directory)
            except Exception:
                traceback.print_exc()
                wrong = 1
            if wrong:
                print(f"--- the end of {peer.name}'s log", peer.log_tail(), sep="\n")
    print(f"{arguments.peer}: {wrong} wrong" if wrong else f"{arguments.peer}: all as expected")
    return 1 if wrong else 0


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


if __name__ == "__main__":
    sys.exit(main())
