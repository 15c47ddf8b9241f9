# SPDX-License-Identifier: GPL-3.0-or-later
"""A realm of Kerberos on 127.0.0.1: MIT's KDC inside the common root directory, with a database, keys and
tickets of its own that are gone when it stops.

The file krb5.conf names no path, so it is the same inside the root and outside. Nothing is asked of DNS.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from daemon import ENVIRONMENT, Daemon, free_ports

REALM = "EXAMPLE.TEST"


class Kdc(Daemon):
    """`outside` is the realm's directory for us, `inside` the same for what runs in the root."""

    def __init__(self, root):
        self.name = f"krb5kdc-{os.getpid()}"
        super().__init__(root)
        self.inside = f"/srv/{self.name}"
        self.outside = pathlib.Path(root, self.inside[1:])
        self.port = free_ports(1)[0]
        self.server = None

    def path(self, name):
        return self.outside / name

    def write_client_config(self, name, port, *more):
        """A krb5.conf whose KDC is at another port, or with other settings."""
        self.path(name).write_text("\n".join((
            "[libdefaults]", f"  default_realm = {REALM}", "  dns_lookup_kdc = false",
            "  dns_lookup_realm = false", "  dns_canonicalize_hostname = false", "  rdns = false",
            *more, "[realms]", f"  {REALM} = {{", f"    kdc = 127.0.0.1:{port}", "  }", "")))
        return str(self.path(name))

    def configure(self):
        self.directory(self.inside[1:])
        self.write_client_config("krb5.conf", self.port)
        self.path("kdc.conf").write_text(f"""
[kdcdefaults]
  kdc_listen = 127.0.0.1:{self.port}
  kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
  {REALM} = {{
    database_name = {self.inside}/principal
    key_stash_file = {self.inside}/stash
    acl_file = {self.inside}/acl
    max_life = 10h
  }}
[logging]
  kdc = STDERR
""")

    @property
    def variables(self):
        return {"KRB5_CONFIG": f"{self.inside}/krb5.conf",
                "KRB5_KDC_PROFILE": f"{self.inside}/kdc.conf"}

    def call(self, *command, **variables):
        """Runs one of Kerberos' tools inside the root."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, preexec_fn=self.enter_root, text=True,
                              env=ENVIRONMENT | self.variables | variables, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout.strip()}")
        return done.stdout

    def admin(self, query):
        output = self.call("/usr/sbin/kadmin.local", "-q", query)
        # It ends with 0 whatever went wrong.
        if "kadmin.local: " in output or "add_principal: " in output:
            raise RuntimeError(f"kadmin.local {query}: {output.strip()}")

    def add(self, principal, keytab):
        """A principal with a random key, which is added to a keytab. Returns the file as it is for us."""
        self.admin(f"add_principal -randkey {principal}")
        self.admin(f"ktadd -norandkey -k {self.inside}/{keytab} {principal}")
        self.path(keytab).chmod(0o644)  # the mail servers read it as users of their own
        return str(self.path(keytab))

    def ticket(self, principal, keytab, cache, lifetime="10h"):
        """Logs in by a keytab. Returns the ticket cache's name as it is for us."""
        self.call("/usr/bin/kinit", "-l", lifetime, "-k", "-t", f"{self.inside}/{keytab}", "-c",
                  f"FILE:{self.inside}/{cache}", principal)
        return f"FILE:{self.path(cache)}"

    def start(self):
        self.configure()
        self.call("/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", "master-of-the-test")
        self.run_server()

    def run_server(self):
        self.server = self.launch(["/usr/sbin/krb5kdc", "-n"], **self.variables)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"krb5kdc does not listen; its log ends:\n{self.log_tail()}")

    def freeze(self):
        """From now on it takes packets and never answers."""
        self.server.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.server.send_signal(signal.SIGCONT)

    def stop(self):
        super().stop()
        shutil.rmtree(self.outside, ignore_errors=True)
        self.log.unlink(missing_ok=True)
