# SPDX-License-Identifier: GPL-3.0-or-later
"""The same dialogue by Python's own SMTP and TLS: an independent witness of what a server says."""

import hashlib
import smtplib
import ssl

EHLO_NAME = "probe.example.test"


class Witness:
    """What a listener said: `banner`, `plain`, `tls` (lists of EHLO lines), `version`, `alert`."""

    def __init__(self, port, implicit, starttls, ca_file, host):
        self.banner = self.plain = self.tls = self.version = self.leaf = None
        self.alert = None
        context = ssl.create_default_context(cafile=ca_file)
        try:
            if implicit:
                client = ImplicitClient("127.0.0.1", port, host, context)
            else:
                client = NamedClient("127.0.0.1", port, host)
            with client:
                self.banner = client.first_reply
                if not implicit:
                    self.plain = ehlo(client)
                if starttls:
                    client.starttls(context=context)
                if implicit or starttls:
                    self.tls = ehlo(client)
                    self.version = client.sock.version()
                    self.leaf = hashlib.sha256(client.sock.getpeercert(True)).hexdigest()
        except ssl.SSLError as error:
            if error.reason is None or "ALERT" not in error.reason:
                raise
            self.alert = error.reason


class NamedClient(smtplib.SMTP):
    """Connects to an address, checks the certificate for a name, and keeps the banner."""

    def __init__(self, address, port, name):
        super().__init__(local_hostname=EHLO_NAME, timeout=10)
        self.first_reply = self.connect(address, port)
        self._host = name


class ImplicitClient(smtplib.SMTP_SSL):
    def __init__(self, address, port, name, context):
        super().__init__(local_hostname=EHLO_NAME, timeout=10, context=context)
        self._host = name
        self.first_reply = self.connect(address, port)


def ehlo(client):
    code, text = client.ehlo()
    if code != 250:
        raise RuntimeError(f"EHLO: {code} {text!r}")
    # The first line is the greeting, not a capability.
    return [line.split() for line in text.decode("ascii").splitlines()[1:]]
