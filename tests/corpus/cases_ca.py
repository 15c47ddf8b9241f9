# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may issue: CA certificates and what they say about themselves and those below them."""

import certificate
import der
from case import Family, leaf, middle, other, root
from certificate import HOST, UNKNOWN, UNKNOWN_CRITICAL, authority, basic, purposes, server, usage


def authorities():
    family = Family("ca", "Issuers that are CAs, or not")
    add = family.add

    def under(word, expect="", upper=None, also=(), **more):
        """A leaf below an odd intermediate; `more` makes that, apart from what is Case's."""
        told = {key: more.pop(key) for key in ("openssl", "gnutls", "section", "detail")
                if key in more}
        ca = authority(f"CA {word}", upper or root(), **more)
        add(word, [server(ca), ca, *also], [root()], expect, **told)

    under("ca-false", "invalid@1", ext={"bc": basic(ca=False)})
    under("ca-false-explicit", "invalid@1", ext={"bc": certificate.extension(
        "2.5.29.19", der.sequence(der.boolean(False)), True)})
    under("no-basic-constraints", "invalid@1", ext={"bc": None})
    under("basic-constraints-not-critical", ext={"bc": basic(critical=False)})
    under("empty-basic-constraints", "invalid@1", ext={"bc": certificate.extension(
        "2.5.29.19", der.sequence())})
    under("no-key-usage", ext={"ku": None})
    under("no-key-cert-sign", "invalid@1", ext={"ku": usage("cRLSign")})
    under("key-cert-sign-only", ext={"ku": usage("keyCertSign")})
    under("key-usage-empty", "invalid@1", ext={"ku": usage("")})
    under("key-cert-sign-without-ca", "invalid@1", ext={"bc": basic(ca=False, length=None)})
    under("no-key-ids", ext={"ski": None, "aki": None})
    old = authority("CA v1", root(), version=1, ext={"bc": None, "ku": None, "ski": None,
                                                     "aki": None})
    add("v1-intermediate", [server(old, ext={"aki": None}), old], [root()], "invalid@1")
    two = authority("CA v2", root(), version=2, ext={"bc": None, "ku": None, "ski": None,
                                                     "aki": None},
                    unique_ids=der.implicit(1, b"\0\x55"))
    add("v2-intermediate", [server(two, ext={"aki": None}), two], [root()], "invalid@1")
    old_root = authority("Root v1", version=1, ext={"bc": None, "ku": None, "ski": None})
    add("v1-anchor", [server(old_root, ext={"aki": None})], [old_root])
    for word, ext, expect in (
            ("anchor-no-basic-constraints", {"bc": None}, ""),
            ("anchor-no-basic-constraints-no-key-usage", {"bc": None, "ku": None}, ""),
            ("anchor-ca-false", {"bc": basic(ca=False)}, "invalid@-1"),
            ("anchor-no-key-usage", {"ku": None}, ""),
            ("anchor-no-key-cert-sign", {"ku": usage("cRLSign")}, "invalid@-1"),
            ("anchor-no-key-ids", {"ski": None}, ""),
            ("anchor-basic-constraints-not-critical", {"bc": basic(critical=False)}, "")):
        anchor = authority(f"Root {word}", ext=ext)
        add(word, [server(anchor)], [anchor], expect)
    add("leaf-that-is-a-ca", [server(middle(), ext={
        "bc": basic(), "ku": usage("digitalSignature keyCertSign")}), middle()], [root()])
    add("leaf-with-basic-constraints-false", [server(middle(), ext={"bc": basic(ca=False)}),
                                              middle()], [root()])
    add("leaf-with-path-length-and-no-ca", [server(middle(), ext={
        "bc": basic(ca=False, length=0)}), middle()], [root()])
    add("ca-certificate-as-leaf-without-names", [authority("CA", middle()), middle()], [root()],
        "host-mismatch@0 invalid@0")
    inner = authority("Inner", leaf())
    add("ca-issued-by-a-leaf", [server(inner), inner, leaf(), middle()], [root()],
        "invalid@2 invalid@2")
    return family


def lengths():
    family = Family("length", "Path length")
    add = family.add

    def line(limits, upper=None, self_issued=()):
        """A chain below `upper`: one CA for each limit (None: no limit), from the root down."""
        chain, issuer = [], upper or root()
        for index, limit in enumerate(limits):
            subject = issuer.subject if index in self_issued else None
            issuer = authority(f"Length {len(chain)}", issuer, ext={"bc": basic(length=limit)},
                               **({"subject_der": subject} if subject else {}))
            chain.insert(0, issuer)
        return [server(issuer), *chain]

    add("zero", line([0]), [root()])
    add("zero-and-one-below", line([0, None]), [root()], "invalid@2")
    add("zero-and-two-below", line([0, None, None]), [root()], "invalid@3")
    add("one-and-one-below", line([1, None]), [root()])
    add("one-and-two-below", line([1, None, None]), [root()], "invalid@3")
    add("one-then-zero", line([1, 0]), [root()])
    add("grows-further-down", line([0, 5]), [root()], "invalid@2")
    add("large-then-zero-then-one", line([5, 0, None]), [root()], "invalid@2")
    add("two-limits-broken", line([0, 0, None]), [root()], "invalid@2 invalid@3")
    add("self-issued-does-not-count", line([0, None], self_issued=(1,)), [root()])
    add("self-issued-does-not-help", line([0, None, None], self_issued=(1,)), [root()],
        "invalid@3")
    zero_root = authority("Zero Root", ext={"bc": basic(length=0)})
    add("root-zero", [server(zero_root)], [zero_root])
    add("root-zero-and-one-below", line([None], zero_root), [zero_root], "invalid@-1")
    one_root = authority("One Root", ext={"bc": basic(length=1)})
    add("root-one-and-two-below", line([None, None], one_root), [one_root], "invalid@-1")
    add("leaf-that-is-a-ca-does-not-count", [server(ca := authority("Zero", root(), ext={
        "bc": basic(length=0)}), ext={"bc": basic(), "ku": usage("digitalSignature keyCertSign")}),
        ca], [root()])
    odd = authority("Negative", root(), ext={"bc": certificate.extension(
        "2.5.29.19", der.sequence(der.boolean(True), der.integer(-1)), True)})
    add("negative", [server(odd), odd], [root()], "invalid@1")
    huge = authority("Huge", root(), ext={"bc": certificate.extension(
        "2.5.29.19", der.sequence(der.boolean(True), der.integer(1 << 64)), True)})
    add("beyond-64-bits", [server(huge), huge], [root()])
    old = authority("Rolled", one_root)
    fresh = authority("", old, subject_der=old.subject)
    add("rollover-below-a-limit", [server(fresh), fresh, old], [one_root])
    no_ca = authority("Length without CA", root(), ext={"bc": basic(ca=False, length=3)})
    add("length-without-ca", [server(no_ca), no_ca], [root()], "invalid@1")
    no_sign = authority("Length without keyCertSign", root(), ext={
        "bc": basic(length=3), "ku": usage("cRLSign")})
    add("length-without-key-cert-sign", [server(no_sign), no_sign], [root()], "invalid@1")
    return family


def extensions():
    family = Family("extension", "Extensions that nobody knows, and odd ones")
    add = family.add

    def at(depth, word, expect, ext, **more):
        """The same extensions in the leaf, the intermediate or the root."""
        if depth == 0:
            add(word, [server(middle(), ext=ext), middle()], [root()], expect, **more)
            return
        ca = authority("Odd CA", root(), ext=ext) if depth == 1 else authority("Odd Root", ext=ext)
        add(word, [server(ca), ca] if depth == 1 else [server(ca)], [root() if depth == 1 else ca],
            expect, **more)

    for depth, place in enumerate(("leaf", "intermediate", "root")):
        shown = depth if depth < 2 else -1
        at(depth, f"unknown-critical-{place}", f"invalid@{shown}", {"odd": UNKNOWN_CRITICAL})
        at(depth, f"unknown-{place}", "", {"odd": UNKNOWN})
    upper = authority("Odd Upper", root(), ext={"odd": UNKNOWN_CRITICAL})
    lower = authority("Lower", upper)
    add("unknown-critical-upper-intermediate", [server(lower), lower, upper], [root()], "invalid@2")
    at(0, "two-unknown-critical", "invalid@0", {"odd": UNKNOWN_CRITICAL,
       "odd2": certificate.extension("1.2.3.5", der.NULL, True)})
    again = certificate.alternative(certificate.dns(HOST))
    at(0, "names-twice", "invalid@0", {"san2": again})
    at(0, "names-twice-second-matches", "host-mismatch@0 invalid@0",
       {"san": certificate.alternative(certificate.dns("other.example")), "san2": again})
    at(0, "key-usage-twice", "invalid@0", {"ku2": usage("digitalSignature")})
    at(1, "basic-constraints-twice", "invalid@1", {"bc2": basic()})
    at(0, "unknown-twice", "invalid@0", {"odd": UNKNOWN, "odd2": UNKNOWN})
    at(0, "subject-key-id-critical", "", {"ski": certificate.subject_id(b"12345678",
                                                                            critical=True)})
    at(0, "authority-key-id-critical", "", {
        "aki": certificate.authority_id(middle().key, critical=True)})
    at(0, "no-authority-key-id", "", {"aki": None})
    at(1, "intermediate-without-authority-key-id", "", {"aki": None})
    at(1, "intermediate-without-subject-key-id", "", {"ski": None})
    for depth, place in ((0, ""), (1, "-in-intermediate")):
        at(depth, f"authority-key-id-of-another-key{place}", f"invalid@{depth}", {
            "aki": certificate.authority_id(b"0123456789abcdefghij")},
            detail="authorityKeyIdentifier of another key")
    at(0, "authority-issuer-and-serial", "", {"aki": certificate.authority_id(
        middle().key, root().subject, middle().serial)})
    at(0, "authority-serial-of-another", "", {"aki": certificate.authority_id(
        middle().key, root().subject, 99)})
    at(0, "authority-issuer-of-another", "", {"aki": certificate.authority_id(
        middle().key, other().subject, middle().serial)})
    at(0, "authority-key-id-empty", "", {"aki": certificate.extension("2.5.29.35", der.sequence())})
    at(0, "aia-malformed", "", {"aia": certificate.extension("1.3.6.1.5.5.7.1.1", b"\x30\x05x")})
    at(0, "aia-critical", "invalid@0", {"aia": certificate.extension(
        "1.3.6.1.5.5.7.1.1", der.sequence(der.sequence(
            der.oid("1.3.6.1.5.5.7.48.1"), certificate.uri("http://ocsp.example.org/"))), True)})
    at(0, "issuer-alternative-name-critical", "", {"ian": certificate.extension(
        "2.5.29.18", der.sequence(certificate.uri("http://example.org/")), True)})
    at(0, "crl-distribution-points-critical", "", {"crldp": certificate.extension(
        "2.5.29.31", der.sequence(der.sequence(der.explicit(0, der.tlv(
            0xa0, certificate.uri("http://example.org/crl"))))), True)})
    at(0, "netscape-comment-critical", "invalid@0", {"ns": certificate.extension(
        "2.16.840.1.113730.1.13", der.tlv(der.IA5, b"hello"), True)})
    at(0, "certificate-transparency-poison", "invalid@0", {"ct": certificate.extension(
        "1.3.6.1.4.1.11129.2.4.3", der.NULL, True)})
    at(0, "must-staple", "", {"tls": certificate.extension(
        "1.3.6.1.5.5.7.1.24", der.sequence(der.integer(5)))})
    at(0, "private-key-usage-period", "", {"period": certificate.extension(
        "2.5.29.16", der.sequence(der.implicit(0, b"20200101000000Z")))})
    at(0, "subject-directory-attributes", "", {"sda": certificate.extension(
        "2.5.29.9", der.sequence(der.sequence(der.oid("1.2.3"), der.set_of(der.NULL))))})
    proxy = certificate.extension("1.3.6.1.5.5.7.1.14", der.sequence(der.sequence(
        der.oid("1.3.6.1.5.5.7.21.1"))), True)
    signer = server(middle())
    add("proxy-certificate", [server(signer, f"CN={HOST},CN=proxy", ext={"proxy": proxy}), signer,
                              middle()], [root()], "invalid@0 invalid@1 invalid@1")
    return family


def usages():
    family = Family("usage", "keyUsage and extKeyUsage")
    add = family.add

    def at_leaf(word, expect, ext, **more):
        add(word, [server(middle(), ext=ext), middle()], [root()], expect, **more)

    for bit in certificate.BITS:
        at_leaf(f"leaf-{bit}", "" if bit in ("digitalSignature", "keyEncipherment", "keyAgreement")
                else "invalid@0", {"ku": usage(bit)})
    at_leaf("leaf-no-key-usage", "", {"ku": None})
    at_leaf("leaf-key-usage-empty", "invalid@0", {"ku": usage("")})
    at_leaf("leaf-key-usage-not-critical", "", {"ku": usage("digitalSignature", critical=False)})
    at_leaf("leaf-no-purposes", "", {"eku": None})
    for words, expect in (("clientAuth", "invalid@0"), ("emailProtection", "invalid@0"),
                          ("serverAuth clientAuth", ""), ("any", ""), ("any clientAuth", ""),
                          ("OCSPSigning", "invalid@0"), ("codeSigning emailProtection",
                                                         "invalid@0")):
        at_leaf(f"leaf-for-{words.replace(' ', '-')}", expect, {"eku": purposes(words)})
    at_leaf("leaf-purposes-critical", "", {"eku": purposes("serverAuth", critical=True)})
    at_leaf("leaf-client-only-critical", "invalid@0", {"eku": purposes("clientAuth", critical=True)})
    at_leaf("leaf-purposes-empty", "invalid@0", {"eku": purposes("")})
    at_leaf("leaf-purposes-unknown", "invalid@0", {"eku": certificate.extension(
        "2.5.29.37", der.sequence(der.oid("1.2.3.4")))})
    at_leaf("leaf-server-gated-crypto", "invalid@0", {"eku": certificate.extension(
        "2.5.29.37", der.sequence(der.oid("2.16.840.1.113730.4.1")))})
    for words, good in (("serverAuth", True), ("serverAuth clientAuth", True), ("any", True),
                        ("clientAuth", False), ("emailProtection", False), ("", False)):
        ca = authority("Narrow CA", root(), ext={"eku": purposes(words)})
        add(f"intermediate-for-{words.replace(' ', '-') or 'nothing'}", [server(ca), ca], [root()],
            "" if good else "invalid@1")
        below = authority("Below", ca)
        add(f"upper-intermediate-for-{words.replace(' ', '-') or 'nothing'}",
            [server(below), below, ca], [root()], "" if good else "invalid@2")
    mixed = authority("Mixed CA", root(), ext={"eku": purposes("clientAuth any")})
    add("intermediate-for-clientAuth-any", [server(mixed), mixed], [root()])
    below = authority("Below mixed", mixed, ext={"eku": purposes("clientAuth")})
    add("intermediate-for-clientAuth-below-any", [server(below), below, mixed], [root()],
        "invalid@1")
    mail = authority("Mail CA", root(), ext={"eku": purposes("emailProtection", critical=True)})
    add("intermediate-for-mail-critical", [server(mail), mail], [root()], "invalid@1")
    bare = authority("Mail CA 2", root(), ext={"eku": purposes("emailProtection")})
    add("intermediate-for-mail-leaf-without", [server(bare, ext={"eku": None}), bare], [root()],
        "invalid@1")
    for words, good in (("serverAuth", True), ("emailProtection", False)):
        anchor = authority(f"Root for {words}", ext={"eku": purposes(words)})
        add(f"root-for-{words}", [server(anchor)], [anchor], "" if good else "invalid@-1")
    return family
