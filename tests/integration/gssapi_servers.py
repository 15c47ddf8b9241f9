# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix with two listeners for AUTH GSSAPI: one that asks Cyrus SASL, one that asks Dovecot."""

import os
import shutil
import time

from certificates import HOST
from daemon import free_ports
from peers import Postfix

LISTENERS = ("cyrus", "dovecot")


class GssapiPostfix(Postfix):
    """`keytab` is the file with the key of smtp/HOST, below the realm's directory."""

    def __init__(self, root, ca, kdc, keytab):
        super().__init__(root, ca)
        self.kdc, self.keytab = kdc, f"{kdc.inside}/{keytab}"
        self.name = f"postfix-gssapi-{os.getpid()}"
        self.log = self.root / "var/log" / f"peer-{self.name}.log"
        self.base = f"/etc/{self.name}"
        self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))
        self.auth_port = free_ports(1)[0]

    def configure(self):
        self.directory(f"var/lib/{self.name}", "postfix")
        spool = f"var/spool/{self.name}"
        self.directory(spool)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                     "incoming", "private", "saved", "trace"):
            self.directory(f"{spool}/{name}", "postfix", 0, 0o700)
        self.directory(f"{spool}/public", "postfix", 61805, 0o710)
        self.directory(f"{spool}/maildrop", "postfix", 61805, 0o730)
        self.directory(f"{spool}/pid")
        self.directory(f"var/log/{self.name}")
        inside = self.directory(self.base[1:])
        chain = self.ca.key("rsa").read_bytes() + self.ca.chain("rsa").read_bytes()
        (inside / "chain.pem").write_bytes(chain)
        # Debian's Postfix has Cyrus SASL look below its own directory.
        self.directory(f"{self.base[1:]}/sasl")
        (inside / "sasl/cyrus.conf").write_text("mech_list: GSSAPI\n")
        variables = f"KRB5_CONFIG={self.kdc.inside}/krb5.conf KRB5_KTNAME={self.keytab}"
        (inside / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = /{spool}
data_directory = /var/lib/{self.name}
myhostname = {HOST}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
alias_database =
smtpd_relay_restrictions = reject
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {self.base}/chain.pem
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options = noanonymous
import_environment = MAIL_CONFIG MAIL_LOGTAG {variables}
maillog_file_prefixes = /var/log
maillog_file = /var/log/{self.name}/postfix.log
""")
        settings = {"cyrus": ["smtpd_sasl_type=cyrus", "smtpd_sasl_path=cyrus"],
                    "dovecot": ["smtpd_sasl_type=dovecot",
                                f"smtpd_sasl_path=inet:127.0.0.1:{self.auth_port}"]}
        lines = ["postlog unix-dgram n - n - 1 postlogd", "tlsmgr unix - - n 1000? 1 tlsmgr",
                 "anvil unix - - n - 1 anvil", "rewrite unix - - n - - trivial-rewrite"]
        for name in LISTENERS:
            lines.append(f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd")
            lines += [f"  -o {each}" for each in settings[name]]
        (inside / "master.cf").write_text("\n".join(lines) + "\n")
        self.configure_dovecot(inside)

    def configure_dovecot(self, inside):
        self.directory(f"run/{self.name}")
        (inside / "dovecot.conf").write_text(f"""
base_dir = /run/{self.name}
log_path = /dev/stderr
protocols =
ssl = no
auth_mechanisms = gssapi
auth_gssapi_hostname = {HOST}
auth_krb5_keytab = {self.keytab}
auth_verbose = yes
auth_failure_delay = 0
default_internal_user = dovecot
default_login_user = dovenull
import_environment = KRB5_CONFIG={self.kdc.inside}/krb5.conf
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {self.auth_port}
  }}
}}
# It makes clients wait that fail often, and ours are to.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}}
""")

    def start(self):
        self.configure()
        self.launch(["/usr/sbin/dovecot", "-F", "-c", f"{self.base}/dovecot.conf"])
        self.launch(["/usr/lib/postfix/sbin/master", "-c", self.base, "-d"])
        self.ports["auth"] = self.auth_port
        deadline = time.monotonic() + 30
        for name in self.ports:
            self.wait_for(name, deadline)

    def stop(self):
        super().stop()
        for place in ("etc", "run", "var/lib", "var/spool", "var/log"):
            shutil.rmtree(self.root / place / self.name, ignore_errors=True)
        self.log.unlink(missing_ok=True)
