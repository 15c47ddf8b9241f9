# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix with one listener a row of TLS settings. Its log says of each session what was agreed:

    Anonymous TLS connection established from …: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
    key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256 …

The words at its beginning tell what it thinks of the client's certificate: Anonymous (there is none),
Untrusted, Trusted. It has directories of its own, so that several of these may run.
"""

import dataclasses
import os
import re
import shutil
import time

from daemon import free_ports
from peer_root import USERS
from peers import Postfix
from tls_peer_rows import WARNING, Row, refused

SESSION = re.compile(r"(\w+) TLS connection established from \S+: (TLSv1\S*) with cipher (\S+) "
                     r"\(\S+ bits\)(?: key-exchange (\S+))?(?: server-signature (\S+))?")
# Postfix's words for groups; it calls all others ECDHE.
GROUPS = {"X25519": "x25519", "X448": "x448"}


@dataclasses.dataclass
class PostfixRow(Row):
    settings: tuple = ()            # of main.cf, for this listener
    word: str = ""                  # how its log calls the client; empty: there is no session


def with_client(settings):
    return ("smtpd_tls_CAfile={root}", "smtpd_tls_ccert_verifydepth=3", *settings)


def row(name, settings=(), word="Anonymous", **others):
    return PostfixRow(f"postfix-{name}", settings=settings, word=word, **others)


def refused_row(name, settings, reason, **others):
    plain = refused(f"postfix-{name}", reason, **others)
    return PostfixRow(**(dataclasses.asdict(plain) | {"settings": settings}))


def rows():
    encrypt = "smtpd_tls_security_level=encrypt"
    yield row("default")
    yield row("ecdsa", kind="ecdsa", wants={"certificates.0.key": "EC P-256"})
    yield row("two-chains", kind="both", wants={"certificates.0.key": "EC P-256"})
    yield row("protocols-1.2", ("smtpd_tls_protocols=TLSv1.2",), wants={"tls.version": "TLSv1.2"})
    yield row("protocols-1.3", ("smtpd_tls_protocols=TLSv1.3",), wants={"tls.version": "TLSv1.3"})
    yield refused_row("mandatory-1.3", (encrypt, "smtpd_tls_mandatory_protocols=TLSv1.3"),
                      "tls-version-unsupported", probe=("--tls-max", "1.2"), takes="TLSv1.3",
                      wants={"tls.alert": "protocol_version"})
    yield row("ciphers", ("smtpd_tls_protocols=TLSv1.2", "smtpd_tls_ciphers=high",
                          "smtpd_tls_exclude_ciphers=AES128,DHE,CHACHA20"),
              wants={"tls.cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"})
    yield row("server-order", ("smtpd_tls_protocols=TLSv1.2", "tls_preempt_cipherlist=yes"),
              wants={"tls.cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"})
    yield refused_row("ciphers-in-vain",
                      ("smtpd_tls_protocols=TLSv1.2", "smtpd_tls_exclude_ciphers=ECDHE"),
                      "tls-alert", probe=("--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"),
                      takes="TLSv1.2 with TLS_DHE_RSA", wants={"tls.alert": "handshake_failure"})
    for name, group in (("X25519", "x25519"), ("X448", "x448"), ("secp384r1", "secp384r1")):
        yield row(f"group-{name}", ("smtpd_tls_eecdh_grade=auto", f"tls_eecdh_auto_curves={name}"),
                  wants={"tls.group": group, "tls.hello_retry_request": group != "x25519"})
    for version in ("TLSv1.2", "TLSv1.3"):
        only = f"smtpd_tls_protocols={version}"
        for name, ask, client, word, sent in (
                ("ask-none", "ask", (), "Anonymous", False),
                ("ask-good", "ask", ("{client:rsa}",), "Trusted", True),
                ("ask-encrypted", "ask", ("{client:encrypted}",), "Trusted", True),
                ("ask-stranger", "ask", ("{client:stranger}",), "Untrusted", True),
                ("require-good", "req", ("{client:ecdsa}",), "Trusted", True)):
            yield row(f"{name}-{version}",
                      with_client((encrypt, only, f"smtpd_tls_mandatory_protocols={version}",
                                   f"smtpd_tls_{ask}_ccert=yes")), word, probe=client,
                      wants={"tls.client_certificate_requested": True,
                             "tls.client_certificate_sent": sent})
        # Postfix completes the handshake and then says 421.
        yield row(f"require-none-{version}",
                  with_client((encrypt, f"smtpd_tls_mandatory_protocols={version}",
                               "smtpd_tls_req_ccert=yes")),
                  exit_code=WARNING, reason="service-not-available",
                  says="No client certificate presented",
                  wants={"tls.client_certificate_requested": True,
                         "tls.client_certificate_sent": False})


class PostfixTls(Postfix):
    """One master with a listener for each row."""

    def __init__(self, root, pki, table):
        self.table = table
        super().__init__(root, pki)
        self.name = f"postfix-tls-{os.getpid()}"
        self.log = self.root / "var/log" / f"peer-{self.name}.log"
        self.ports = dict(zip((each.name for each in table), free_ports(len(table))))

    @property
    def base(self):
        return f"/etc/{self.name}"

    def install_certificates(self):
        inside = self.directory(f"etc/{self.name}")
        for kind in ("rsa", "ecdsa"):
            chain = self.ca.key(kind).read_bytes() + self.ca.chain(kind).read_bytes()
            for name, mode in ((f"{kind}.pem", "wb"), ("both.pem", "ab")):
                with open(inside / name, mode) as file:
                    file.write(chain)
        shutil.copyfile(self.ca.root, inside / "root.pem")

    def configure(self):
        for place in (f"var/lib/{self.name}", f"var/spool/{self.name}"):
            self.directory(place, "postfix" if "lib" in place else "root")
        spool = f"var/spool/{self.name}"
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            self.directory(f"{spool}/{name}", "postfix", 0, 0o700)
        self.directory(f"{spool}/public", "postfix", 61805, 0o710)
        self.directory(f"{spool}/maildrop", "postfix", 61805, 0o730)
        self.directory(f"{spool}/pid")
        self.directory(f"var/log/{self.name}")
        (self.root / f"etc/{self.name}/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = /var/spool/{self.name}
data_directory = /var/lib/{self.name}
myhostname = postfix.example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
alias_database =
smtpd_relay_restrictions = reject
smtpd_peername_lookup = no
smtpd_tls_loglevel = 1
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
maillog_file_prefixes = /var/log
maillog_file = /var/log/{self.name}/postfix.log
""")
        lines = ["postlog unix-dgram n - n - 1 postlogd", "tlsmgr unix - - n 1000? 1 tlsmgr",
                 "anvil unix - - n - 1 anvil", "rewrite unix - - n - - trivial-rewrite"]
        for each in self.table:
            lines.append(f"127.0.0.1:{self.ports[each.name]} inet n - n - - smtpd")
            settings = ["smtpd_tls_security_level=may", f"syslog_name=postfix/{each.name}",
                        f"smtpd_tls_chain_files={self.base}/{each.kind}.pem", *each.settings]
            lines += [f"  -o {setting.replace('{root}', self.base + '/root.pem')}"
                      for setting in settings]
        (self.root / f"etc/{self.name}/master.cf").write_text("\n".join(lines) + "\n")

    def command(self):
        return ["/usr/lib/postfix/sbin/master", "-c", self.base, "-d"]

    def start(self):
        self.install_certificates()
        self.configure()
        self.launch(self.command())
        deadline = time.monotonic() + 30
        for each in self.table:
            self.wait_for(each.name, deadline)

    def stop(self):
        super().stop()
        for place in ("etc", "var/lib", "var/spool", "var/log"):
            shutil.rmtree(self.root / place / self.name, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def sessions(self, name):
        """What its log has of this listener."""
        return [SESSION.search(line).groups() for line in self.log_tail(lines=100000).splitlines()
                if f"postfix/{name}/smtpd[" in line and SESSION.search(line)]


def judge_session(row_, result, sessions, check):
    """Holds the JSON against the log."""
    tls = result["tls"]
    if not row_.word:
        return
    if not sessions:
        check.expect(False, "Postfix's log has no session")
        return
    word, version, cipher, exchange, _ = sessions[-1]
    check.equal(word, row_.word, "Postfix's word for the client")
    check.equal(tls["version"], version, "tls.version")
    if version == "TLSv1.3":  # for TLS 1.2 it writes OpenSSL's names
        check.equal(tls["cipher"], cipher, "tls.cipher")
        known = GROUPS.get(exchange)
        if known is not None:
            check.equal(tls["group"], known, "tls.group")


def run_postfix(root, suite, patterns, new_check, judge, matches):
    """Probes every row; what comes out is as of Suite.run_row."""
    table = [each for each in rows() if matches(each.name, patterns)]
    if not table:
        return
    with PostfixTls(root, suite.pki, table) as peer:
        for each in table:
            check, started = new_check(), time.monotonic()
            result = suite.call(peer.port(each.name), each.tls,
                                suite.fill(each.probe, each.kind), check)
            if result is not None:
                judge(each, result, check)
                judge_session(each, result, peer.sessions(each.name), check)
            if check.wrong:
                check.wrong.append("log: " + peer.log_tail(12))
            yield each.name, check.wrong, result, time.monotonic() - started
