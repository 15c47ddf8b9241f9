# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA with one intermediate, and the facts of a certificate as openssl states them."""

import datetime
import hashlib
import pathlib
import subprocess

HOST = "mail.example.test"
NAMES = [f"DNS:{HOST}", "DNS:smtp.example.test", "IP:127.0.0.1"]

KEY_KINDS = {
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "ecdsa": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "ec_paramgen_curve:P-521"),
    "ed25519": ("ED25519",),
    "ed448": ("ED448",),
    "rsa-pss": ("RSA-PSS", "rsa_keygen_bits:2048"),
}


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def make_key(path, kind):
    algorithm, *options = KEY_KINDS[kind]
    words = [word for option in options for word in ("-pkeyopt", option)]
    path.write_bytes(openssl("genpkey", "-algorithm", algorithm, *words))
    path.chmod(0o600)


def issue(directory, name, kind, subject, days, extensions, issuer=None):
    """Makes NAME.key and NAME.pem; without an issuer the certificate signs itself."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.pem"
    make_key(key, kind)
    extension_file = directory / f"{name}.ext"
    extension_file.write_text("\n".join(extensions) + "\n")
    request = openssl("req", "-new", "-key", key, "-subj", subject, "-batch")
    signer = ["-signkey", key]
    if issuer is not None:
        signer = ["-CA", directory / f"{issuer}.pem", "-CAkey", directory / f"{issuer}.key",
                  "-CAcreateserial"]
    certificate.write_bytes(openssl("x509", "-req", "-days", days, "-sha256", *signer,
                                    "-extfile", extension_file, data=request))
    return certificate


class TestCa:
    """Root, intermediate and one server chain for each of `kinds` of key, made at run time."""

    def __init__(self, directory, kinds=("rsa", "ecdsa")):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                     "subjectKeyIdentifier=hash"]
        server = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature",
                  "extendedKeyUsage=serverAuth", "subjectAltName=" + ",".join(NAMES),
                  "authorityKeyIdentifier=keyid"]
        self.root = issue(self.directory, "root", "rsa", "/O=Example Test/CN=Test Root", 3650,
                          authority)
        issue(self.directory, "intermediate", "rsa", "/O=Example Test/CN=Test Intermediate", 1825,
              authority, "root")
        for kind in kinds:
            issue(self.directory, kind, kind, f"/CN={HOST}", 90, server, "intermediate")
            chain = b"".join((self.directory / f"{name}.pem").read_bytes()
                             for name in (kind, "intermediate"))
            (self.directory / f"{kind}-chain.pem").write_bytes(chain)

    def chain(self, kind):
        return self.directory / f"{kind}-chain.pem"

    def key(self, kind):
        return self.directory / f"{kind}.key"

    def facts(self, kind):
        """What the JSON must say about the leaf, taken from openssl's command line."""
        leaf = self.directory / f"{kind}.pem"
        public_key = openssl("x509", "-in", leaf, "-noout", "-pubkey")
        spki = openssl("pkey", "-pubin", "-outform", "DER", data=public_key)
        text = openssl("x509", "-in", leaf, "-noout", "-serial", "-startdate", "-enddate",
                       "-dateopt", "iso_8601").decode()
        values = dict(line.split("=", 1) for line in text.splitlines())
        return {
            "serial": values["serial"].lower(),
            "not_before": instant(values["notBefore"]),
            "not_after": instant(values["notAfter"]),
            "sha256": hashlib.sha256(openssl("x509", "-in", leaf, "-outform", "DER")).hexdigest(),
            "spki_sha256": hashlib.sha256(spki).hexdigest(),
        }


def instant(text):
    """An aware datetime from openssl's or from RFC 3339's way to write one."""
    text = text.strip().replace(" ", "T", 1).replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text)
