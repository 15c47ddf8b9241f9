# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, hashes and signatures."""

import der
import keys
from case import Family, middle, other, root, rsa_root
from certificate import DAY, NOW, authority, server


def strength():
    family = Family("keys", "Kinds and sizes of keys")
    add = family.add

    def everywhere(kind, leaf_problem="", ca_problem="", root_problem="", **more):
        """A key of this kind in the leaf, in the intermediate, and in the root."""
        def told(place):
            return {who: text for who, text in ((word, more.get(f"{word}_{place}") or
                                                 more.get(word)) for word in (
                "openssl", "gnutls", "section")) if text}
        key = keys.key(kind, "shared")  # making large ones takes seconds
        ca = authority("Key CA", root(), key=key)
        anchor = authority("Key Root", None, key=key)
        add(f"{kind}-leaf", [server(middle(), key=key), middle()], [root()], leaf_problem,
            **told("leaf"))
        add(f"{kind}-intermediate", [server(ca), ca], [root()], ca_problem, **told("ca"))
        add(f"{kind}-root", [server(anchor)], [anchor], root_problem, **told("root"))

    for kind in ("rsa2048", "rsa2049", "rsa3072", "rsa4096", "rsa2048e3", "p256", "p384", "p521",
                 "ed25519", "ed448"):
        everywhere(kind)
    for kind in ("rsa512", "rsa1024", "rsa1536", "rsa2047"):
        everywhere(kind, "weak-key@0", "weak-key@1", "weak-key@-1")
    everywhere("p224", "weak-key@0", "weak-key@1", "weak-key@-1")
    everywhere("p192", "weak-key@0", "invalid@0 weak-key@1", "invalid@0 weak-key@-1")
    for kind in ("secp256k1", "brainpool256", "brainpool384", "brainpool512"):
        everywhere(kind)
    everywhere("rsa8192", "", "invalid@0", "invalid@0")
    everywhere("explicit256", "invalid@0", "invalid@0 invalid@1", "invalid@0 invalid@-1")
    everywhere("pss2048")
    everywhere("dsa1024", "weak-key@0", "invalid@0 weak-key@1", "invalid@0 weak-key@-1")
    modulus = (1 << 2047) + 12345  # nobody has to have the other half of a leaf's key
    bits = keys.named_key

    def with_key(word, expect, spki, **more):
        add(word, [server(middle(), key=keys.Spki(spki)), middle()], [root()], expect, **more)

    dsa = der.sequence(der.integer(modulus), der.integer((1 << 255) + 95), der.integer(2))
    with_key("dsa2048-leaf", "weak-key@0", bits("1.2.840.10040.4.1", dsa, der.integer(4)))
    for word, number, exponent in (("modulus-zero", 0, 65537), ("exponent-one", modulus, 1),
                                   ("exponent-even", modulus, 65536),
                                   ("modulus-negative", -modulus, 65537)):
        with_key(f"rsa-{word}", "invalid@0", bits("1.2.840.113549.1.1.1", der.NULL, der.sequence(
            der.integer(number), der.integer(exponent))))
    with_key("rsa-exponent-of-256-bits", "", bits("1.2.840.113549.1.1.1", der.NULL, der.sequence(
        der.integer(modulus), der.integer((1 << 255) + 1))))
    with_key("rsa-without-null", "", bits("1.2.840.113549.1.1.1", b"", der.sequence(
        der.integer(modulus), der.integer(65537))))
    with_key("rsa-key-is-garbage", "invalid@0", bits("1.2.840.113549.1.1.1", der.NULL, b"garbage"))
    with_key("unknown-kind", "invalid@0", bits("1.2.3.4", der.NULL, b"key"))
    curve = der.oid("1.2.840.10045.3.1.7")
    with_key("ec-point-not-on-the-curve", "", bits(
        "1.2.840.10045.2.1", curve, b"\x04" + b"\1" * 64))
    with_key("ec-point-too-short", "invalid@0", bits("1.2.840.10045.2.1", curve,
                                                       b"\x04" + b"\1" * 40))
    with_key("ec-unknown-curve", "invalid@0", bits("1.2.840.10045.2.1", der.oid("1.2.3.4"),
                                                     b"\x04" + b"\1" * 64))
    with_key("ed25519-too-short", "invalid@0", bits("1.3.101.112", b"", b"\1" * 31))
    return family


def signatures():
    family = Family("signatures", "Signatures")
    add = family.add
    rsa, pss, pss384 = rsa_root(), authority("PSS Root", None, "pss2048"), \
        authority("PSS Root 384", None, "pss2048sha384", digest="sha384")

    def rsa_leaf(word, expect="", signer=rsa, **more):
        told = {key: more.pop(key) for key in ("openssl", "gnutls", "section") if key in more}
        add(word, [server(signer, **more)], [signer], expect, **told)

    rsa_leaf("rsa-sha256")
    rsa_leaf("rsa-sha384", digest="sha384")
    rsa_leaf("rsa-sha512", digest="sha512")
    rsa_leaf("rsa-sha224", digest="sha224")
    rsa_leaf("rsa-sha1", "weak-signature@0", digest="sha1")
    rsa_leaf("rsa-md5", "weak-signature@0", digest="md5")
    rsa_leaf("ecdsa-sha224", signer=root(), digest="sha224")
    rsa_leaf("ecdsa-sha384", signer=root(), digest="sha384")
    rsa_leaf("ecdsa-sha512", signer=root(), digest="sha512")
    rsa_leaf("ecdsa-sha1", "weak-signature@0", signer=root(), digest="sha1")
    for digest in ("sha1", "md5"):
        ca = authority("Old Hash CA", rsa, digest=digest)
        anchor = authority("Old Hash Root", None, key=rsa.key, digest=digest)
        add(f"rsa-{digest}-intermediate", [server(ca), ca], [rsa], "weak-signature@1")
        add(f"rsa-{digest}-root", [server(anchor)], [anchor])
        add(f"rsa-{digest}-root-sent", [server(anchor), anchor], [anchor])
        add(f"rsa-{digest}-unknown-root-sent", [server(anchor), anchor], [other()], "not-trusted@1")
    forged = authority("Forgeable CA", rsa, key=rsa.key, digest="md5")
    add("rsa-sha1-below-md5", [server(forged, digest="sha1"), forged], [rsa],
        "weak-signature@1 weak-signature@0", detail="MD5")
    lower = authority("Lower Hash", ca1 := authority("Upper Hash", rsa, key=rsa.key,
                                                     digest="sha1"), digest="sha1")
    add("sha1-twice", [server(lower), lower, ca1], [rsa], "weak-signature@1 weak-signature@2")
    rsa_leaf("pss-sha256", algorithm=keys.Pss("sha256"))
    rsa_leaf("pss-sha384", algorithm=keys.Pss("sha384"))
    rsa_leaf("pss-sha512", algorithm=keys.Pss("sha512"))
    rsa_leaf("pss-sha224", algorithm=keys.Pss("sha224"))
    rsa_leaf("pss-sha1", "weak-signature@0", algorithm=keys.Pss("sha1"))
    rsa_leaf("pss-salt-0", algorithm=keys.Pss("sha256", salt=0))
    rsa_leaf("pss-salt-20", algorithm=keys.Pss("sha256", salt=20))
    rsa_leaf("pss-salt-64", algorithm=keys.Pss("sha256", salt=64))
    rsa_leaf("pss-mask-of-another-hash", algorithm=keys.Pss("sha256", mask="sha384"))
    rsa_leaf("pss-mask-sha1", algorithm=keys.Pss("sha256", mask="sha1"))
    rsa_leaf("pss-trailer-1-written", algorithm=keys.Pss("sha256", trailer=1))
    rsa_leaf("pss-trailer-2", "invalid@0", algorithm=keys.Pss("sha256", trailer=2))
    rsa_leaf("pss-wrong-signature", "invalid@0", algorithm=keys.Pss("sha256"), flip=True)
    rsa_leaf("pss-key", signer=pss)
    rsa_leaf("pss-key-pkcs1-signature", "invalid@0", signer=pss, algorithm=keys.Claim(
        keys.Plain("RSA", "sha256"), keys.Pss("sha256")))
    rsa_leaf("pss-key-restricted", signer=pss384, algorithm=keys.Pss("sha384"))
    rsa_leaf("pss-key-restricted-other-hash", "invalid@0", signer=pss384,
             algorithm=keys.Claim(keys.Pss("sha256"), keys.Pss("sha384")))
    for word, ca in (("p256", root()), ("rsa", rsa), ("ed25519", authority("Ed", None, "ed25519")),
                     ("ed448", authority("Ed4", None, "ed448")),
                     ("p384", authority("P3", None, "p384")),
                     ("p521", authority("P5", None, "p521"))):
        add(f"wrong-{word}-leaf", [server(ca, flip=True)], [ca], "invalid@0")
    flipped = authority("Flipped", root(), flip=True)
    add("wrong-intermediate", [server(flipped), flipped], [root()], "invalid@1")
    add("wrong-leaf-and-intermediate", [server(flipped, flip=True), flipped], [root()],
        "invalid@0 invalid@1")
    below = authority("Below Flipped", flipped)
    add("wrong-upper-intermediate", [server(below), below, flipped], [root()], "invalid@2")
    add("wrong-and-expired", [server(middle(), flip=True, end=NOW - DAY), middle()], [root()],
        "expired@0 invalid@0")
    sha384 = keys.Plain("EC", "sha384").identifier
    add("outer-algorithm-differs", [server(root(), outer=sha384)], [root()], "invalid@0 invalid@0")
    add("inner-algorithm-differs", [server(root(), inner=sha384)], [root()], "invalid@0")
    null = der.sequence(der.oid("1.2.840.113549.1.1.11"))
    rsa_leaf("rsa-parameters-absent", inner=null, outer=null)
    add("rsa-parameters-differ", [server(rsa, outer=null)], [rsa], "invalid@0")
    odd = der.sequence(der.oid("1.2.840.10045.4.3.2"), der.NULL)
    add("ecdsa-with-null-parameters", [server(root(), inner=odd, outer=odd)], [root()], "")
    unknown = der.sequence(der.oid("1.2.3.4"))
    add("unknown-algorithm", [server(root(), inner=unknown, outer=unknown)], [root()], "invalid@0")
    rsa_id = keys.Plain("RSA", "sha256").identifier
    add("claims-rsa-with-an-ec-key", [server(root(), inner=rsa_id, outer=rsa_id)], [root()],
        "invalid@0")
    add("signature-empty", [server(root(), signature_der=der.bit_string(b""))], [root()],
        "invalid@0")
    add("signature-with-unused-bits", [server(root(), signature_der=der.bit_string(b"\1\2", 3))],
        [root()], "invalid@0")
    add("signature-is-an-octet-string", [server(root(), signature_der=der.octet_string(b"12"))],
        [root()], "invalid@0")
    add("of-another-certificate", [server(root(), signature_der=der.bit_string(
        root().key.sign("sha256", {}, b"something else")))], [root()], "invalid@0")
    return family
