# SPDX-License-Identifier: GPL-3.0-or-later
"""Name constraints (RFC 5280 §4.2.1.10)."""

import certificate
import der
from case import Family, root
from certificate import HOST, authority, constraints, directory, dns, email, ip, server, uri


class Maker:
    """Adds cases with a constrained intermediate between the root and the leaf."""

    def __init__(self, family):
        self.family = family

    def add(self, word, expect, permitted=(), excluded=(), names=(HOST,), **more):
        told = {key: more.pop(key) for key in ("openssl", "gnutls", "section", "host", "detail")
                if key in more}
        critical = more.pop("critical", True)
        ca = authority("Constrained", root(), ext={
            "nc": more.pop("nc", None) or constraints(permitted, excluded, critical)})
        self.family.add(word, [server(ca, names=names, **more), ca], [root()], expect, **told)


def hosts(add):
    org, ours = dns("example.org"), [dns("example.org")]
    add("dns-permitted", "", ours)
    add("dns-permitted-itself", "", [dns(HOST)])
    add("dns-permitted-other-case", "", [dns("EXAMPLE.Org")])
    add("dns-not-permitted", "invalid@0", [dns("example.net")])
    add("dns-not-permitted-ends-alike", "invalid@0", ours, names=[HOST, "mx.badexample.org"])
    add("dns-one-of-two-not-permitted", "invalid@0", ours, names=[HOST, "mx.example.net"])
    add("dns-one-of-two-permits", "", [dns("example.net"), org])
    add("dns-permitted-not-critical", "invalid@0", [dns("example.net")], critical=False)
    add("dns-leading-dot-below", "", [dns(".example.org")])
    add("dns-leading-dot-itself", "invalid@0", [dns(".example.org")], names=[HOST, "example.org"])
    add("dns-empty-permits-all", "", [dns("")])
    add("dns-excluded", "invalid@0", excluded=[dns(HOST)])
    add("dns-excluded-above", "invalid@0", excluded=ours)
    add("dns-excluded-other", "", excluded=[dns("example.net")])
    add("dns-excluded-below", "", excluded=[dns("sub.mx.example.org")])
    add("dns-excluded-above-leading-dot", "invalid@0", excluded=[dns(".example.org")])
    add("dns-excluded-itself-leading-dot", "", excluded=[dns(".mx.example.org")])
    add("dns-excluded-top-level", "invalid@0", excluded=[dns("org")])
    add("dns-excluded-second-name", "invalid@0", names=[HOST, "bad.example.net"],
        excluded=[dns("example.net")])
    add("dns-excluded-empty", "invalid@0", excluded=[dns("")])
    add("dns-permitted-and-excluded", "invalid@0", ours, ours)
    add("dns-excluded-inside-permitted", "invalid@0", ours, [dns(HOST)])
    add("dns-wildcard-permitted", "", ours, names=["*.example.org"])
    add("dns-wildcard-not-permitted", "invalid@0", [dns(HOST)], names=["*.example.org"])
    add("dns-wildcard-could-be-excluded", "invalid@0", excluded=[dns(HOST)],
        names=["*.example.org"])
    add("dns-wildcard-below-excluded", "invalid@0", excluded=ours, names=["*.example.org"])
    add("dns-constraint-with-wildcard", "invalid@0", [dns("*.example.org")])
    add("dns-trailing-dot-in-constraint", "invalid@0", [dns("example.org.")])
    add("dns-name-malformed", "host-mismatch@0", ours, names=["mx..example.org"])
    add("dns-other-kind-only", "", [ip("192.0.2.0/24")])
    add("dns-common-name-only", "host-mismatch@0", ours, names=["x.example.org"],
        subject=f"CN={HOST}", ext={"san": None})
    add("dns-common-name-outside", "host-mismatch@0", [dns("example.net")], ext={"san": None})
    add("dns-common-name-outside-names-inside", "", ours, subject="CN=mx.example.net")
    add("dns-common-name-excluded", "", excluded=[dns("example.net")], subject="CN=mx.example.net")


def addresses(add):
    here, there = ip("192.0.2.7"), ip("198.51.100.7")
    add("ipv4-permitted", "", [ip("192.0.2.0/24")], names=[here], host="192.0.2.7")
    add("ipv4-not-permitted", "invalid@0", [ip("192.0.2.0/24")], names=[there],
        host="198.51.100.7")
    add("ipv4-excluded", "invalid@0", excluded=[ip("192.0.2.0/24")], names=[here],
        host="192.0.2.7")
    add("ipv4-all-excluded", "invalid@0", excluded=[ip("0.0.0.0/0")], names=[HOST, here])
    add("ipv4-excluded-ipv6-name", "", excluded=[ip("0.0.0.0/0")], names=[HOST, ip("2001:db8::7")])
    both = [dns("example.org"), ip("192.0.2.0/24")]
    add("ipv4-not-permitted-beside-name", "invalid@0", both, names=[HOST, there])
    add("ipv4-permitted-beside-name-not-permitted", "invalid@0", [dns("example.net"), both[1]],
        names=[HOST, here], host="192.0.2.7")
    add("ipv4-beside-name-only-names-limited", "", [dns("example.org")], names=[HOST, there])
    add("ipv6-permitted", "", [ip("2001:db8::/32")], names=[ip("2001:db8::7")], host="2001:db8::7")
    add("ipv6-not-permitted", "invalid@0", [ip("2001:db8::/32")], names=[ip("2001:db9::7")],
        host="2001:db9::7")
    add("ipv6-excluded", "invalid@0", excluded=[ip("2001:db8::/32")], names=[ip("2001:db8::7")],
        host="2001:db8::7")
    add("ipv4-permitted-ipv6-name", "invalid@0", [ip("192.0.2.0/24")], names=[ip("2001:db8::7")],
        host="2001:db8::7")
    add("ipv4-single-address", "", [ip("192.0.2.7/32")], names=[here], host="192.0.2.7")
    add("ipv4-another-single-address", "invalid@0", [ip("192.0.2.6/32")], names=[here],
        host="192.0.2.7")
    add("ipv6-another-single-address", "invalid@0", [ip("2001:db8::6/128")],
        names=[ip("2001:db8::7")], host="2001:db8::7")
    add("ip-constraint-without-mask", "invalid@0", [ip(bytes([192, 0, 2, 7]))],
        names=[here], host="192.0.2.7")
    add("ip-constraint-of-five-octets", "invalid@0", [ip(b"\xc0\0\2\7\xff")], names=[HOST, here])
    add("ip-mask-with-holes", "invalid@0", [ip(bytes([192, 0, 2, 0, 255, 0, 255, 0]))],
        names=[here], host="192.0.2.7")


def others(add):
    add("email-permitted-host", "", [email("example.org")], names=[HOST, email("a@example.org")])
    add("email-permitted-host-other-case", "", [email("example.ORG")],
        names=[HOST, email("a@Example.org")])
    add("email-subdomain-not-permitted", "invalid@0", [email("example.org")],
        names=[HOST, email("a@sub.example.org")])
    add("email-leading-dot", "", [email(".example.org")],
        names=[HOST, email("a@sub.example.org")])
    add("email-leading-dot-itself", "invalid@0", [email(".example.org")],
        names=[HOST, email("a@example.org")])
    add("email-mailbox", "", [email("a@example.org")], names=[HOST, email("a@example.org")])
    add("email-other-mailbox", "invalid@0", [email("a@example.org")],
        names=[HOST, email("b@example.org")])
    add("email-mailbox-other-case", "invalid@0", [email("a@example.org")],
        names=[HOST, email("A@example.org")])
    add("email-excluded", "invalid@0", excluded=[email("example.org")],
        names=[HOST, email("a@example.org")])
    add("email-excluded-in-subject", "invalid@0", excluded=[email("example.org")],
        subject="CN=mx,emailAddress=a@example.org")
    add("email-in-subject-not-permitted", "invalid@0", [email("example.net")],
        subject="CN=mx,emailAddress=a@example.org")
    add("email-without-at", "invalid@0", [email("example.org")], names=[HOST, email("example.org")])
    add("email-asterisk-is-no-wildcard", "invalid@0", [email("*@example.org")],
        names=[HOST, email("a@example.org")])
    add("uri-permitted", "", [uri("example.org")], names=[HOST, uri("https://example.org/x")])
    add("uri-permitted-with-port-and-user", "", [uri(".example.org")],
        names=[HOST, uri("https://a:b@www.example.org:8443/x?y#z")])
    add("uri-not-permitted", "invalid@0", [uri("example.org")],
        names=[HOST, uri("https://example.net/example.org")])
    add("uri-subdomain-not-permitted", "invalid@0", [uri("example.org")],
        names=[HOST, uri("https://www.example.org/")])
    add("uri-excluded", "invalid@0", excluded=[uri(".example.org")],
        names=[HOST, uri("https://www.example.org/")])
    add("uri-with-address", "invalid@0", [uri("example.org")],
        names=[HOST, uri("https://192.0.2.1/")])
    add("uri-without-host", "invalid@0", [uri("example.org")], names=[HOST, uri("urn:isbn:1")])
    add("directory-permitted", "", [directory("O=Example")], subject="O=Example,CN=mx")
    add("directory-permitted-other-encoding", "", [directory("O=Example", der.PRINTABLE)],
        subject="O=Example,CN=mx")
    add("directory-permitted-other-case", "", [directory("O=EXAMPLE")], subject="O=example,CN=mx")
    add("directory-not-permitted", "invalid@0", [directory("O=Example")], subject="O=Else,CN=mx")
    add("directory-not-first", "invalid@0", [directory("O=Example")],
        subject="C=DE,O=Example,CN=mx")
    add("directory-excluded", "invalid@0", excluded=[directory("O=Example")],
        subject="O=Example,CN=mx")
    add("directory-excluded-other-encoding", "invalid@0",
        excluded=[directory("O=EXAMPLE", der.PRINTABLE)], subject="O=Example,CN=mx")
    add("directory-empty-subject", "", [directory("O=Example")], subject="", ext={
        "san": certificate.alternative(dns(HOST), critical=True)})
    add("directory-name-among-names", "invalid@0", [directory("O=Example")],
        subject="O=Example,CN=mx", names=[HOST, directory("O=Else")])
    secret = certificate.other_name("1.2.3.4", der.tlv(der.UTF8, b"x"))
    add("other-name-excluded", "invalid@0", excluded=[secret], names=[HOST, secret])
    add("other-name-excluded-none-there", "", excluded=[secret])
    add("registered-id-permitted", "invalid@0", [certificate.registered("1.2.3")],
        names=[HOST, certificate.registered("1.2.3")])


def forms(add):
    one = dns("example.org")
    add("empty", "", nc=certificate.extension("2.5.29.30", der.sequence(), True))
    add("empty-subtrees", "", nc=certificate.extension(
        "2.5.29.30", der.sequence(der.tlv(0xa0, b""), der.tlv(0xa1, b"")), True))
    add("malformed", "invalid@1", nc=certificate.extension("2.5.29.30", b"\x30\x03\xa0\x01\x30",
                                                             True))
    add("minimum-one", "invalid@1", nc=certificate.extension("2.5.29.30", der.sequence(
        der.tlv(0xa0, der.sequence(one, der.implicit(0, b"\1")))), True))
    add("maximum", "invalid@1", nc=certificate.extension("2.5.29.30", der.sequence(
        der.tlv(0xa0, der.sequence(one, der.implicit(1, b"\1")))), True))
    add("minimum-zero-written", "", nc=certificate.extension("2.5.29.30", der.sequence(
        der.tlv(0xa0, der.sequence(one, der.implicit(0, b"\0")))), True))


def paths(family):
    add = family.add

    def line(*steps, names=(HOST,), self_issued=False):
        chain, issuer = [], root()
        for index, step in enumerate(steps):
            issuer = authority(f"Step {index}", issuer, ext={"nc": step} if step else None)
            chain.insert(0, issuer)
        if self_issued:
            issuer = authority("", issuer, subject_der=issuer.subject)
            chain.insert(0, issuer)
        return [server(issuer, names=names), *chain]

    org, ours = dns("example.org"), dns(HOST)
    add("narrows", line(constraints([org]), constraints([ours])), [root()])
    add("narrows-and-breaks-the-lower", line(constraints([org]), constraints([dns("a.example.org")])),
        [root()], "invalid@0")
    add("does-not-widen", line(constraints([dns("a.example.org")]), constraints([org])), [root()],
        "invalid@0")
    add("no-intersection", line(constraints([dns("example.net")]), constraints([org])), [root()],
        "invalid@0")
    add("upper-only", line(constraints([dns("example.net")]), None), [root()], "invalid@0")
    add("excluded-above", line(constraints(excluded=[org]), None), [root()], "invalid@0")
    add("both-broken", line(constraints([dns("example.net")]), constraints(excluded=[org])),
        [root()], "invalid@0 invalid@0")
    add("self-issued-between", line(constraints([org]), self_issued=True), [root()])
    dirs = constraints([directory("O=Nobody")])
    add("directory-of-intermediate", line(dirs, None), [root()], "invalid@0 invalid@1")
    anchor = authority("Constrained Root", ext={"nc": constraints([dns("example.net")])})
    add("in-the-root", [server(anchor)], [anchor], "invalid@0")
    good = authority("Constrained Root 2", ext={"nc": constraints([org])})
    add("in-the-root-permitted", [server(good)], [good])
    own = authority("Names", root(), ext={"san": certificate.alternative(dns("ca.example.net"))})
    below = authority("Below", upper := authority("Upper", root(), ext={
        "nc": constraints([org])}), ext={"san": certificate.alternative(dns("ca.example.net"))})
    add("names-of-the-intermediate-itself", [server(own), own], [root()])
    add("names-of-the-lower-intermediate", [server(below), below, upper], [root()], "invalid@1")
    renewed = authority("", upper, subject_der=upper.subject, ext={
        "san": certificate.alternative(dns("ca.example.net"))})
    add("names-of-a-self-issued-intermediate", [server(renewed), renewed, upper], [root()])
    middle = authority("Plain", root())
    add("in-the-leaf", [server(middle, ext={"nc": constraints([dns("example.net")])}), middle],
        [root()])
    add("in-the-leaf-not-critical", [server(middle, ext={"nc": constraints(
        [dns("example.net")], critical=False)}), middle], [root()])
    self_leaf = authority("CN=mx", root(), ext={"nc": constraints([org])})
    add("self-issued-leaf", [server(self_leaf, "", subject_der=self_leaf.subject,
                                    names=["mx.example.net"]), self_leaf], [root()],
        "invalid@0", host="mx.example.net")
    many = constraints([dns(f"h{i}.example.net") for i in range(400)] + [org])
    add("many-constraints", line(many), [root()])
    names = [HOST] + [f"n{i}.example.org" for i in range(300)]
    add("many-names", line(constraints([org]), names=names), [root()])
    add("many-of-both", line(many, names=names), [root()])
    flood = constraints([dns(f"h{i}.example.net") for i in range(2300)] + [org])
    names = [HOST] + [f"n{i}.example.org" for i in range(2300)]
    add("too-many-of-both", line(flood, names=names), [root()], "invalid@1")


def constrained():
    family = Family("constraints", "Name constraints")
    maker = Maker(family)
    hosts(maker.add)
    addresses(maker.add)
    others(maker.add)
    forms(maker.add)
    paths(family)
    return family
