# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, client certificates and OCSP responses for tls_peers.py, all made by openssl."""

import datetime
import re

from certificates import TestCa, issue, openssl

SERVER_KINDS = ("rsa", "ecdsa", "p384", "p521", "ed25519", "ed448", "rsa-pss")
PASSPHRASE = "correct horse battery"
# GeneralizedTime in DER: tag, length, and an instant to the second.
INSTANT = re.compile(rb"\x18\x0f(\d{14})Z")
SIGNATURE_OCTETS = 256  # the intermediate's key has 2048 bits


class PeerPki(TestCa):
    """The server chains of TestCa, one more leaf that a responder calls revoked, and clients."""

    def __init__(self, directory):
        super().__init__(directory, SERVER_KINDS)
        client = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature",
                  "extendedKeyUsage=clientAuth"]
        authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
                     "subjectKeyIdentifier=hash"]
        for kind in ("rsa", "ecdsa", "ed25519"):
            issue(self.directory, f"client-{kind}", kind, f"/CN=client-{kind}", 90, client, "root")
        issue(self.directory, "stranger", "ecdsa", "/CN=Stranger CA", 90, authority)
        issue(self.directory, "client-stranger", "ecdsa", "/CN=client-stranger", 90, client,
              "stranger")
        secret = self.directory / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", self.key("client-ecdsa"), "-out",
                self.key("client-encrypted"), "-passout", f"file:{secret}")
        (self.directory / "client-encrypted.pem").write_bytes(
            (self.directory / "client-ecdsa.pem").read_bytes())

    def identity(self, name):
        """The probe's options for a client certificate."""
        words = ("--cert", str(self.directory / f"client-{name}.pem"),
                 "--key", str(self.key(f"client-{name}")))
        if name == "encrypted":
            words += ("--key-password-file", str(self.directory / "passphrase"))
        return words

    def parameters(self, bits):
        """A file with a Diffie-Hellman group of its own."""
        out = self.directory / f"dh-{bits}.pem"
        if not out.exists():
            openssl("dhparam", "-out", out, bits)
        return out

    def staple(self, kind, status):
        """A file with an OCSP response about the leaf `kind`: good, revoked, unknown, stale, or
        foreign, which is a good one about another certificate."""
        out = self.directory / f"{kind}-{status}.ocsp"
        if not out.exists():
            out.write_bytes(self.make_response(kind, status))
        return out

    def make_response(self, kind, status):
        subject = {"rsa": "ecdsa"}.get(kind, "rsa") if status == "foreign" else kind
        serial = openssl("x509", "-in", self.directory / f"{subject}.pem", "-noout",
                         "-serial").decode().strip().partition("=")[2]
        index = self.directory / f"{kind}-{status}.index"
        now = datetime.datetime.now(datetime.timezone.utc)
        later = f"{now + datetime.timedelta(days=90):%y%m%d%H%M%SZ}"
        gone = f"{now - datetime.timedelta(days=2):%y%m%d%H%M%SZ},keyCompromise"
        index.write_text({"revoked": f"R\t{later}\t{gone}\t{serial}\tunknown\t/CN=x\n",
                          "unknown": ""}.get(status, f"V\t{later}\t\t{serial}\tunknown\t/CN=x\n"))
        signer = self.directory / "intermediate.pem"
        response = self.directory / f"{kind}-{status}.der"
        openssl("ocsp", "-index", index, "-CA", signer, "-issuer", signer, "-rsigner", signer,
                "-rkey", self.key("intermediate"), "-resp_no_certs", "-no_nonce", "-serial",
                f"0x{serial}",
                "-ndays", "3", "-respout", response)
        octets = response.read_bytes()
        return self.move_back(octets, 30) if status == "stale" else octets

    def move_back(self, response, days):
        """The same response, all its instants so much earlier, signed again. openssl has no option
        for that; the lengths stay, so the octets can be replaced in place."""
        def earlier(match):
            then = datetime.datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S")
            return b"\x18\x0f" + f"{then - datetime.timedelta(days=days):%Y%m%d%H%M%SZ}".encode()

        moved = INSTANT.sub(earlier, response)
        # tbsResponseData is the first SEQUENCE in which an explicit [1], the responder's name, or an
        # instant comes first; asn1parse knows where it begins and how long it is.
        listing = openssl("asn1parse", "-inform", "DER", "-strparse", self.basic_at(moved),
                          data=moved).decode()
        first = listing.splitlines()[1]
        at, header, length = (int(re.search(pattern, first)[1])
                              for pattern in (r"^\s*(\d+):", r"hl=\s*(\d+)", r"l=\s*(\d+) (?:cons|prim)"))
        basic = len(moved) - self.basic_length(moved)
        signed = moved[basic + at:basic + at + header + length]
        signature = openssl("dgst", "-sha256", "-sign", self.key("intermediate"), data=signed)
        assert len(signature) == SIGNATURE_OCTETS
        return moved[:-SIGNATURE_OCTETS] + signature

    def basic_at(self, response):
        """Where the OCTET STRING with the BasicOCSPResponse has its tag."""
        listing = openssl("asn1parse", "-inform", "DER", data=response).decode()
        return int(re.search(r"^\s*(\d+):.*OCTET STRING", listing, re.M)[1])

    def basic_length(self, response):
        listing = openssl("asn1parse", "-inform", "DER", data=response).decode()
        return int(re.search(r"l=\s*(\d+) prim: OCTET STRING", listing)[1])
