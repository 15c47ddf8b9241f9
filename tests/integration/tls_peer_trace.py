# SPDX-License-Identifier: GPL-3.0-or-later
"""What "openssl s_server -trace" writes about its connections, as facts named like those of the JSON.

A block a record: a line "Sent Record" or "Received Record", then messages such as
"    ServerHello, Length=118" with deeper lines.
"""

import dataclasses
import re

GROUPS = {23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448",
          256: "ffdhe2048", 257: "ffdhe3072"}
ALERTS = {40: "handshake_failure", 42: "bad_certificate", 48: "unknown_ca", 70: "protocol_version",
          71: "insufficient_security", 80: "internal_error", 116: "certificate_required",
          120: "no_application_protocol"}
# RFC 8446 section 4.1.3: this instead of random octets makes a ServerHello a HelloRetryRequest.
RETRY = "gmt_unix_time=0xCF21AD74"


@dataclasses.dataclass
class Connection:
    """One connection as the server saw it."""
    offered_suites: list = dataclasses.field(default_factory=list)   # (first octet, second octet)
    offered_groups: list = dataclasses.field(default_factory=list)   # numbers
    offered_alpn: list = dataclasses.field(default_factory=list)
    version: str = None
    cipher: str = None
    group: str = None
    dh_octets: int = 0
    signature_scheme: str = None
    alpn: str = None
    hello_retry_request: bool = False
    extended_master_secret: bool = False
    secure_renegotiation: bool = False
    client_certificate_requested: bool = False
    client_certificate_sent: bool = False
    stapled: bool = False
    finished: bool = False           # the client's Finished came
    alert_sent: str = None


def find(pattern, text):
    match = re.search(pattern, text)
    return match[1] if match else None


def read_client_hello(text, seen):
    seen.offered_suites = [(int(a, 16), int(b, 16)) for a, b in
                           re.findall(r"\{0x(..), 0x(..)\}", text) if (a, b) != ("00", "FF")]
    groups = find(r"extension_type=supported_groups[^\n]*\n((?: {10}\S[^\n]*\n)*)", text) or ""
    seen.offered_groups = [int(number) for number in re.findall(r"\((\d+)\)$", groups, re.M)]
    seen.offered_alpn = read_alpn(text)


def read_alpn(text):
    names = find(r"extension_type=application_layer_protocol[^\n]*\n((?: {10}\S[^\n]*\n)*)", text)
    return (names or "").split()


def read_server_hello(text, seen):
    seen.hello_retry_request |= RETRY in text
    hello = find(r"server_version=\S+ \((TLS \S+)\)", text)
    chosen = find(r"supported_versions[^\n]*\n\s+(TLS 1\.3)", text) or hello
    seen.version = "TLSv" + chosen.removeprefix("TLS ")
    seen.cipher = find(r"cipher_suite \{[^}]*\} (\S+)", text)
    group = find(r"NamedGroup: .*\((\d+)\)", text)
    if group is not None and RETRY not in text:
        seen.group = GROUPS[int(group)]
    seen.extended_master_secret = "extended_master_secret(23)" in text
    seen.secure_renegotiation = "renegotiate(65281)" in text
    seen.alpn = (read_alpn(text) or [None])[0]


def read_key_exchange(text, seen):
    curve = find(r"named_curve: .*\((\d+)\)", text)
    seen.group = GROUPS[int(curve)] if curve else None
    seen.dh_octets = int(find(r"dh_p \(len=(\d+)\)", text) or 0)
    seen.signature_scheme = find(r"Signature Algorithm: (\S+)", text)


def read_message(is_sent, name, text, seen):
    if name == "ServerHello":
        read_server_hello(text, seen)
    elif name == "EncryptedExtensions":
        seen.alpn = (read_alpn(text) or [None])[0]
    elif name == "ServerKeyExchange":
        read_key_exchange(text, seen)
    elif name == "CertificateVerify" and is_sent:
        seen.signature_scheme = find(r"Signature Algorithm: (\S+)", text)
    elif name == "CertificateRequest":
        seen.client_certificate_requested = True
    elif name == "Certificate" and is_sent:
        seen.stapled |= "extension_type=status_request" in text
    elif name == "Certificate":
        seen.client_certificate_sent = "ASN.1Cert, length=" in text
    elif name == "CertificateStatus":
        seen.stapled = True
    elif name == "Finished" and not is_sent:
        seen.finished = True


def read_trace(text):
    """The connections in order."""
    connections, awaits_second_hello = [], False
    for record in re.split(r"^(?=(?:Sent|Received) Record$)", text, flags=re.M):
        is_sent = record.startswith("Sent")
        for message in re.split(r"^(?=    [A-Z]\w*, Length=)", record, flags=re.M):
            name = find(r"\A    ([A-Z]\w*), Length=", message)
            if name == "ClientHello" and not awaits_second_hello:
                connections.append(Connection())
            if not connections:
                continue
            if name == "ClientHello":
                read_client_hello(message, connections[-1])
            elif name is not None:
                read_message(is_sent, name, message, connections[-1])
            awaits_second_hello = (name == "ServerHello" and RETRY in message
                                   or awaits_second_hello and name != "ClientHello")
        alert = find(r"Level=fatal\(2\), description=[^\n]*\((\d+)\)", record)
        if alert is not None and is_sent and connections:
            connections[-1].alert_sent = ALERTS.get(int(alert), alert)
    return connections
