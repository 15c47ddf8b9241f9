# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers that a login is tried at, each with the same users, and what their own logs say of it.

alice may log in, disabled may not though the password is right, nobody else is known. Where a server takes OAuth tokens
it asks the validation endpoint of TokenServer.
"""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

from daemon import Daemon, free_ports
from peer_root import USERS
from peers import Postfix

USER, DISABLED, UNKNOWN = "alice", "disabled", "mallory"
PASSWORD = "wonder-Land 7"
TOKEN = "ya29.example-token_" + "x" * 40
LOGIN_HOST = "mail.example.test"


class TokenServer:
    """Tells Dovecot whether a token is valid (RFC 7662 in spirit: `active` and the user's name)."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                token = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("access_token", [""])[0]
                asked.append(token)
                body = json.dumps({"active": True, "email": USER} if token == TOKEN else
                                  {"error": "invalid_token"}).encode()
                self.send_response(200 if token == TOKEN else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class LoginPeer(Daemon):
    """A daemon with named listeners; start() returns when all of them answer."""

    listeners = ()
    last_line = ""  # the log's last one of a session, a regular expression
    key_owner = "root"

    def __init__(self, root, ca):
        super().__init__(root)
        self.ca = ca
        self.marks = {}
        self.is_relayed = False  # see CyrusFront
        self.ports = dict(zip(self.listeners, free_ports(len(self.listeners))))

    def install(self):
        """Certificate, key and the root that client certificates are held against."""
        self.directory(f"etc/login-{self.name}")
        for source, target in ((self.ca.chain("rsa"), "server.pem"), (self.ca.key("rsa"), "server.key"),
                               (self.ca.root, "root.pem")):
            installed = self.root / f"etc/login-{self.name}" / target
            shutil.copyfile(source, installed)
            os.chown(installed, USERS[self.key_owner][0], 0)
            installed.chmod(0o600 if target.endswith(".key") else 0o644)

    def wait(self):
        deadline = time.monotonic() + 20
        for listener, port in self.ports.items():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    pass
                if not self.processes() or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not listen on {listener}; its log ends:\n" + self.log_tail())
                time.sleep(0.05)
                self.reap()

    def in_root(self, *command, data=None):
        done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              preexec_fn=self.enter_root, env={"PATH": "/usr/sbin:/usr/bin", "HOME": "/"})
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout.decode(errors='replace')}")
        return done.stdout.decode()

    def log_sizes(self):
        return {log: log.stat().st_size for log in self.log_files() if log.is_file()}

    def mark(self):
        """What is in the logs so far belongs to earlier sessions."""
        self.marks = self.log_sizes()

    def log_since(self):
        text = ""
        for log in self.log_sizes():
            with open(log, "rb") as file:
                file.seek(self.marks.get(log, 0))
                text += file.read().decode(errors="replace")
        return text

    def session_log(self):
        """What the logs say of the session since mark(), once its last line is there."""
        deadline = time.monotonic() + 5
        while True:
            text = self.log_since()
            if re.search(self.last_line, text) or time.monotonic() > deadline:
                return text
            time.sleep(0.02)

    def read_session(self, log):
        """By the server's log: how many logins were tried, whether one was accepted, and with which mechanism (None
        where it does not tell)."""
        raise NotImplementedError


class Dovecot(LoginPeer):
    """The server of logins behind Postfix, and a submission server of its own that takes client certificates."""

    name = "dovecot"
    listeners = ("submission",)
    last_line = r"submission-login: Info: (Login|Disconnected|Aborted login)"
    mechanisms = "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2 anonymous external"

    def __init__(self, root, ca, tokens, relay_port):
        super().__init__(root, ca)
        self.tokens, self.relay_port = tokens, relay_port

    def start(self):
        self.install()
        self.directory("var/log/dovecot")
        self.directory("run/dovecot")
        self.directory("var/lib/dovecot")
        self.directory("srv/login-mail", "nobody")
        base = self.root / "etc/login-dovecot"
        (base / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}:65534:65534::/srv/login-mail::\n"
                                            for user in (USER, DISABLED)))
        (base / "denied").write_text(f"{DISABLED}:\n")
        # With a client's certificate there is no password to compare.
        (base / "holders").write_text(f"{USER}:{{PLAIN}}::::::nopassword=y\n")
        (base / "oauth2.conf").write_text(
            f"tokeninfo_url = http://127.0.0.1:{self.tokens.port}/?access_token=\n"
            "introspection_mode = auth\nusername_attribute = email\n"
            "active_attribute = active\nactive_value = true\n")
        (base / "dovecot.conf").write_text(self.configuration())
        self.launch(["/usr/sbin/dovecot", "-F", "-c", "/etc/login-dovecot/dovecot.conf"])
        self.wait()

    def read_session(self, log):
        tried = re.findall(r"Received new command: AUTH (\S+)", log)
        login = re.search(rf"submission-login: Info: Login: user=<(?:{USER}|anonymous)>, method=(\S+),", log)
        return len(tried), login is not None, login[1] if login else tried[0] if tried else None

    def configuration(self):
        return f"""
protocols = submission
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
listen = 127.0.0.1
hostname = dovecot.example.test
log_path = /var/log/dovecot/dovecot.log
auth_verbose = yes
auth_debug = yes
auth_failure_delay = 0
auth_mechanisms = {self.mechanisms}
auth_realms =
auth_anonymous_username = anonymous
disable_plaintext_auth = yes
login_trusted_networks =
ssl = required
ssl_cert = </etc/login-dovecot/server.pem
ssl_key = </etc/login-dovecot/server.key
ssl_ca = </etc/login-dovecot/root.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
mail_location = mbox:~/mail
first_valid_uid = 1
submission_relay_host = 127.0.0.1
submission_relay_port = {self.relay_port}
submission_relay_ssl = no
passdb {{
  driver = passwd-file
  deny = yes
  args = username_format=%u /etc/login-dovecot/denied
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
  args = username_format=%u /etc/login-dovecot/users
}}
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = /etc/login-dovecot/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = external
  args = username_format=%u /etc/login-dovecot/holders
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/srv/login-mail
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    address = 127.0.0.1
    port = {self.ports["submission"]}
  }}
}}
service auth {{
  unix_listener postfix {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  # No pauses that grow with each wrong password.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class LoginPostfix(LoginPeer):
    """One Postfix; each listener has a server of logins of its own."""

    name = "postfix"
    listeners = ("dovecot", "cyrus", "dovecot-clear", "relay")
    last_line = r"disconnect from .*commands="

    def start(self):
        self.install()
        self.make_folders()
        (self.root / "etc/postfix/main.cf").write_text(self.configuration())
        (self.root / "etc/postfix/sasl").mkdir(exist_ok=True)
        (self.root / "etc/postfix/sasl/smtpd.conf").write_text(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: /etc/login-postfix/sasldb2\n"
            "mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 ANONYMOUS\n")
        for user in (USER, DISABLED):
            self.set_password(user)
        self.in_root("saslpasswd2", "-d", "-f", "/etc/login-postfix/sasldb2", "-u", "postfix.example.test", DISABLED)
        os.chown(self.root / "etc/login-postfix/sasldb2", USERS["postfix"][0], 0)
        (self.root / "etc/postfix/master.cf").write_text(self.services())
        self.launch(["/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d"])
        self.wait()

    def read_session(self, log):
        """Its last line counts: auth=1 is one that was accepted, auth=0/1 one that was not."""
        counted = re.search(r"disconnect from .* auth=(\d+)(?:/(\d+))?", log)
        failed = re.search(r"SASL (\S+) authentication failed", log)
        if counted is None:
            return 0, False, None
        return int(counted[2] or counted[1]), counted[1] == "1", failed[1] if failed else None

    def set_password(self, user):
        self.in_root("saslpasswd2", "-p", "-c", "-f", "/etc/login-postfix/sasldb2", "-u", "postfix.example.test", user,
                     data=PASSWORD.encode())

    def make_folders(self):
        self.directory("var/log/postfix")
        self.directory("var/lib/postfix", "postfix")
        self.directory("var/spool/postfix")
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                     "saved", "trace"):
            self.directory(f"var/spool/postfix/{name}", "postfix", 0, 0o700)
        self.directory("var/spool/postfix/public", "postfix", 61805, 0o710)
        self.directory("var/spool/postfix/maildrop", "postfix", 61805, 0o730)
        self.directory("var/spool/postfix/pid")

    def configuration(self):
        return """
compatibility_level = 3.6
myhostname = postfix.example.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
alias_database =
smtpd_relay_restrictions = reject
smtpd_peername_lookup = no
smtpd_tls_chain_files = /etc/login-postfix/server.key,/etc/login-postfix/server.pem
smtpd_tls_CAfile = /etc/login-postfix/root.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options =
smtpd_sasl_local_domain = postfix.example.test
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
maillog_file = /var/log/postfix/postfix.log
"""

    def services(self):
        dovecot = ["smtpd_sasl_type=dovecot", "smtpd_sasl_path=/run/dovecot/postfix"]
        settings = {"dovecot": dovecot, "cyrus": ["smtpd_sasl_type=cyrus", "smtpd_sasl_path=smtpd"],
                    "dovecot-clear": [*dovecot, "smtpd_tls_security_level=none", "smtpd_tls_auth_only=no"],
                    "relay": ["smtpd_sasl_auth_enable=no"]}
        lines = ["postlog unix-dgram n - n - 1 postlogd", "tlsmgr unix - - n 1000? 1 tlsmgr",
                 "anvil unix - - n - 1 anvil", "rewrite unix - - n - - trivial-rewrite"]
        for listener in self.listeners:
            lines.append(f"127.0.0.1:{self.ports[listener]} inet n - n - - smtpd -o syslog_name={listener}")
            lines += [f"  -o {setting}" for setting in settings[listener]]
        return "\n".join(lines) + "\n"


class LoginExim(LoginPeer):
    name = "exim"
    listeners = ("starttls",)
    last_line = r"no MAIL in SMTP connection"
    key_owner = "Debian-exim"

    def start(self):
        self.install()
        for folder in ("var/spool/exim4", "var/log/exim", "run/exim4"):
            self.directory(folder, "Debian-exim")
        (self.root / "etc/exim4").mkdir(exist_ok=True)
        path = self.root / "etc/exim4/exim4.conf"
        path.write_text(self.configuration())
        path.chmod(0o644)
        self.launch(["/usr/sbin/exim4", "-bdf", "-q1h"])
        self.wait()

    def read_session(self, log):
        commands = re.search(r"no MAIL in SMTP connection .* C=(\S+)", log)
        accepted = re.search(rf" A=(\S+):{USER} ", log)
        name = accepted or re.search(r"(\S+) authenticator failed", log)
        names = {"plain": "PLAIN", "login": "LOGIN", "cram": "CRAM-MD5", "spa": "NTLM", "external": "EXTERNAL"}
        return (commands[1].split(",").count("AUTH") if commands else 0, accepted is not None,
                names[name[1]] if name else None)

    def configuration(self):
        # Both have the password; what the password alone decides is asked first, then whether the account is disabled.
        secret = f'"${{if inlist{{$auth1}}{{{USER}:{DISABLED}}}{{{PASSWORD}}}fail}}"'
        enabled = f"${{if !eq{{$auth1}}{{{DISABLED}}}}}"

        def knows(user, password):
            return (f"{{inlist{{${user}}}{{{USER}:{DISABLED}}}}}{{eq{{${password}}}{{{PASSWORD}}}}}"
                    f"{{!eq{{${user}}}{{{DISABLED}}}}}")

        return f"""
primary_hostname = exim.example.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.ports["starttls"]}
tls_advertise_hosts = *
tls_certificate = /etc/login-exim/server.pem
tls_privatekey = /etc/login-exim/server.key
tls_verify_certificates = /etc/login-exim/root.pem
tls_try_verify_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim/%slog
log_selector = +smtp_no_mail +incoming_port
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
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{knows("auth2", "auth3")}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{knows("auth1", "auth2")}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = {secret}
  server_condition = {enabled}
  server_set_id = $auth1
spa:
  driver = spa
  public_name = NTLM
  server_password = {secret}
  server_set_id = $auth1
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${{certextract{{subj_altname,mail,>:}}{{$tls_in_peercert}}}}
  server_condition = ${{if inlist{{$auth1}}{{$auth2}}}}
  server_set_id = $auth1
"""


class LoginOpenSmtpd(LoginPeer):
    name = "opensmtpd"
    listeners = ("starttls",)
    last_line = r"smtp disconnected reason"

    def start(self):
        self.install()
        hashed = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=PASSWORD.encode(), check=True,
                                stdout=subprocess.PIPE).stdout.decode().strip()
        base = "/etc/login-opensmtpd"
        (self.root / base[1:] / "users").write_text(f"{USER}\t{hashed}\n")
        configuration = self.root / "etc/smtpd.conf"
        configuration.write_text(f"""
pki mail cert "{base}/server.pem"
pki mail key "{base}/server.key"
table users file:{base}/users
listen on 127.0.0.1 port {self.ports["starttls"]} tls pki mail auth <users> hostname opensmtpd.example.test
action "relay" relay
match from any for any reject
""")
        configuration.chmod(0o600)
        shutil.copyfile(self.ca.root, self.root / "etc/ssl/certs/ca-certificates.crt")
        self.directory("var/spool/smtpd", "root", mode=0o711)
        self.directory("var/lib/opensmtpd")
        self.directory("var/lib/opensmtpd/empty")
        self.directory("run/opensmtpd")
        self.launch(["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"])
        self.wait()

    def read_session(self, log):
        results = re.findall(r"smtp authentication user=\S* result=(\S+)", log)
        refused = re.search(r'failed-command command="AUTH (\S+) ', log)
        return len(results), "ok" in results, refused[1] if refused else None
