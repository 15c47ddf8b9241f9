# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of tls_peers.py: how a TLS server is set up, how it is probed, what must come of it.

`wants` is what the setting of the server (or of the probe) leaves no choice about, as paths into the
JSON. Everything else that the JSON says is held against what the server itself reports.
"""

import dataclasses

OK, WARNING, CRITICAL = 0, 1, 2


@dataclasses.dataclass
class Row:
    name: str
    server: tuple = ()              # options of the server; {…} as in fill()
    probe: tuple = ()               # options of the probe, the same
    kind: str = "rsa"               # which key and chain the server has
    peer: str = "openssl"
    tls: str = "starttls"
    exit_code: int = OK
    reason: str = "ok"
    wants: dict = dataclasses.field(default_factory=dict)
    says: str = ""                  # a regular expression for the message of the finding
    others: tuple = ()              # reasons of further findings that are not OK
    connections: int = 1


def refused(name, reason="tls-alert", takes="", **settings):
    """A handshake that fails. `takes`: the second connection, which asks the server what it would
    take, is answered so; the message says it."""
    wants = settings.pop("wants", {})
    if takes:
        wants["tls.surveys.0.outcome"] = "accepted"
        settings["says"] = f"it would take {takes}"
        settings["connections"] = 2
    return Row(name, exit_code=CRITICAL, reason=reason, wants=wants, **settings)


VERSIONS = {"TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
# What each kind of key can sign with; the last ones are those of TLS 1.2 alone (RFC 8446 4.2.3).
SCHEMES = {
    "rsa": "rsa_pss_rsae_sha256|rsa_pss_rsae_sha384|rsa_pss_rsae_sha512",
    "ecdsa": "ecdsa_secp256r1_sha256",
    "p384": "ecdsa_secp384r1_sha384",
    "p521": "ecdsa_secp521r1_sha512",
    "ed25519": "ed25519",
    "ed448": "ed448",
}
KEYS = {"rsa": "RSA 2048", "ecdsa": "EC P-256", "p384": "EC P-384", "p521": "EC P-521",
        "ed25519": "Ed25519", "ed448": "Ed448"}
GROUPS = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521",
          "x448": "X448"}


def key_rows():
    for kind, scheme in SCHEMES.items():
        for version, option in VERSIONS.items():
            # In TLS 1.2 the curve of a key doesn't decide the digest (RFC 8446 4.2.3).
            wanted = scheme
            if version == "TLSv1.2" and scheme.startswith("ecdsa"):
                wanted = "ecdsa_sha256|ecdsa_sha384|ecdsa_sha512"
            if version == "TLSv1.2" and kind == "rsa":
                wanted += "|rsa_pkcs1_sha256|rsa_pkcs1_sha384|rsa_pkcs1_sha512"
            yield Row(f"key-{kind}-{version}", (option,), kind=kind,
                      wants={"tls.version": version, "tls.signature_scheme": wanted,
                             "certificates.0.key": KEYS[kind]})
    for version, option in VERSIONS.items():
        yield refused(f"key-rsa-pss-{version}", "tls-handshake-failed", server=(option,),
                      kind="rsa-pss", says="RSA-PSS.*our TLS library",
                      wants={"tls.version": version, "verify.trusted": True})
    for scheme, option in (("rsa_pkcs1_sha256", "RSA+SHA256"), ("rsa_pkcs1_sha384", "RSA+SHA384"),
                           ("rsa_pkcs1_sha512", "RSA+SHA512"), ("rsa_pss_rsae_sha256", "PSS+SHA256"),
                           ("rsa_pss_rsae_sha384", "PSS+SHA384"), ("rsa_pss_rsae_sha512", "PSS+SHA512")):
        yield Row(f"scheme-{scheme}-TLSv1.2", ("-tls1_2", "-sigalgs", option),
                  wants={"tls.signature_scheme": scheme})
        if "pss" in scheme:
            yield Row(f"scheme-{scheme}-TLSv1.3", ("-tls1_3", "-sigalgs", option),
                      wants={"tls.signature_scheme": scheme})


def group_rows():
    for group, option in GROUPS.items():
        for version, switch in VERSIONS.items():
            wants = {"tls.group": group, "tls.version": version,
                     "tls.hello_retry_request": version == "TLSv1.3" and group != "x25519"}
            yield Row(f"group-{group}-{version}", (switch, "-groups", option), wants=wants)
    yield Row("group-ffdhe2048-TLSv1.3", ("-tls1_3", "-groups", "ffdhe2048"),
              wants={"tls.group": "ffdhe2048", "tls.dh_bits": 2048, "tls.hello_retry_request": True})
    # The order of the server's groups decides in s_server with -serverpref, the client's without.
    for first, wanted in (("P-384:X25519", "secp384r1"), ("X25519:P-384", "x25519")):
        yield Row(f"groups-{first}", ("-tls1_2", "-serverpref", "-groups", first),
                  wants={"tls.group": wanted})
    yield Row("groups-of-ours", ("-groups", "X25519:P-384:P-256"), ("--groups", "secp384r1,x25519"),
              wants={"tls.group": "secp384r1", "tls.hello_retry_request": False})
    yield Row("groups-of-ours-second", ("-groups", "P-256"), ("--groups", "secp384r1,secp256r1"),
              wants={"tls.group": "secp256r1", "tls.hello_retry_request": True})
    # No curve in common, and DHE suites would do: but who names groups has named no finite field.
    yield refused("groups-and-dhe", server=("-tls1_2", "-groups", "P-521"), probe=("--groups", "x25519"),
                  takes="TLSv1.2", wants={"tls.alert": "handshake_failure"})
    for version, switch in VERSIONS.items():
        yield refused(f"groups-in-vain-{version}",
                      server=(switch, "-groups", "P-521", "-cipher", "ECDHE"),
                      probe=("--groups", "x25519"), takes=version,
                      wants={"tls.alert": "handshake_failure",
                             "tls.surveys.0.group": "secp521r1"})


def cipher_rows():
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                  "TLS_CHACHA20_POLY1305_SHA256"):
        wants = {"tls.cipher": suite, "tls.version": "TLSv1.3"}
        yield Row(f"suite-{suite}", ("-ciphersuites", suite), wants=wants)
        yield Row(f"suite-of-ours-{suite}", (), ("--ciphers", suite), wants=wants)
    for kind, openssl, suite, group in (
            ("rsa", "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", None),
            ("rsa", "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", None),
            ("rsa", "ECDHE-RSA-CHACHA20-POLY1305",
             "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", None),
            ("ecdsa", "ECDHE-ECDSA-AES128-GCM-SHA256",
             "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", None),
            ("ecdsa", "ECDHE-ECDSA-CHACHA20-POLY1305",
             "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", None),
            ("rsa", "DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 2048),
            ("rsa", "DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", 2048)):
        wants = {"tls.cipher": suite, "tls.version": "TLSv1.2"}
        wants |= {"tls.dh_bits": group} if group else {}
        yield Row(f"cipher-{openssl}", ("-tls1_2", "-cipher", openssl), kind=kind, wants=wants)
        yield Row(f"cipher-of-ours-{openssl}", ("-tls1_2",), ("--ciphers", suite), kind=kind,
                  wants=wants)
    # Names as OpenSSL writes them, two of them, in our order.
    yield Row("cipher-order", ("-tls1_2",),
              ("--ciphers", "ECDHE-RSA-CHACHA20-POLY1305,ECDHE-RSA-AES128-GCM-SHA256"),
              wants={"tls.cipher": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"})
    yield refused("ciphers-in-vain", server=("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"),
                  probe=("--ciphers", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
                  wants={"tls.alert": "handshake_failure"},
                  takes="TLSv1.2 with TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
    # What is never offered.
    for name, option, suite in (
            ("static-rsa", "AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
            ("null", "NULL-SHA256:@SECLEVEL=0", "TLS_RSA_WITH_NULL_SHA256"),
            ("anonymous", "ADH-AES128-SHA256:@SECLEVEL=0", "TLS_DH_anon_WITH_AES_128_CBC_SHA256")):
        yield refused(f"cipher-{name}", server=("-tls1_2", "-cipher", option),
                      wants={"tls.alert": "handshake_failure", "tls.surveys.0.cipher": suite},
                      takes=f"TLSv1.2 with {suite}")


def version_rows():
    old = ("-cipher", "DEFAULT:@SECLEVEL=0")
    yield refused("version-1.0", "tls-version-unsupported", server=("-tls1", *old),
                  wants={"tls.alert": "protocol_version", "tls.surveys.0.version": "TLSv1.0"},
                  takes="TLSv1.0")
    yield refused("version-1.1", "tls-version-unsupported", server=("-tls1_1", *old),
                  wants={"tls.alert": "protocol_version", "tls.surveys.0.version": "TLSv1.1"},
                  takes="TLSv1.1")
    yield Row("version-1.1-allowed", ("-tls1_1", *old), ("--tls-min", "1.1"), exit_code=WARNING,
              reason="tls-version-weak",
              wants={"tls.version": "TLSv1.1", "tls.signature_scheme": None})
    yield Row("version-no-1.3", ("-no_tls1_3",), wants={"tls.version": "TLSv1.2",
                                                        "tls.extended_master_secret": True,
                                                        "tls.secure_renegotiation": True})
    yield Row("version-1.3", (), wants={"tls.version": "TLSv1.3", "tls.hello_retry_request": False,
                                        "tls.extended_master_secret": False,
                                        "tls.secure_renegotiation": False})
    yield Row("version-max", (), ("--tls-max", "1.2"), wants={"tls.version": "TLSv1.2"})
    yield Row("version-min", (), ("--tls-min", "1.3"), wants={"tls.version": "TLSv1.3"})
    yield refused("version-max-too-low", "tls-version-unsupported", server=("-tls1_3",),
                  probe=("--tls-max", "1.2"), takes="TLSv1.3",
                  wants={"tls.alert": "protocol_version"})
    yield refused("version-min-too-high", "tls-version-unsupported", server=("-tls1_2",),
                  probe=("--tls-min", "1.3"), takes="TLSv1.2",
                  wants={"tls.alert": "protocol_version"})
    yield Row("implicit", (), tls="implicit", wants={"tls.version": "TLSv1.3"})
    yield Row("implicit-1.2", ("-tls1_2",), tls="implicit", wants={"tls.version": "TLSv1.2"})


def alpn_rows():
    for version, switch in VERSIONS.items():
        yield Row(f"alpn-{version}", (switch, "-alpn", "imap,smtp"), ("--alpn", "smtp"),
                  wants={"tls.alpn": "smtp"})
        yield Row(f"alpn-second-{version}", (switch, "-alpn", "smtp"), ("--alpn", "xmpp,smtp"),
                  wants={"tls.alpn": "smtp"})
        yield Row(f"alpn-unknown-to-server-{version}", (switch,), ("--alpn", "smtp"),
                  wants={"tls.alpn": None})
        yield refused(f"alpn-refused-{version}", server=(switch, "-alpn", "imap"),
                      probe=("--alpn", "smtp"),
                      wants={"tls.alert": "no_application_protocol"}, says="no_application_protocol")
    yield Row("alpn-none", ("-alpn", "smtp"), wants={"tls.alpn": None})


def client_rows():
    asks = ("-verify", "1", "-CAfile", "{root}", "-verify_return_error")
    insists = ("-Verify", "1", "-CAfile", "{root}", "-verify_return_error")
    missing = {"TLSv1.2": "handshake_failure", "TLSv1.3": "certificate_required"}
    for version, switch in VERSIONS.items():
        for name in ("rsa", "ecdsa", "encrypted", "ed25519"):
            yield Row(f"client-{name}-{version}", (switch, *insists), (f"{{client:{name}}}",),
                      wants={"tls.client_certificate_requested": True,
                             "tls.client_certificate_sent": True})
        yield Row(f"client-not-asked-{version}", (switch,), ("{client:rsa}",),
                  wants={"tls.client_certificate_requested": False,
                         "tls.client_certificate_sent": False})
        yield Row(f"client-none-{version}", (switch, *asks),
                  wants={"tls.client_certificate_requested": True,
                         "tls.client_certificate_sent": False})
        yield refused(f"client-missing-{version}", "tls-client-certificate-required",
                      server=(switch, *insists), says="client certificate",
                      wants={"tls.client_certificate_requested": True,
                             "tls.client_certificate_sent": False, "tls.alert": missing[version]})
        yield refused(f"client-stranger-{version}", "tls-client-certificate-required",
                      server=(switch, *insists), probe=("{client:stranger}",),
                      says="refused our client certificate",
                      wants={"tls.client_certificate_requested": True,
                             "tls.client_certificate_sent": True, "tls.alert": "unknown_ca"})
    # A key of a kind that the server can't verify: TLS 1.2 goes on without, in TLS 1.3 our library
    # gives up.
    picky = (*insists, "-client_sigalgs", "RSA+SHA256:PSS+SHA256")
    yield refused("client-key-in-vain-TLSv1.2", "tls-client-certificate-required",
                  server=("-tls1_2", *picky), probe=("{client:ecdsa}",),
                  wants={"tls.client_certificate_requested": True})
    yield refused("client-key-in-vain-TLSv1.3", "tls-handshake-failed",
                  server=("-tls1_3", *picky), probe=("{client:ecdsa}",), says="--key; our TLS library")


def ocsp_rows():
    for kind in ("rsa", "ecdsa"):
        for version, switch in VERSIONS.items():
            def row(status, name="", options=(), switch=switch, kind=kind, version=version,
                    **settings):
                settings["wants"] = {"tls.ocsp.stapled": True} | settings.get("wants", {})
                return Row(f"ocsp-{name or status}-{kind}-{version}",
                           (switch, "-status_file", f"{{staple:{status}}}"), options, kind=kind,
                           connections=settings.pop("connections", None), **settings)
            yield row("good", wants={"tls.ocsp.status": "good"})
            yield row("good", "good-required", ("--ocsp", "require"),
                      wants={"tls.ocsp.status": "good"})
            yield row("revoked", exit_code=CRITICAL, reason="certificate-revoked",
                      wants={"tls.ocsp.status": "revoked",
                             "tls.ocsp.revocation_reason": "keyCompromise"})
            yield row("unknown", exit_code=WARNING, reason="ocsp-invalid",
                      wants={"tls.ocsp.status": "unknown"})
            yield row("stale", exit_code=WARNING, reason="ocsp-invalid",
                      wants={"tls.ocsp.status": None})
            yield row("foreign", exit_code=WARNING, reason="ocsp-invalid",
                      wants={"tls.ocsp.status": None})
            yield row("stale", "stale-required", ("--ocsp", "require"), exit_code=CRITICAL,
                      reason="ocsp-invalid", wants={"tls.ocsp.status": None})
    for version, switch in VERSIONS.items():
        yield Row(f"ocsp-none-{version}", (switch,), wants={"tls.ocsp.stapled": False,
                                                            "tls.ocsp.status": None})
        yield Row(f"ocsp-none-required-{version}", (switch,), ("--ocsp", "require"),
                  exit_code=CRITICAL, reason="ocsp-staple-missing",
                  wants={"tls.ocsp.stapled": False})
        yield Row(f"ocsp-off-{version}", (switch, "-status_file", "{staple:revoked}"),
                  ("--ocsp", "off"), wants={"tls.ocsp": None})


def policy_rows():
    """What the server would also take; each question is a connection at which the server chooses."""
    def row(name, server, profile, connections, kind="rsa", **settings):
        return Row(f"policy-{profile}-{name}", server, ("--tls-policy", profile), kind=kind,
                   connections=connections, **settings)
    groups = ("-groups", "X25519:P-256:P-384")
    everything = ("-cipher", "ALL:aNULL:eNULL:@SECLEVEL=0")
    yield row("clean", ("-tls1_3", *groups), "modern", 5, "ecdsa")
    yield row("clean", (*groups, "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20"), "intermediate", 6, "ecdsa")
    yield row("all", everything, "intermediate", 6, exit_code=WARNING, reason="tls-version-weak",
              others=("tls-cipher-weak",),
              wants={"tls.surveys.0.version": "TLSv1.1", "tls.surveys.1.outcome": "accepted",
                     "tls.surveys.2.outcome": "accepted", "tls.surveys.4.group": "x448"})
    yield row("null", ("-no_tls1", "-no_tls1_1", "-cipher", "NULL-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                       "@SECLEVEL=0"), "intermediate", 6, exit_code=WARNING, reason="tls-cipher-weak",
              wants={"tls.surveys.0.outcome": "refused",
                     "tls.surveys.1.cipher": "TLS_RSA_WITH_NULL_SHA256"})
    yield row("group", ("-tls1_3", "-groups", "X25519:P-521"), "modern", 5, "ecdsa",
              wants={"tls.surveys.3.group": "secp521r1"})
    yield row("older", ("-no_tls1", "-no_tls1_1"), "modern", 5, "ecdsa", exit_code=WARNING,
              reason="tls-version-weak", wants={"tls.surveys.0.version": "TLSv1.2"})


def gnutls_rows():
    """What s_server can't leave out, and a second opinion. Its echo is no SMTP: the session ends at
    the EHLO inside TLS."""
    def row(name, priority, options=(), probe=(), **settings):
        settings = {"exit_code": CRITICAL, "reason": "protocol-error"} | settings
        return Row(f"gnutls-{name}", ("--priority", priority, *options), probe, peer="gnutls",
                   **settings)
    only = "NORMAL:-VERS-ALL:+VERS-TLS"
    for kind in ("rsa", "ecdsa", "ed25519"):
        for version in ("1.2", "1.3"):
            yield row(f"{kind}-{version}", only + version, kind=kind,
                      wants={"tls.version": f"TLSv{version}"})
    yield row("no-ems", f"{only}1.2:%NO_SESSION_HASH",
              wants={"tls.extended_master_secret": False, "tls.secure_renegotiation": True})
    yield row("no-renegotiation", f"{only}1.2:%DISABLE_SAFE_RENEGOTIATION",
              wants={"tls.extended_master_secret": True, "tls.secure_renegotiation": False})
    for group, name in (("x25519", "X25519"), ("secp384r1", "SECP384R1"), ("x448", "X448"),
                        ("ffdhe2048", "FFDHE2048")):
        yield row(f"group-{name}", f"{only}1.3:-GROUP-ALL:+GROUP-{name}",
                  wants={"tls.group": group, "tls.hello_retry_request": group != "x25519"})
    yield row("dhe-1.2", f"{only}1.2:-KX-ALL:+DHE-RSA",
              wants={"tls.cipher": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
                     "tls.group": "ffdhe2048", "tls.dh_bits": 2048})
    # Groups without a name. A client that offers one by name (RFC 7919) gets that.
    for bits in (512, 1024):
        weak = {"others": ("tls-cipher-weak",)} if bits >= 1024 else {
            "reason": "tls-handshake-failed", "says": "1024 bits"}
        yield row(f"dh-{bits}", f"{only}1.2:-KX-ALL:+DHE-RSA:%PROFILE_VERY_WEAK",
                  ("--dhparams", f"{{dh:{bits}}}"),
                  ("--groups", "x25519", "--ciphers", "DHE-RSA-AES128-GCM-SHA256"),
                  wants={"tls.group": None, "tls.dh_bits": bits}, **weak)
    yield row("alpn", "NORMAL", ("--alpn", "smtp"), ("--alpn", "smtp"), wants={"tls.alpn": "smtp"})
    for version in ("1.2", "1.3"):
        yield row(f"client-{version}", only + version,
                  ("--require-client-cert", "--verify-client-cert", "--x509cafile", "{root}"),
                  ("{client:ecdsa}",), wants={"tls.client_certificate_requested": True,
                                              "tls.client_certificate_sent": True})
        yield row(f"client-missing-{version}", only + version,
                  ("--require-client-cert", "--verify-client-cert", "--x509cafile", "{root}"),
                  reason="tls-client-certificate-required",
                  says="client certificate", wants={"tls.client_certificate_requested": True,
                                                     "tls.client_certificate_sent": False})
        yield row(f"ocsp-{version}", only + version,
                  ("--ocsp-response", "{staple:good}"),
                  wants={"tls.ocsp.stapled": True, "tls.ocsp.status": "good"}, connections=None)
    yield row("version-1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.1", reason="tls-version-unsupported",
              says="refused")


def rows():
    for part in (key_rows, group_rows, cipher_rows, version_rows, alpn_rows, client_rows,
                 ocsp_rows, policy_rows, gnutls_rows):
        yield from part()
