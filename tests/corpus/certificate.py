# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes certificates: good ones by default, and wrong in every way that is asked for."""

import hashlib
import ipaddress

import der
import keys

HOST = "mx.example.org"
DAY = 86400
NOW = 1788264000  # 2026-09-01 12:00:00 UTC

# --- names ----------------------------------------------------------------------------------------

TYPES = {
    "CN": ("2.5.4.3", der.UTF8), "C": ("2.5.4.6", der.PRINTABLE), "L": ("2.5.4.7", der.UTF8),
    "ST": ("2.5.4.8", der.UTF8), "O": ("2.5.4.10", der.UTF8), "OU": ("2.5.4.11", der.UTF8),
    "DC": ("0.9.2342.19200300.100.1.25", der.IA5),
    "emailAddress": ("1.2.840.113549.1.9.1", der.IA5),
}


def attribute(kind, value, tag=None):
    """One attribute; `value` is text, or octets for strings of an odd encoding."""
    dotted, usual = TYPES[kind]
    tag = tag or usual
    if isinstance(value, str):
        value = value.encode({der.BMP: "utf-16-be", der.UNIVERSAL: "utf-32-be",
                              der.T61: "latin-1"}.get(tag, "utf-8"))
    return der.sequence(der.oid(dotted), der.tlv(tag, value))


def name(text, tag=None):
    """A Name of "O=Example,CN=Root"; an empty text is the empty name."""
    parts = [part.split("=", 1) for part in text.split(",") if part]
    return der.sequence(*(der.set_of(attribute(kind, value, tag)) for kind, value in parts))


# GeneralName (RFC 5280 §4.2.1.6).
def dns(value):
    return der.implicit(2, value if isinstance(value, bytes) else value.encode())


def email(value):
    return der.implicit(1, value.encode())


def uri(value):
    return der.implicit(6, value.encode())


def ip(value):
    """An address, or a network with its mask for name constraints; octets go in as they are."""
    if isinstance(value, bytes):
        return der.implicit(7, value)
    if "/" in value:
        network = ipaddress.ip_network(value)
        return der.implicit(7, network.network_address.packed + network.netmask.packed)
    return der.implicit(7, ipaddress.ip_address(value).packed)


def directory(text, tag=None):
    return der.explicit(4, name(text, tag))


def other_name(dotted, value):
    return der.tlv(0xa0, der.oid(dotted) + der.explicit(0, value))


def registered(dotted):
    return der.implicit(8, der.oid(dotted)[2:])


# --- extensions -----------------------------------------------------------------------------------

def extension(dotted, value, critical=False):
    return der.sequence(der.oid(dotted), *([der.boolean(True)] if critical else []),
                        der.octet_string(value))


def basic(ca=True, length=None, critical=True):
    items = ([der.boolean(True)] if ca else []) + \
        ([der.integer(length)] if length is not None else [])
    return extension("2.5.29.19", der.sequence(*items), critical)


BITS = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
        "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"]


def usage(words, critical=True):
    return extension("2.5.29.15", der.named_bits([BITS.index(word) for word in words.split()]),
                     critical)


PURPOSES = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2",
            "codeSigning": "1.3.6.1.5.5.7.3.3", "emailProtection": "1.3.6.1.5.5.7.3.4",
            "OCSPSigning": "1.3.6.1.5.5.7.3.9", "any": "2.5.29.37.0"}


def purposes(words, critical=False):
    return extension("2.5.29.37", der.sequence(*(der.oid(PURPOSES[word]) for word in words.split())),
                     critical)


def alternative(*names, critical=False):
    return extension("2.5.29.17", der.sequence(*names), critical)


def key_id(key):
    return hashlib.sha1(key.spki).digest()


def subject_id(key, critical=False):
    return extension("2.5.29.14", der.octet_string(key if isinstance(key, bytes) else key_id(key)),
                     critical)


def authority_id(key=None, issuer=None, serial=None, critical=False):
    items = []
    if key is not None:
        items.append(der.implicit(0, key if isinstance(key, bytes) else key_id(key)))
    if issuer is not None:
        items.append(der.tlv(0xa1, der.explicit(4, issuer)))
    if serial is not None:
        items.append(der.implicit(2, der.integer(serial)[2:]))
    return extension("2.5.29.35", der.sequence(*items), critical)


def constraints(permitted=(), excluded=(), critical=True):
    def subtrees(number, names):
        return [der.tlv(0xa0 | number, b"".join(der.sequence(base) for base in names))] \
            if names else []
    return extension("2.5.29.30", der.sequence(*subtrees(0, permitted), *subtrees(1, excluded)),
                     critical)


ANY_POLICY = "2.5.29.32.0"


def policies(*dotted, critical=False):
    return extension("2.5.29.32", der.sequence(*(der.sequence(der.oid(one)) for one in dotted)),
                     critical)


def policy_constraints(require=None, inhibit=None, critical=True):
    items = []
    for number, value in ((0, require), (1, inhibit)):
        if value is not None:
            items.append(der.implicit(number, der.integer(value)[2:]))
    return extension("2.5.29.36", der.sequence(*items), critical)


def policy_mappings(*pairs, critical=True):
    return extension("2.5.29.33", der.sequence(*(
        der.sequence(der.oid(one), der.oid(other)) for one, other in pairs)), critical)


def inhibit_any(skip, critical=True):
    return extension("2.5.29.54", der.integer(skip), critical)


UNKNOWN = extension("1.2.3.4", der.NULL)
UNKNOWN_CRITICAL = extension("1.2.3.4", der.NULL, critical=True)

# --- certificates ---------------------------------------------------------------------------------


class Certificate:
    """One certificate; `key` is its own key, `subject` the DER of its name."""

    count = 0

    def __init__(self, subject, issuer=None, kind="p256", extensions=(), **odd):
        """Without an issuer it signs itself. `odd` is what differs from the usual: see the body."""
        Certificate.count += 1
        self.subject = odd.get("subject_der") or name(subject)
        self.key = odd.get("key") or keys.key(kind, Certificate.count)
        self.serial = odd.get("serial", 0x1000 + Certificate.count)
        parent = issuer or self
        signer = odd.get("signer", parent.key)
        self.issuer_name = odd.get("issuer_der", parent.subject)
        algorithm = odd.get("algorithm") or keys.algorithm_for(signer, odd.get("digest", "sha256"))
        inner = odd.get("inner", algorithm.identifier)
        version = odd.get("version", 3 if extensions else 1)
        validity = odd.get("validity") or (der.time(odd.get("begin", NOW - 30 * DAY)) +
                                           der.time(odd.get("end", NOW + 60 * DAY)))
        parts = [
            b"" if version == 1 else der.explicit(0, der.integer(version - 1)),
            odd.get("serial_der") or der.integer(self.serial), inner, self.issuer_name,
            der.sequence(validity), self.subject, self.key.spki, odd.get("unique_ids", b""),
            der.explicit(3, der.sequence(*extensions)) if extensions else b"",
        ]
        signed = odd.get("change_signed", bytes)(der.sequence(*parts))
        signature = algorithm.sign(signer, signed)
        if odd.get("flip"):
            # Not the last octet: a changed S of ECDSA must stay a number of the right size.
            signature = signature[:-3] + bytes([signature[-3] ^ 4]) + signature[-2:]
        self.der = odd.get("change", bytes)(der.sequence(
            signed, odd.get("outer", algorithm.identifier),
            odd.get("signature_der") or der.bit_string(signature)))


def merge(usual, changes):
    """The usual extensions with some replaced, added, or left out (None)."""
    merged = {**usual, **(changes or {})}
    return [value for value in merged.values() if value is not None]


def authority(subject, issuer=None, kind="p256", ext=None, **odd):
    """A CA certificate; `ext` changes its extensions: bc, ku, ski, aki, and any other word."""
    own = odd["key"] = odd.get("key") or keys.key(kind, ("ca", Certificate.count))
    usual = {"bc": basic(), "ku": usage("keyCertSign cRLSign"), "ski": subject_id(own)}
    if issuer is not None:
        usual["aki"] = authority_id(issuer.key)
    return Certificate(subject if "=" in subject or not subject else f"O=Example,CN={subject}",
                       issuer, kind, merge(usual, ext), **odd)


def server(issuer=None, subject=f"CN={HOST}", kind="p256", ext=None, names=(HOST,), **odd):
    """A certificate of a server; `names` are DNS names or DER of general names."""
    usual = {
        "ku": usage("digitalSignature"), "eku": purposes("serverAuth"),
        "san": alternative(*(one if isinstance(one, bytes) else dns(one) for one in names)),
    }
    if issuer is not None:
        usual["aki"] = authority_id(issuer.key)
    return Certificate(subject, issuer, kind, merge(usual, ext), **odd)
