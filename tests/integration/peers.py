# SPDX-License-Identifier: GPL-3.0-or-later
"""How each real mail server is configured and started inside the common root directory.

Every server gets the same five listeners on 127.0.0.1, so that one table of expectations fits all:
plain (never offers STARTTLS), and STARTTLS and implicit TLS with an RSA and an ECDSA certificate.
"""

import os
import shutil
import socket
import time

from daemon import Daemon, free_ports
from peer_root import USERS

LISTENERS = ("plain", "starttls-rsa", "starttls-ecdsa", "implicit-rsa", "implicit-ecdsa")


class Peer(Daemon):
    """One server: start() returns when every listener answers."""

    # Where the server looks for its certificates, and who must be able to read the keys.
    certificate_owner = "root"
    # Only where a release of Debian is known to ship it broken.
    may_fail_tls = False

    def __init__(self, root, ca):
        super().__init__(root)
        self.ca = ca
        self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))

    def port(self, listener):
        return self.ports[listener]

    def install_certificates(self):
        self.directory(f"etc/peer-{self.name}")
        for kind in ("rsa", "ecdsa"):
            for source, target in ((self.ca.chain(kind), f"{kind}.pem"),
                                   (self.ca.key(kind), f"{kind}.key")):
                installed = self.root / f"etc/peer-{self.name}" / target
                shutil.copyfile(source, installed)
                os.chown(installed, USERS[self.certificate_owner][0], 0)
                installed.chmod(0o600)

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def start(self):
        self.install_certificates()
        self.configure()
        self.launch(self.command())
        deadline = time.monotonic() + 20
        for listener in LISTENERS:
            self.wait_for(listener, deadline)

    def wait_for(self, listener, deadline):
        while time.monotonic() < deadline:
            if not self.processes():
                break
            try:
                socket.create_connection(("127.0.0.1", self.port(listener)), 1).close()
                return
            except OSError:
                time.sleep(0.05)
            self.reap()
        raise RuntimeError(f"{self.name} does not listen on {listener}; its log ends:\n"
                           + self.log_tail())


class Postfix(Peer):
    name = "postfix"

    def configure(self):
        (self.root / "etc/postfix/main.cf").write_text(f"""
compatibility_level = 3.6
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
smtpd_tls_chain_files =
smtpd_tls_loglevel = 1
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
maillog_file = /var/log/postfix/postfix.log
""")
        self.directory("var/log/postfix")
        lines = ["postlog unix-dgram n - n - 1 postlogd", "tlsmgr unix - - n 1000? 1 tlsmgr",
                 "anvil unix - - n - 1 anvil", "rewrite unix - - n - - trivial-rewrite"]
        for listener in LISTENERS:
            lines.append(f"127.0.0.1:{self.port(listener)} inet n - n - - smtpd")
            mode, _, kind = listener.partition("-")
            files = f"/etc/peer-{self.name}/{kind}.key,/etc/peer-{self.name}/{kind}.pem"
            settings = {"plain": ["smtpd_tls_security_level=none"],
                        "starttls": ["smtpd_tls_security_level=may",
                                     f"smtpd_tls_chain_files={files}"],
                        "implicit": ["smtpd_tls_wrappermode=yes", "smtpd_tls_security_level=may",
                                     f"smtpd_tls_chain_files={files}"]}[mode]
            lines += [f"  -o {setting}" for setting in settings]
        (self.root / "etc/postfix/master.cf").write_text("\n".join(lines) + "\n")
        self.directory("var/lib/postfix", "postfix")
        self.directory("var/spool/postfix")
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            self.directory(f"var/spool/postfix/{name}", "postfix", 0, 0o700)
        self.directory("var/spool/postfix/public", "postfix", 61805, 0o710)
        self.directory("var/spool/postfix/maildrop", "postfix", 61805, 0o730)
        self.directory("var/spool/postfix/pid")

    def command(self):
        # "-d" keeps the master in the foreground with its standard error.
        return ["/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d"]


class Exim(Peer):
    name = "exim"
    certificate_owner = "Debian-exim"

    def by_port(self, suffix):
        """An expansion that takes the certificate file by the port of the connection."""
        ecdsa = ":".join(str(self.port(name)) for name in LISTENERS if name.endswith("-ecdsa"))
        base = f"/etc/peer-{self.name}"
        return (f"${{if inlist{{$received_port}}{{{ecdsa}}}"
                f"{{{base}/ecdsa.{suffix}}}{{{base}/rsa.{suffix}}}}}")

    def configure(self):
        self.directory("var/spool/exim4", "Debian-exim")
        self.directory("var/log/exim", "Debian-exim")
        self.directory("run/exim4", "Debian-exim")
        ports = " : ".join(str(port) for port in self.ports.values())
        implicit = " : ".join(str(self.port(name)) for name in LISTENERS
                              if name.startswith("implicit"))
        (self.root / "etc/exim4").mkdir(exist_ok=True)
        configuration = self.root / "etc/exim4/exim4.conf"
        configuration.write_text(f"""
primary_hostname = exim.example.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{self.port("plain")}}}{{}}{{*}}}}
tls_certificate = {self.by_port("pem")}
tls_privatekey = {self.by_port("key")}
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim/%slog
host_lookup =
rfc1413_hosts =
helo_allow_chars = _
keep_environment =
add_environment = PATH=/usr/sbin
smtp_accept_max = 0
acl_smtp_rcpt = deny_all
begin acl
deny_all:
  deny message = this server takes no mail
begin routers
begin transports
""")
        configuration.chmod(0o644)

    def command(self):
        return ["/usr/sbin/exim4", "-bdf", "-q1h"]


class OpenSmtpd(Peer):
    name = "opensmtpd"
    may_fail_tls = True  # 6.8 of Debian 12 where its backport is not to be had

    def configure(self):
        base = f"/etc/peer-{self.name}"
        lines = []
        for kind in ("rsa", "ecdsa"):
            lines += [f'pki {kind} cert "{base}/{kind}.pem"', f'pki {kind} key "{base}/{kind}.key"']
        for listener in LISTENERS:
            mode, _, kind = listener.partition("-")
            tls = {"plain": "", "starttls": f" tls pki {kind}",
                   "implicit": f" smtps pki {kind}"}[mode]
            lines.append(f"listen on 127.0.0.1 port {self.port(listener)}{tls}"
                         " hostname opensmtpd.example.test")
        lines += ['action "relay" relay', "match from any for any reject"]
        configuration = self.root / "etc/smtpd.conf"
        configuration.write_text("\n".join(lines) + "\n")
        configuration.chmod(0o600)
        # It does not start without a list of roots, though it verifies nobody here.
        shutil.copyfile(self.ca.root, self.root / "etc/ssl/certs/ca-certificates.crt")
        self.directory("var/spool/smtpd", "root", mode=0o711)
        self.directory("var/lib/opensmtpd")
        self.directory("var/lib/opensmtpd/empty")
        self.directory("run/opensmtpd")

    def command(self):
        return ["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]


PEERS = {peer.name: peer for peer in (Postfix, Exim, OpenSmtpd)}
