# SPDX-License-Identifier: GPL-3.0-or-later
"""How a certificate is written: DER, versions, serial numbers, sizes."""

import certificate
import der
from case import Family, leaf, middle, root
from certificate import HOST, authority, server, usage


def swap(old, new):
    """Replaces some octets of what is signed; lengths stay as they are."""
    def change(octets):
        assert octets.count(old) == 1 and len(old) == len(new)
        return octets.replace(old, new)
    return change


def form():
    family = Family("form", "Form: DER, versions, serial numbers")

    def add(word, expect, **odd):
        told = {key: odd.pop(key) for key in ("openssl", "gnutls", "section") if key in odd}
        family.add(word, [server(middle(), **odd), middle()], [root()], expect, **told)

    for word, serial, expect in (("zero", 0, ""), ("negative", -5, ""), ("one-octet", 1, ""),
                                 ("20-octets", 1 << 158, ""), ("20-octets-and-sign", 1 << 159,
                                                               ""),
                                 ("600-bits", (1 << 599) + 1, "invalid@0")):
        add(f"serial-{word}", expect, serial=serial)
    no_ca = authority("No CA", root(), ext={"bc": certificate.basic(ca=False)})
    family.add("serial-600-bits-of-no-ca", [server(no_ca, serial=(1 << 599) + 1), no_ca], [root()],
               "invalid@1 invalid@0", detail="is not a CA")
    add("serial-not-shortest", "invalid@0", serial_der=der.tlv(2, b"\0\0\1"))
    add("serial-empty", "invalid@0", serial_der=der.tlv(2, b""))
    add("serial-is-no-integer", "invalid@0", serial_der=der.tlv(der.UTF8, b"1"))
    family.add("serial-same-in-chain", [server(middle(), serial=middle().serial), middle()],
               [root()])
    add("version-1-with-extensions", "invalid@0", version=1)
    add("version-2-with-extensions", "invalid@0", version=2)
    add("version-4", "invalid@0", version=4)
    add("version-huge", "invalid@0", version=1 << 40)
    plain = {"ku": None, "eku": None, "san": None, "aki": None}
    add("version-1", "host-mismatch@0", version=1, ext=plain)
    add("version-3-without-extensions", "host-mismatch@0", version=3, ext=plain)
    add("version-1-written", "invalid@0", version=1, ext=plain, change_signed=lambda octets:
        der.sequence(der.explicit(0, der.integer(0)) + octets[4 if octets[1] > 0x80 else 2:]))
    add("unique-ids", "", unique_ids=der.implicit(1, b"\0\x55") + der.implicit(2, b"\0\xaa"))
    add("trailing-octet", "invalid@0", change=lambda octets: octets + b"\0")
    add("trailing-certificate", "invalid@0", change=lambda octets: octets + octets)
    add("cut-off", "invalid@0", change=lambda octets: octets[:-1])
    add("empty", "invalid@0", change=lambda octets: b"")
    add("not-der", "invalid@0", change=lambda octets: b"hello")
    add("length-not-shortest", "invalid@0", change=lambda octets: octets[:1] + b"\x83\0" + octets[2:])
    add("indefinite-length", "invalid@0", change=der.indefinite)
    add("long-form-inside", "invalid@0", ext={"bc": certificate.extension(
        "2.5.29.19", der.long_form(der.sequence()))})
    add("true-is-1", "", ext={"ku": usage("digitalSignature").replace(b"\1\1\xff", b"\1\1\1")})
    add("critical-false-written", "", ext={"ku": der.sequence(
        der.oid("2.5.29.15"), der.boolean(False), der.octet_string(der.named_bits([0])))})
    family.add("ca-true-is-1", [server(ca := authority("One", root(), ext={
        "bc": certificate.extension("2.5.29.19", der.sequence(der.tlv(1, b"\1")), True)})), ca],
        [root()])
    add("boolean-of-two-octets", "invalid@0", ext={"ku": der.sequence(
        der.oid("2.5.29.15"), der.tlv(1, b"\xff\xff"), der.octet_string(der.named_bits([0])))})
    add("key-usage-with-zeros-behind", "", ext={"ku": certificate.extension(
        "2.5.29.15", der.tlv(3, b"\0\x80"), True)})
    add("key-usage-unused-bits-set", "", ext={"ku": certificate.extension(
        "2.5.29.15", der.tlv(3, b"\7\xff"), True)})
    add("key-usage-unused-8", "invalid@0 invalid@0", ext={"ku": certificate.extension(
        "2.5.29.15", der.tlv(3, b"\x08\x80"), True)})
    add("key-usage-is-no-bit-string", "invalid@0 invalid@0", ext={"ku": certificate.extension(
        "2.5.29.15", der.octet_string(b"\x80"), True)})
    add("purposes-malformed", "invalid@0 invalid@0", ext={"eku": certificate.extension(
        "2.5.29.37", der.sequence(der.NULL))})
    add("names-malformed", "host-mismatch@0 invalid@0", ext={"san": certificate.extension(
        "2.5.29.17", b"\x30\x05\x82")})
    add("names-trailing-octet", "invalid@0", ext={"san": certificate.extension(
        "2.5.29.17", der.sequence(certificate.dns(HOST)) + b"\0")})
    add("authority-key-id-malformed", "invalid@0", ext={"aki": certificate.extension(
        "2.5.29.35", der.octet_string(b"x"))})
    add("subject-key-id-malformed", "invalid@0", ext={"ski": certificate.extension(
        "2.5.29.14", b"raw")})
    add("extension-without-value", "invalid@0", ext={"odd": der.sequence(der.oid("1.2.3.4"))})
    add("extension-trailing-octets", "invalid@0", ext={"odd": der.sequence(
        der.oid("1.2.3.4"), der.octet_string(b""), der.NULL)})
    add("extension-list-not-a-sequence", "invalid@0", ext={"odd": der.NULL})
    add("empty-list-of-extensions", "host-mismatch@0", ext={
        **plain, "none": b""}, version=3)
    add("nested-40-deep", "", ext={"odd": certificate.extension("1.2.3.4", nest(40))})
    family.add("second-certificate-cut", [leaf(), authority("Cut", root(),
               change=lambda octets: octets[:-5]), middle()], [root()], "invalid@1")
    family.add("second-certificate-empty", [leaf(), authority(
        "Empty", root(), change=lambda octets: b""), middle()], [root()], "invalid@1")
    return family


def nest(depth):
    value = der.NULL
    for _ in range(depth):
        value = der.sequence(value)
    return value


def sizes():
    family = Family("sizes", "Sizes")
    add = family.add

    def line(count):
        chain, issuer = [], root()
        for index in range(count):
            issuer = authority(f"Step {index}", issuer)
            chain.insert(0, issuer)
        return [server(issuer), *chain]

    for count in (2, 4, 7, 8):
        add(f"{count + 1}-certificates", line(count), [root()])
    long_line = line(99)
    add("16-certificates", line(15), [root()])
    add("100-certificates", long_line, [root()], "not-trusted@15 chain-order@-1")
    add("100-certificates-for-a-short-path", [leaf(), middle(), *long_line[1:99]], [root()],
        "chain-order@2 chain-order@-1")
    add("100-copies", [leaf(), middle()] + [leaf()] * 98, [root()], "chain-order@2 chain-order@-1")
    names = [HOST] + [f"n{i}.example.org" for i in range(2000)]
    add("2001-names", [server(middle(), names=names), middle()], [root()])
    add("2001-names-last-matches", [server(middle(), names=names[::-1]), middle()], [root()])
    many = {str(i): certificate.extension(f"1.2.3.4.{i}", der.NULL) for i in range(500)}
    add("500-extensions", [server(middle(), ext=many), middle()], [root()])
    blob = {"odd": certificate.extension("1.2.3.4", der.octet_string(b"x" * 50000))}
    add("50-kilobytes", [server(middle(), ext=blob), middle()], [root()])
    return family
