# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts (RFC 9525) and of subjects (RFC 5280 §7.1)."""

import certificate
import der
from case import Family, middle, root
from certificate import HOST, attribute, authority, dns, email, ip, server, uri


def hosts():
    family = Family("names", "Names of hosts")
    bad = "host-mismatch@0"

    def add(word, expect, names, host=HOST, subject="CN=mx", ext=None, **more):
        family.add(word, [server(middle(), subject, names=names, ext=ext), middle()], [root()],
                   expect, host=host, **more)

    add("exact", "", [HOST])
    add("other", bad, ["mx.example.net"])
    add("upper-case-in-certificate", "", ["MX.Example.ORG"])
    add("upper-case-asked", "", [HOST], "MX.EXAMPLE.ORG")
    add("second-of-two", "", ["a.example.org", HOST])
    add("last-of-400", "", [f"n{i}.example.org" for i in range(399)] + [HOST])
    add("parent-domain", bad, ["example.org"])
    add("sub-domain", bad, ["a.mx.example.org"])
    add("one-label", "", ["localhost"], "localhost")
    add("trailing-dot-asked", "", [HOST], HOST + ".")
    add("trailing-dot-in-certificate", bad, [HOST + "."])
    add("trailing-dot-in-both", bad, [HOST + "."], HOST + ".")
    add("empty-name", bad, [dns(b"")])
    add("blank-name", bad, [" "])
    add("leading-dot", bad, [".example.org"])
    add("two-dots", bad, ["mx..example.org"])
    add("underscore", "", ["_mx.example.org"], "_mx.example.org")
    add("underscore-in-host", "", ["my_mx.example.org"], "my_mx.example.org")
    add("leading-hyphen", "", ["-mx.example.org"], "-mx.example.org")
    add("embedded-nul", bad, [dns(b"mx.example.org\0.evil.example")])
    add("embedded-nul-of-other", "", [HOST, dns(b"x\0.evil.example")])
    add("control-character", bad, [dns(b"mx.example.org\n")])
    add("non-ascii-octets", bad, [dns("m\u00fcx.example.org")])
    add("long-label", "", ["a" * 63 + ".example.org"], "a" * 63 + ".example.org")
    add("label-of-64", bad, ["a" * 64 + ".example.org"], "a" * 64 + ".example.org")
    add("no-names", bad, [], ext={"san": None})
    add("common-name-only", bad, [], subject=f"CN={HOST}", ext={"san": None})
    add("common-name-beside-other-name", bad, ["mx.example.net"], subject=f"CN={HOST}")
    add("common-name-beside-address", bad, [ip("192.0.2.1")], subject=f"CN={HOST}")
    add("common-name-beside-mail", bad, [email("a@example.org")], subject=f"CN={HOST}")
    add("common-name-wildcard", bad, [], subject="CN=*.example.org", ext={"san": None})
    add("empty-list-of-names", bad, [], subject=f"CN={HOST}")
    add("mail-name", bad, [email(f"postmaster@{HOST}")])
    add("mail-name-that-looks-like-a-host", bad, [email(HOST)])
    add("uri-name", bad, [uri(f"https://{HOST}/")])
    add("names-critical", "", [], ext={"san": certificate.alternative(dns(HOST), critical=True)})
    add("other-name", bad, [certificate.other_name("1.3.6.1.5.5.7.8.7", der.tlv(
        der.IA5, b"_smtp.mx.example.org"))])
    star = {
        "wildcard": ("*.example.org", HOST, ""),
        "wildcard-other-case": ("*.EXAMPLE.org", HOST, ""),
        "wildcard-two-labels-deep": ("*.example.org", "a.mx.example.org", bad),
        "wildcard-parent": ("*.example.org", "example.org", bad),
        "wildcard-alone": ("*", "localhost", bad),
        "wildcard-alone-of-a-host": ("*", HOST, bad),
        "wildcard-of-top-level": ("*.org", "example.org", bad),
        "wildcard-inside": ("mx.*.org", HOST, bad),
        "wildcard-last": ("mx.example.*", HOST, bad),
        "wildcard-behind-letters": ("m*.example.org", HOST, bad),
        "wildcard-before-letters": ("*x.example.org", HOST, bad),
        "wildcard-between-letters": ("m*x.example.org", "max.example.org", bad),
        "wildcard-twice": ("*.*.example.org", "a.mx.example.org", bad),
        "wildcard-doubled": ("**.example.org", HOST, bad),
        "wildcard-in-a-label": ("xn--*.example.org", "xn--mx-fka.example.org", bad),
        "wildcard-for-a-label": ("*.example.org", "xn--mx-fka.example.org", ""),
        "wildcard-for-underscore": ("*.example.org", "_mx.example.org", ""),
        "wildcard-asked-for": ("*.example.org", "*.example.org", bad),
    }
    for word, (name, host, expect) in star.items():
        add(word, expect, [name], host)
    add("idn-a-label", "", ["xn--mx-fka.example.org"], "xn--mx-fka.example.org")
    add("idn-a-label-other-case", "", ["XN--MX-fka.example.org"], "xn--mx-fka.example.org")
    add("idn-u-label-in-certificate", bad, [dns("m\u00fcx.example.org")],
        "xn--mx-fka.example.org")
    add("ipv4", "", [ip("192.0.2.1")], "192.0.2.1")
    add("ipv4-other", bad, [ip("192.0.2.2")], "192.0.2.1")
    add("ipv4-as-dns-name", bad, ["192.0.2.1"], "192.0.2.1")
    add("ipv4-in-common-name", bad, [], "192.0.2.1", subject="CN=192.0.2.1", ext={"san": None})
    add("ipv4-for-wildcard", bad, ["*.0.2.1"], "192.0.2.1")
    add("ipv4-of-five-octets", bad, [ip(b"\xc0\0\2\1\0")], "192.0.2.1")
    add("ip-of-no-octets", bad, [ip(b"")])
    add("ipv4-mapped", bad, [ip("::ffff:192.0.2.1")], "192.0.2.1")
    add("ipv4-beside-name", "", [HOST, ip("192.0.2.1")], "192.0.2.1")
    add("ipv4-only-name-asked", bad, [ip("192.0.2.1")])
    add("ipv6", "", [ip("2001:db8::1")], "2001:db8::1")
    add("ipv6-other-form", "", [ip("2001:db8::1")], "2001:0DB8:0:0::0001")
    add("ipv6-other", bad, [ip("2001:db8::2")], "2001:db8::1")
    add("ipv6-as-text", bad, ["2001:db8::1"], "2001:db8::1")
    return family


def subjects():
    family = Family("subjects", "Names of subjects and issuers")
    add = family.add
    text = "O=Example,CN=Spelled CA"

    def spelled(word, expect, written, **more):
        """The leaf names its issuer in another way than the issuer names itself."""
        ca = authority(text, root())
        mx = server(ca, issuer_der=written)
        add(word, [mx, ca], [root()], expect, **more)

    def form(value, tag=der.UTF8):
        return der.sequence(der.set_of(attribute("O", "Example")),
                            der.set_of(attribute("CN", value, tag)))

    wrong = "chain-incomplete@0 chain-order@1"
    spelled("printable", "", form("Spelled CA", der.PRINTABLE))
    spelled("bmp", "", form("Spelled CA", der.BMP))
    spelled("universal", "", form("Spelled CA", der.UNIVERSAL))
    spelled("t61", "", form("Spelled CA", der.T61))
    spelled("other-case", "", form("SPELLED ca"))
    spelled("blanks-inside", "", form("Spelled   CA"))
    spelled("blanks-around", "", form("  Spelled CA "))
    spelled("no-blank", wrong, form("SpelledCA"))
    spelled("other-name", wrong, form("Spelled CB"))
    spelled("other-order", wrong, der.sequence(der.set_of(attribute("CN", "Spelled CA")),
                                               der.set_of(attribute("O", "Example"))))
    spelled("one-part-less", wrong, certificate.name("CN=Spelled CA"))
    spelled("one-part-more", wrong, certificate.name(text + ",OU=X"))
    spelled("two-attributes-in-one-set", wrong, der.sequence(der.set_of(
        attribute("O", "Example"), attribute("CN", "Spelled CA"))))
    spelled("empty", "chain-incomplete@0 invalid@0 chain-order@1", der.sequence())
    for word, value, tag in (("umlaut-utf8-t61", "K\u00f6ln CA", der.T61),
                             ("umlaut-utf8-bmp", "K\u00f6ln CA", der.BMP),
                             ("umlaut-other-case", "K\u00d6LN CA", der.UTF8),
                             ("umlaut-decomposed", "Ko\u0308ln CA", der.UTF8)):
        ca = authority("", root(), subject_der=certificate.name("O=Example,CN=K\u00f6ln CA"))
        # RFC 5280 §7.1 wants Unicode's case and composition; like OpenSSL and GnuTLS, we fold ASCII.
        add(word, [server(ca, issuer_der=form(value, tag)), ca], [root()],
            "" if word.startswith("umlaut-utf8") else wrong)
    critical = {"san": certificate.alternative(dns(HOST), critical=True)}
    add("empty-subject-critical-names", [server(middle(), "", ext=critical), middle()], [root()])
    add("empty-subject-names-not-critical", [server(middle(), ""), middle()], [root()])
    add("empty-subject-no-names", [server(middle(), "", ext={"san": None}), middle()], [root()],
        "host-mismatch@0")
    nameless = authority("", root(), subject_der=der.sequence())
    add("ca-with-empty-subject", [server(nameless), nameless], [root()], "invalid@0")
    for word, value in (("control-characters", b"mx\x1b[31m\r\n\x07"), ("nul", b"mx\0evil"),
                        ("invalid-utf8", b"mx\xff\xfe"), ("direction-override", "mx\u202exm".encode()),
                        ("30-kilobytes", b"x" * 30000)):
        odd = der.sequence(der.set_of(attribute("CN", value)))
        broken = word == "invalid-utf8"
        add(f"subject-with-{word}", [server(middle(), subject_der=odd), middle()], [root()],
            "invalid@0" if broken else "")
        ca = authority("", root(), subject_der=odd)
        add(f"ca-with-{word}", [server(ca), ca], [root()], "invalid@0 invalid@1" if broken else "")
    long_name = ",".join(f"OU=Unit {i}" for i in range(100))
    add("100-units", [server(middle(), long_name), middle()], [root()])
    several = der.sequence(der.set_of(attribute("CN", "mx"), attribute("O", "Example")))
    add("several-attributes-in-one-set", [server(middle(), subject_der=several), middle()], [root()])
    add("empty-set-in-subject", [server(middle(), subject_der=der.sequence(der.set_of())),
                                 middle()], [root()], "invalid@0")
    add("subject-is-a-set", [server(middle(), subject_der=der.set_of(attribute("CN", "mx"))),
                             middle()], [root()], "invalid@0")
    return family
