# SPDX-License-Identifier: GPL-3.0-or-later
"""`--auth GSSAPI` with MIT's Kerberos server, against Postfix with Cyrus SASL, Postfix with Dovecot, and
a server that lies.

    auth_gssapi.py --probe build/smtp-probe --exporter build/smtp-probe-exporter --schema FILE
                   --work DIRECTORY [CASE…]                                             # * and ? allowed
"""

import argparse
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

from certificates import HOST, TestCa
from exporter_bench import Exporter
from failures import Failures
from gssapi_liar import Liar
from gssapi_servers import GssapiPostfix
from kerberos import REALM, Kdc
from peer_root import Unavailable, provide

SKIPPED = 77
LIMIT_S = 540
OK, CRITICAL, UNKNOWN = 0, 2, 3
RENEW = "run kinit, or set KRB5CCNAME or KRB5_CLIENT_KTNAME"
FAKETIME = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@dataclasses.dataclass
class Case:
    name: str
    listener: str = "cyrus"
    options: tuple = ("--auth", "GSSAPI")
    tls: str = "none"
    host: str = HOST
    variables: dict = dataclasses.field(default_factory=dict)  # of the environment; {} are filled in
    exit_code: int = OK
    reason: str = "ok"
    says: str = ""              # in the message
    result: str | None = "ok"   # auth.result
    proven: bool = True
    timeout: int = 20


def user(name):
    return ("--auth", "GSSAPI", "--user", name)


def broken(name, says, **others):
    """Our side: nothing is sent."""
    return Case(name, exit_code=UNKNOWN, reason="credential-unavailable", says=says, result="skipped",
                proven=False, **others)


def refused(name, **others):
    return Case(name, exit_code=CRITICAL, reason="auth-rejected", says="535", result="rejected",
                **others)


def cases():
    no_cache = {"KRB5CCNAME": "FILE:{realm}/nothing"}
    for listener in ("cyrus", "dovecot"):
        yield Case(f"{listener}-cache", listener)
        yield Case(f"{listener}-user", listener, user("alice"))
        yield Case(f"{listener}-principal", listener, user(f"alice@{REALM}"))
        yield Case(f"{listener}-keytab", listener, variables={
            "KRB5CCNAME": "FILE:{realm}/keytab-" + listener, "KRB5_CLIENT_KTNAME": "{realm}/alice.keytab"})
        yield Case(f"{listener}-starttls", listener, tls="starttls")
        yield refused(f"{listener}-not-allowed", listener=listener, options=user("bob"))
        yield refused(f"{listener}-mailbox", listener=listener, options=user("carl@example.com"))
        yield broken(f"{listener}-no-ticket", "no Kerberos ticket: " + RENEW, listener=listener,
                     variables=no_cache)
    yield Case("among-others", options=("--auth", "SCRAM-SHA-256,GSSAPI", "--user", "alice"))
    yield Case("two-principals", options=user("bob"), variables={"KRB5CCNAME": "DIR:{realm}/both"})
    yield Case("mailbox-of-another", options=user("alice"),
               variables={"KRB5CCNAME": "FILE:{realm}/keytab-2", "KRB5_CLIENT_KTNAME": "{realm}/bob.keytab"},
               exit_code=CRITICAL, reason="auth-rejected", says="535", result="rejected")
    yield broken("no-ticket-user", "no Kerberos ticket: " + RENEW, options=user("alice"), variables=no_cache)
    yield broken("no-keytab", "no Kerberos ticket: " + RENEW,
                 variables=no_cache | {"KRB5_CLIENT_KTNAME": "{realm}/nothing"})
    yield broken("stale-keytab", "the key is not the user's: ",
                 variables=no_cache | {"KRB5_CLIENT_KTNAME": "{realm}/old.keytab"})
    yield broken("locked-user", "Kerberos has locked this user",
                 variables=no_cache | {"KRB5_CLIENT_KTNAME": "{realm}/locked.keytab"})
    yield broken("gone-user", "Kerberos does not know this user",
                 variables=no_cache | {"KRB5_CLIENT_KTNAME": "{realm}/gone.keytab"})
    yield broken("expired", "the Kerberos ticket has expired: " + RENEW,
                 variables={"KRB5CCNAME": "FILE:{realm}/expired.cache"})
    yield broken("expired-user", "the Kerberos ticket has expired: " + RENEW, options=user("alice"),
                 variables={"KRB5CCNAME": "FILE:{realm}/expired.cache"})
    yield broken("no-service", "smtp service of this name: check --server-name", host="mx2.example.test")
    yield broken("no-service-address", "smtp/127.0.0.1@", host="127.0.0.1")
    # The user's principal can't be told without a realm, but there is a ticket.
    yield Case("no-realm", options=user("alice"), variables={"KRB5_CONFIG": "{realm}/no-realm.conf"})
    yield broken("unknown-kdc", "no Kerberos server of the realm is known",
                 variables={"KRB5CCNAME": "FILE:{realm}/bare.cache", "KRB5_CONFIG": "{realm}/no-kdc.conf"})
    yield broken("broken-config", "krb5.conf has a mistake in it",
                 variables={"KRB5_CONFIG": "{realm}/broken.conf"})
    yield broken("kdc-refuses", "no Kerberos server answers",
                 variables={"KRB5CCNAME": "FILE:{realm}/bare.cache", "KRB5_CONFIG": "{realm}/dead.conf"})
    yield broken("skewed-clock", "the clocks differ too much",
                 variables={"KRB5CCNAME": "FILE:{realm}/bare.cache", "LD_PRELOAD": "{root}/" + FAKETIME,
                            "FAKETIME": "+1h", "ASAN_OPTIONS": "verify_asan_link_order=0"})
    yield broken("no-library", "GSSAPI needs libgssapi-krb5-2; install it",
                 variables={"LD_LIBRARY_PATH": "{realm}/libraries"})


def lies():
    """What each lie of gssapi_liar.py must be called."""
    def told(name, reason, says, proven, result=None, exit_code=CRITICAL):
        return Case(name, "liar", exit_code=exit_code, reason=reason, says=says, proven=proven,
                    result=result)
    yield told("honest", "ok", "", True, "ok", OK)
    yield told("echo", "auth-protocol-error", "", False)
    for name in ("garbage", "rude", "busy", "one-octet", "cut", "longer", "huge-length", "large"):
        yield told(name, "auth-protocol-error", "no proper Kerberos token", False)
    yield told("empty", "auth-protocol-error", "challenge is empty", False)
    yield told("flipped", "auth-server-unverified", "could not prove that it has the service's key",
               False)
    yield told("accept-at-once", "auth-server-unverified", "without the proof", False)
    yield told("accept-early", "auth-protocol-error", "before it had heard all", True)
    for name, octets in (("no-offer", 0), ("three-octets", 3), ("five-octets", 5), ("megabyte", 4000)):
        yield told(name, "auth-protocol-error", f"has {octets} octets; RFC 4752 wants 4", True)
    yield told("integrity", "auth-protocol-error", r"offers integrity\)", True)
    yield told("all-but-none", "auth-protocol-error", r"offers integrity, confidentiality\)", True)
    yield told("unknown-layer", "auth-protocol-error", "offers nothing that is known", True)
    for name in ("unwrapped", "offer-cut"):
        yield told(name, "auth-protocol-error", "no proper Kerberos token", True)
    yield told("and-on", "auth-protocol-error", "asks on where the login is complete", True)


class Suite:
    def __init__(self, arguments, root, kdc, peer, ca):
        import jsonschema
        self.probe, self.exporter = arguments.probe, arguments.exporter
        self.root, self.kdc, self.peer, self.ca = root, kdc, peer, ca
        self.patterns = arguments.cases
        form = json.loads(pathlib.Path(arguments.schema).read_text(encoding="utf-8"))
        self.validator = jsonschema.validators.validator_for(form)(form)
        self.failures, self.count = Failures(), 0
        self.liar = None

    def is_chosen(self, name):
        return not self.patterns or any(fnmatch.fnmatchcase(name, each) for each in self.patterns)

    def furnish(self):
        """Everything that the cases name by {realm}."""
        kdc = self.kdc
        for name in ("alice", "bob", "old", "locked", "gone"):
            kdc.add(name, f"{name}.keytab")
        for name, cache in (("alice", "alice.cache"), ("alice", "bare.cache")):
            kdc.ticket(name, "alice.keytab", cache)
        kdc.path("both").mkdir()
        for name in ("alice", "bob"):
            kdc.call("/usr/bin/kinit", "-k", "-t", f"{kdc.inside}/{name}.keytab", "-c",
                     f"DIR:{kdc.inside}/both", name)
        kdc.admin("change_password -randkey old")
        kdc.admin("modify_principal +requires_preauth old")
        kdc.admin("modify_principal -allow_tix locked")
        kdc.admin("delete_principal -force gone")
        kdc.ticket("alice", "alice.keytab", "expired.cache", "1s")
        expires = time.monotonic() + 2
        kdc.write_client_config("dead.conf", 1)
        kdc.path("no-realm.conf").write_text("[libdefaults]\n dns_lookup_realm = false\n")
        kdc.path("no-kdc.conf").write_text(f"[libdefaults]\n default_realm = {REALM}\n"
                                           " dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n")
        kdc.path("broken.conf").write_text("[libdefaults\n")
        kdc.path("libraries").mkdir()
        kdc.path("libraries/libgssapi_krb5.so.2").write_text("no library")
        time.sleep(max(0, expires - time.monotonic()))

    def environment(self, variables):
        filled = {name: value.format(realm=self.kdc.outside, root=self.root)
                  for name, value in variables.items()}
        return {"PATH": "/usr/bin", "LC_ALL": "C.UTF-8",
                "KRB5_CONFIG": str(self.kdc.path("krb5.conf")),
                "KRB5CCNAME": f"FILE:{self.kdc.path('alice.cache')}"} | filled

    def call(self, case):
        port = self.liar.port if case.listener == "liar" else self.peer.port(case.listener)
        words = [self.probe, "-o", "json", "--timeout", f"{case.timeout}s", "--tls", case.tls,
                 "--ca-file", str(self.ca.root), "--server-name", case.host, *case.options,
                 f"127.0.0.1:{port}"]
        started = time.monotonic()
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=60,
                              env=self.environment(case.variables))
        return done, time.monotonic() - started

    def run_case(self, case):
        if not self.is_chosen(case.name):
            return
        self.count += 1
        equal, expect = self.failures.equal, self.failures.expect
        done, seconds = self.call(case)
        equal(done.returncode, case.exit_code, "exit code")
        expect(seconds < 5, f"it took {seconds:.1f} s")
        expect(b"Sanitizer" not in done.stderr, done.stderr.decode("utf-8", "replace"))
        try:
            result = json.loads(done.stdout)[0]
        except ValueError:
            expect(False, f"no JSON: {done.stdout[:300]!r} {done.stderr[:300]!r}")
            self.failures.close_case(case.name)
            return
        for error in self.validator.iter_errors(result):
            expect(False, f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
        equal(result["reason"], case.reason, "reason")
        expect(re.search(case.says, result["message"]),
               f"message {result['message']!r} doesn't say {case.says!r}")
        auth = result["auth"]
        equal(auth["mechanism"], "GSSAPI", "auth.mechanism")
        equal(auth["result"], case.result, "auth.result")
        equal(auth["server_proven"], case.proven, "auth.server_proven")
        expect(not auth["exposed"] and auth["channel_binding"] is None, f"auth is {auth}")
        self.failures.close_case(case.name)

    def run_batch(self):
        """Many at a time, with one ticket cache that none of them has a service ticket in yet."""
        if not self.is_chosen("batch"):
            return
        self.count += 1
        targets = self.kdc.path("targets")
        targets.write_text("".join(f"127.0.0.1:{self.peer.port(name)}\n"
                                   for name in ("cyrus", "dovecot") * 20))
        self.kdc.ticket("alice", "alice.keytab", "batch.cache")
        environment = self.environment({"KRB5CCNAME": "FILE:{realm}/batch.cache"})
        for frozen, reasons in ((True, {"credential-unavailable"}), (False, {"ok"})):
            if frozen:
                self.kdc.freeze()
            started = time.monotonic()
            words = [self.probe, "-o", "jsonl", "--timeout", "2s" if frozen else "20s", "--tls", "none",
                     "--concurrency", "20", "--per-host", "20", "--server-name", HOST, "--auth",
                     "GSSAPI", f"@{targets}"]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False, timeout=120, env=environment)
            seconds = time.monotonic() - started
            if frozen:
                self.kdc.thaw()
            results = [json.loads(line) for line in done.stdout.splitlines()]
            self.failures.equal(len(results), 40, "number of results")
            self.failures.equal({each["reason"] for each in results}, reasons, "reasons")
            self.failures.expect(seconds < 10, f"it took {seconds:.1f} s")
            self.failures.equal(done.stderr, b"", "messages")
        self.failures.close_case("batch")

    def run_frozen(self):
        """Kerberos waits longer than --timeout allows, and then nobody waits for Kerberos."""
        if not self.is_chosen("kdc-frozen"):
            return
        self.count += 1
        self.kdc.freeze()
        try:
            done, seconds = self.call(Case("kdc-frozen", timeout=2, variables={
                "KRB5CCNAME": "FILE:{realm}/bare.cache"}))
        finally:
            self.kdc.thaw()
        self.failures.equal(done.returncode, UNKNOWN, "exit code")
        self.failures.expect(1.5 < seconds < 3, f"it took {seconds:.1f} s")
        result = json.loads(done.stdout)[0]
        self.failures.equal(result["reason"], "credential-unavailable", "reason")
        self.failures.expect("no Kerberos server answers: check" in result["message"], result["message"])
        self.failures.equal(result["auth"]["result"], "skipped", "auth.result")
        self.failures.close_case("kdc-frozen")

    def run_unloaded(self):
        """The library is there for GSSAPI only; the loader itself says what it loads."""
        if not self.is_chosen("unloaded"):
            return
        self.count += 1
        for options, wanted in ((("--auth", "GSSAPI"), True), ((), False), (("--auth", "NONE"), False)):
            done, _ = self.call(Case("unloaded", options=options, variables={"LD_DEBUG": "files"}))
            self.failures.equal(done.returncode, OK, f"exit code with {options}")
            self.failures.expect(b"libc.so" in done.stderr, "the loader says nothing")
            self.failures.equal(re.search(rb"krb5|gssapi", done.stderr) is not None, wanted,
                                f"Kerberos is loaded with {options}")
        self.failures.close_case("unloaded")

    def run_exporter(self):
        """It keeps on answering while Kerberos doesn't, and ends with a login under way."""
        if not self.is_chosen("exporter"):
            return
        self.count += 1
        expect, equal = self.failures.expect, self.failures.equal
        config, cache = self.kdc.path("exporter.yml"), self.kdc.path("exporter.cache")
        config.write_text(f"""
modules:
  kerberos:
    tls: starttls
    ca_file: {self.ca.root}
    server_name: {HOST}
    auth: [GSSAPI]
    timeout: 1s
exporter:
  allow_targets: [127.0.0.1]
""")
        path = f"/probe?module=kerberos&target=127.0.0.1:{self.peer.port('dovecot')}"
        exporter = Exporter(self.exporter, config=config, environment=self.environment({
            "KRB5CCNAME": f"FILE:{cache}", "KRB5_CLIENT_KTNAME": "{realm}/alice.keytab"}))
        try:
            equal(exporter.ask(path).metric("probe_smtp_auth_success"), 1, "success by a keytab")
            for _ in range(3):
                cache.unlink()  # so that Kerberos has to be asked
                self.kdc.freeze()
                reply = exporter.ask(path)
                expect('reason="credential-unavailable",state="UNKNOWN"} 1' in reply.text,
                       f"frozen: {reply.text[-600:]}")
                expect(reply.seconds < 2, f"a frozen KDC took {reply.seconds:.1f} s")
                expect(exporter.ask("/-/healthy").seconds < 0.5, "it hangs with Kerberos")
                self.kdc.thaw()
                equal(exporter.ask(path).metric("probe_smtp_auth_success"), 1, "success after that")
            cache.unlink()
            self.kdc.freeze()
            exporter.ask(path)
            code, seconds = exporter.end()
            expect(code == 0 and seconds < 2, f"it ended with {code} after {seconds} s")
        finally:
            self.kdc.thaw()
            exporter.end(signal.SIGKILL)
        self.failures.close_case("exporter")

    def run_lies(self):
        os.environ |= {"KRB5_CONFIG": str(self.kdc.path("krb5.conf")),
                       "KRB5_KTNAME": str(self.kdc.path("smtp.keytab")), "KRB5RCACHENAME": "none:"}
        self.liar = Liar()
        try:
            for case in lies():
                self.liar.lie = case.name
                self.run_case(case)
        finally:
            self.liar.close()

    def run_stale_service(self):
        """The last one: from now on the mail server's keytab is not the KDC's."""
        if not self.is_chosen("stale-service"):
            return
        self.kdc.admin(f"change_password -randkey smtp/{HOST}")
        self.kdc.ticket("alice", "alice.keytab", "late.cache")
        self.run_case(Case("stale-service", "dovecot", exit_code=CRITICAL, reason="auth-rejected",
                           says="535", result="rejected", proven=False,
                           variables={"KRB5CCNAME": "FILE:{realm}/late.cache"}))

    def run(self):
        self.furnish()
        for case in cases():
            self.run_case(case)
        self.run_frozen()
        self.run_batch()
        self.run_exporter()
        self.run_unloaded()
        self.run_lies()
        self.run_stale_service()
        self.failures.expect(self.count > 0, "no case of that name")
        return self.failures.total


def main():
    parser = argparse.ArgumentParser()
    for option in ("probe", "exporter", "schema", "work"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    try:
        root = provide(arguments.work)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory, Kdc(root) as kdc:
        ca = TestCa(directory, ("rsa",))
        kdc.add(f"smtp/{HOST}", "smtp.keytab")
        with GssapiPostfix(root, ca, kdc, "smtp.keytab") as peer:
            try:
                wrong = Suite(arguments, root, kdc, peer, ca).run()
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
                wrong = 1
            if wrong:
                print("--- the servers' logs", peer.log_tail(), kdc.log_tail(), sep="\n")
    print(f"{wrong} wrong" if wrong else "all as expected")
    return 1 if wrong else 0


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


if __name__ == "__main__":
    sys.exit(main())
