# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a reference comes to another verdict than we do, and why. A row names cases (with `*`), then
what OpenSSL and what GnuTLS does otherwise, and, where both do, the section that makes us right. A row
that has become untrue fails the test as much as a missing one."""

import fnmatch

PARTIAL = "wants a self-signed anchor unless told -partial_chain"
FIRST = "follows one way only and gives up there"
FIRST_BOTH = (FIRST, FIRST, "RFC 5280 §6.1: one valid path is enough; another way leads to the root")
PURPOSE = "reads keyUsage of a leaf only for the handshake"
CRITICAL = "refuses this extension when it is critical"
COMMON = "falls back to the common name"
CURVE = "does not know the curve for certificates"
BYTES = "compares names by octets"
POLICY = "does not know policyConstraints, policyMappings or inhibitAnyPolicy, and they are critical"
FORMS = "does not look at it"
KEY = "does not look at the numbers in a key"
NO_DIRECTORY = "does not judge directory names"
NO_URI = "does not judge URIs"
LIMIT = "goes on where we stop"

ROWS = [
    # Trust, dates.
    ("trust/intermediate-is-anchor*", PARTIAL, "", ""),
    ("trust/leaf-is-anchor", PARTIAL, "wants an issuer for it",
     "RFC 5280 §6: which anchors to take is a matter of policy, and nothing has to vouch for one"),
    ("trust/self-signed-trusted", "", "wants keyCertSign of a trusted server certificate", ""),
    ("dates/last-second", "takes notAfter itself as too late", "", ""),
    ("dates/one-instant", "takes notAfter itself as too late", "", ""),
    ("dates/utc-without-seconds", "", "reads times without seconds", ""),
    ("dates/february-30", "", "takes any day up to 31", ""),
    ("dates/leap-second", "", "takes second 60", ""),
    # More than one way.
    ("paths/two-intermediates-one-key", *FIRST_BOTH),
    ("paths/same-name-other-key-no-key-ids", *FIRST_BOTH),
    ("paths/twelve-of-the-same-name-first", *FIRST_BOTH),
    ("paths/maze-with-a-way-out", *FIRST_BOTH),
    ("paths/constrained-twin-first", *FIRST_BOTH),
    ("paths/twin-*-first", *FIRST_BOTH),
    ("paths/weak-twin-first", *FIRST_BOTH),
    ("paths/good-way-longer-than-expired-anchor", FIRST, "", ""),
    ("paths/good-way-longer-than-expired-anchor-sent", *FIRST_BOTH),
    ("paths/good-way-longer-than-expired-twin", "", FIRST, ""),
    ("paths/expired-twin-first", "", FIRST, ""),
    ("paths/nine-expired-twins-first", "", FIRST, ""),
    # Issuers.
    ("ca/anchor-no-basic-constraints-no-key-usage", "wants one of the two of an anchor", "", ""),
    ("length/rollover-below-a-limit", "", "counts self-issued CAs", ""),
    ("length/self-issued-does-not-count", "", "counts self-issued CAs", ""),
    ("length/negative", "", "takes it as no limit", ""),
    ("length/beyond-64-bits", "", "does not read numbers of that size", ""),
    # Extensions.
    ("extension/unknown-twice", FORMS, "", ""),
    ("extension/subject-key-id-critical", CRITICAL, "", ""),
    ("extension/authority-key-id-critical", CRITICAL, "", ""),
    ("extension/issuer-alternative-name-critical", CRITICAL, "", ""),
    ("extension/aia-critical", "", "knows this extension", ""),
    ("extension/authority-*-of-another", "goes by issuer and serial number", "", ""),
    ("usage/leaf-nonRepudiation", "", PURPOSE, ""),
    ("usage/leaf-dataEncipherment", "", PURPOSE, ""),
    ("usage/leaf-keyCertSign", "", PURPOSE, ""),
    ("usage/leaf-cRLSign", "", PURPOSE, ""),
    ("usage/leaf-encipherOnly", "", PURPOSE, ""),
    ("usage/leaf-decipherOnly", "", PURPOSE, ""),
    ("usage/leaf-key-usage-empty", "", PURPOSE, ""),
    ("usage/leaf-for-any", "does not take anyExtendedKeyUsage for servers", "", ""),
    ("usage/leaf-for-any-clientAuth", "does not take anyExtendedKeyUsage for servers", "", ""),
    ("usage/*intermediate-for-any", "does not take anyExtendedKeyUsage for servers",
     "does not take anyExtendedKeyUsage of a CA",
     "RFC 5280 §4.2.1.12: anyExtendedKeyUsage restricts no use; to refuse it is a choice"),
    ("usage/intermediate-for-clientAuth-any", "does not take anyExtendedKeyUsage for servers",
     "does not take anyExtendedKeyUsage of a CA",
     "RFC 5280 §4.2.1.12: anyExtendedKeyUsage restricts no use; to refuse it is a choice"),
    ("usage/leaf-purposes-empty", "", "takes an empty list as no limit", ""),
    ("usage/*intermediate-for-nothing", "", "takes an empty list as no limit", ""),
    ("usage/leaf-server-gated-crypto", "takes Netscape's old purpose as serverAuth", "", ""),
    ("usage/root-for-emailProtection", "", "does not look at the purposes of an anchor", ""),
    # Name constraints.
    ("constraints/dns-wildcard-could-be-excluded", "lets wildcards pass over excluded names",
     "lets wildcards pass over excluded names",
     "RFC 5280 §4.2.1.10: the wildcard stands for a name that is excluded"),
    ("constraints/dns-trailing-dot-in-constraint", "", "ignores the constraint", ""),
    ("constraints/dns-common-name-only", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("constraints/ip-mask-with-holes", "takes any mask", "", ""),
    ("constraints/ipv4-permitted-ipv6-name", "", "takes IPv4 and IPv6 for two kinds of names", ""),
    ("constraints/email-without-at", "", "takes it for a host", ""),
    ("constraints/uri-permitted-with-port-and-user", "does not read user names in URIs", "", ""),
    ("constraints/uri-not-permitted", "", NO_URI, ""),
    ("constraints/uri-subdomain-not-permitted", "", NO_URI, ""),
    ("constraints/uri-with-address", "", NO_URI, ""),
    ("constraints/uri-without-host", "", NO_URI, ""),
    ("constraints/directory-not-*", "", NO_DIRECTORY, ""),
    ("constraints/directory-name-among-names", "", NO_DIRECTORY, ""),
    ("constraints/directory-of-intermediate", "", NO_DIRECTORY, ""),
    ("constraints/other-name-excluded-none-there", "", "refuses constraints on other names", ""),
    ("constraints/minimum-one", "", FORMS, ""),
    ("constraints/maximum", "", FORMS, ""),
    ("constraints/names-of-the-lower-intermediate", "", "looks at the leaf's names only", ""),
    # Names of hosts.
    ("names/trailing-dot-asked", "takes the dot for a part of the name",
     "takes the dot for a part of the name",
     "RFC 9525 §6.1: the name asked for is a fully qualified one, with its dot (RFC 1034 §3.1) or "
     "without"),
    ("names/trailing-dot-in-both", "compares octets", "compares octets",
     "RFC 5280 §4.2.1.6: a name in the preferred syntax (RFC 1034 §3.5) ends in no dot"),
    ("names/label-of-64", "knows no limit", "knows no limit",
     "RFC 5280 §4.2.1.6: the preferred syntax (RFC 1034 §3.5) has labels of 63 octets"),
    ("names/common-name-only", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("names/common-name-wildcard", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("names/common-name-beside-mail", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("names/common-name-beside-address", COMMON, "", ""),
    ("names/empty-list-of-names", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("names/wildcard-behind-letters", "takes a wildcard as a part of a label", "", ""),
    ("names/wildcard-before-letters", "takes a wildcard as a part of a label",
     "takes a wildcard as a part of a label", "RFC 9525 §6.3: a wildcard is a whole label"),
    ("names/wildcard-for-underscore", "lets no wildcard stand for an underscore", "", ""),
    ("names/wildcard-asked-for", "compares octets", "compares octets",
     "RFC 9525 §6.3: a wildcard stands for a label, and \"*\" is none"),
    # Names of subjects.
    ("subjects/universal", "", BYTES, ""),
    ("subjects/other-case", "", BYTES, ""),
    ("subjects/blanks-*", "", BYTES, ""),
    ("subjects/umlaut-utf8-t61", "", BYTES, ""),
    ("subjects/*-with-invalid-utf8", "", FORMS, ""),
    ("subjects/empty-set-in-subject", FORMS, FORMS,
     "RFC 5280 §4.1.2.4: each relative name has at least one attribute"),
    ("subjects/ca-with-empty-subject", "allows it", "", ""),
    # Keys.
    ("keys/rsa2047-*", "rounds its strength up to 112 bits", "", ""),
    ("keys/p224-*", "takes it for 112 bits", "takes it for 112 bits",
     "RFC 8422 §5.1.1: TLS has given up curves below P-256"),
    ("keys/secp256k1-*", "", CURVE, ""),
    ("keys/brainpool*", "", CURVE, ""),
    ("keys/rsa8192-intermediate", LIMIT, LIMIT, "our limit: the TLS library computes 4096 bits"),
    ("keys/rsa8192-root", LIMIT, LIMIT, "our limit: the TLS library computes 4096 bits"),
    ("keys/dsa2048-leaf", "goes by its size", "goes by its size",
     "RFC 8446 §1.2: TLS has given up DSA"),
    ("keys/rsa-exponent-*e*n", KEY, KEY,
     "RFC 5280 §4.1.2.7: an RSA key (RFC 8017 §3.1) has an odd exponent of at least 3"),
    ("keys/rsa-exponent-one", KEY, KEY,
     "RFC 5280 §4.1.2.7: an RSA key (RFC 8017 §3.1) has an odd exponent of at least 3"),
    ("keys/rsa-modulus-negative", "reads it as unsigned", "reads it as unsigned",
     "RFC 5280 §4.1.2.7: the modulus (RFC 8017 §3.1) is positive"),
    ("keys/ec-point-not-on-the-curve", "computes whether a point is on its curve", "", ""),
    ("keys/ec-point-too-short", "", KEY, ""),
    ("keys/ed25519-too-short", "", KEY, ""),
    # Signatures.
    ("signatures/pss-sha224", "", "does not know RSA-PSS with SHA-224", ""),
    ("signatures/pss-salt-*", "", "wants a salt of the digest's size", ""),
    ("signatures/pss-mask-*", "", "wants one hash for both", ""),
    ("signatures/rsa-parameters-differ", "", "compares the names of the algorithms only", ""),
    # Form.
    ("form/serial-600-bits", "allows any size", "allows any size",
     "RFC 5280 §4.1.2.2: 20 octets at most"),
    ("form/serial-not-shortest", "", "reads BER there", ""),
    ("form/serial-empty", "", FORMS, ""),
    ("form/version-4", FORMS, FORMS, "RFC 5280 §4.1.2.1: there are versions 1 to 3"),
    ("form/version-[12]-with-extensions", "reads extensions of any version", "", ""),
    ("form/version-huge", FORMS, "", ""),
    ("form/version-1", COMMON, COMMON, "RFC 9525 §2: the common name is no identifier of a server"),
    ("form/version-3-without-extensions", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("form/empty-list-of-extensions", COMMON, COMMON,
     "RFC 9525 §2: the common name is no identifier of a server"),
    ("form/trailing-octet", "reads the certificate and drops the rest", "", ""),
    ("form/trailing-certificate", "reads the certificate and drops the rest", "", ""),
    ("form/length-not-shortest", "reads BER there", "reads BER there",
     "RFC 5280 §4.1: certificates are DER, with lengths in their shortest form"),
    ("form/indefinite-length", "reads BER there", "", ""),
    ("form/long-form-inside", "reads BER there", "reads BER there",
     "RFC 5280 §4.2: values of extensions are DER, with lengths in their shortest form"),
    ("form/key-usage-unused-8", "", FORMS, ""),
    ("form/key-usage-is-no-bit-string", "", FORMS, ""),
    ("form/names-trailing-octet", "reads the names and drops the rest", "", ""),
    ("form/authority-key-id-malformed", "", FORMS, ""),
    ("form/subject-key-id-malformed", "", FORMS, ""),
    ("form/second-certificate-*", "passes over what it cannot read", "", ""),
    ("sizes/100-certificates", LIMIT, LIMIT, "our limit: 16 certificates are looked at"),
    # Policies.
    ("policies/demanded-and-there", "", POLICY, ""),
    ("policies/demanded-ca-has-any", "", POLICY, ""),
    ("policies/demanded-leaf-has-any", "", POLICY, ""),
    ("policies/demanded-one-of-two", "", POLICY, ""),
    ("policies/demanded-by-the-lower", "", POLICY, ""),
    ("policies/demanded-later-than-the-path", "", POLICY, ""),
    ("policies/demanded-self-issued-does-not-count", "", POLICY, ""),
    ("policies/any-inhibited-later", "", POLICY, ""),
    ("policies/any-inhibited-other-there", "", POLICY, ""),
    ("policies/any-inhibited-self-issued", "", POLICY, ""),
    ("policies/any-below-keeps", "", POLICY, ""),
    ("policies/mapped-from-any-above", "", POLICY, ""),
    ("policies/mapped-twice", "", POLICY, ""),
    ("policies/mapped", "", POLICY, ""),
    ("policies/mapped-not-demanded", "", POLICY, ""),
    ("policies/mapping-not-allowed-not-demanded", "", POLICY, ""),
    ("policies/300-policies-demanded", LIMIT, "", ""),
    ("policies/30-policies-mapped-to-each-other", "", POLICY, ""),
    ("policies/constraints-not-critical", "", "does not look at policies", ""),
    ("policies/policy-twice-in-one-certificate", "", "does not look at policies", ""),
    ("policies/policies-empty", "does not look at them unless they are demanded",
     "does not look at policies", "RFC 5280 §4.2.1.4: at least one policy"),
]


def declare(cases):
    """Writes each row into its cases. Returns the rows that name no case."""
    idle = []
    for pattern, openssl, gnutls, section in ROWS:
        named = [case for case in cases if fnmatch.fnmatchcase(case.name, pattern)]
        for case in named:
            case.openssl, case.gnutls, case.section = openssl, gnutls, section
        if not named:
            idle.append(pattern)
    return idle
