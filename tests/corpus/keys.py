# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and signatures by OpenSSL's libcrypto. In this process: a program for each of a thousand
signatures would take most of the test's time."""

import ctypes
import functools

import der

LIBRARY = ctypes.CDLL("libcrypto.so.3")
POINTER = ctypes.c_void_p
for function, arguments in {
        "EVP_PKEY_CTX_new_from_name": [POINTER, ctypes.c_char_p, POINTER],
        "EVP_PKEY_CTX_new_from_pkey": [POINTER, POINTER, POINTER],
        "EVP_get_digestbyname": [ctypes.c_char_p],
        "EVP_MD_CTX_new": [],
}.items():
    getattr(LIBRARY, function).restype = POINTER
    getattr(LIBRARY, function).argtypes = arguments
for function, arguments in {
        "EVP_PKEY_keygen_init": [POINTER],
        "EVP_PKEY_paramgen_init": [POINTER],
        "EVP_PKEY_CTX_ctrl_str": [POINTER, ctypes.c_char_p, ctypes.c_char_p],
        "EVP_PKEY_generate": [POINTER, POINTER],
        "i2d_PUBKEY": [POINTER, POINTER],
        "EVP_DigestSignInit": [POINTER, POINTER, POINTER, POINTER, POINTER],
        "EVP_DigestSign": [POINTER, POINTER, POINTER, ctypes.c_char_p, ctypes.c_size_t],
}.items():
    getattr(LIBRARY, function).argtypes = arguments
LIBRARY.EVP_PKEY_CTX_free.argtypes = [POINTER]
LIBRARY.EVP_MD_CTX_free.argtypes = [POINTER]


def need(result, what):
    if not result or result < 0:
        raise RuntimeError(f"OpenSSL refuses: {what}")
    return result


def generate(context, init, options):
    key = POINTER()
    need(init(context), "to begin")
    for option, value in options.items():
        need(LIBRARY.EVP_PKEY_CTX_ctrl_str(context, option.encode(), str(value).encode()),
             f"{option}={value}")
    need(LIBRARY.EVP_PKEY_generate(context, ctypes.byref(key)), f"to generate {options}")
    LIBRARY.EVP_PKEY_CTX_free(context)
    return key


# kind: (algorithm, options). More than two primes make large RSA keys in a fraction of the time.
KINDS = {
    "rsa512": ("RSA", {"rsa_keygen_bits": 512}),
    "rsa1024": ("RSA", {"rsa_keygen_bits": 1024}),
    "rsa1536": ("RSA", {"rsa_keygen_bits": 1536}),
    "rsa2047": ("RSA", {"rsa_keygen_bits": 2047}),
    "rsa2048": ("RSA", {"rsa_keygen_bits": 2048}),
    "rsa2049": ("RSA", {"rsa_keygen_bits": 2049}),
    "rsa3072": ("RSA", {"rsa_keygen_bits": 3072, "rsa_keygen_primes": 3}),
    "rsa4096": ("RSA", {"rsa_keygen_bits": 4096, "rsa_keygen_primes": 4}),
    "rsa8192": ("RSA", {"rsa_keygen_bits": 8192, "rsa_keygen_primes": 5}),
    "rsa2048e3": ("RSA", {"rsa_keygen_bits": 2048, "rsa_keygen_pubexp": 3}),
    "pss2048": ("RSA-PSS", {"rsa_keygen_bits": 2048}),
    "pss2048sha384": ("RSA-PSS", {"rsa_keygen_bits": 2048, "rsa_pss_keygen_md": "sha384",
                                  "rsa_pss_keygen_mgf1_md": "sha384",
                                  "rsa_pss_keygen_saltlen": 48}),
    "p192": ("EC", {"ec_paramgen_curve": "P-192"}),
    "p224": ("EC", {"ec_paramgen_curve": "P-224"}),
    "p256": ("EC", {"ec_paramgen_curve": "P-256"}),
    "p384": ("EC", {"ec_paramgen_curve": "P-384"}),
    "p521": ("EC", {"ec_paramgen_curve": "P-521"}),
    "secp256k1": ("EC", {"ec_paramgen_curve": "secp256k1"}),
    "brainpool256": ("EC", {"ec_paramgen_curve": "brainpoolP256r1"}),
    "brainpool384": ("EC", {"ec_paramgen_curve": "brainpoolP384r1"}),
    "brainpool512": ("EC", {"ec_paramgen_curve": "brainpoolP512r1"}),
    "explicit256": ("EC", {"ec_paramgen_curve": "P-256", "ec_param_enc": "explicit"}),
    "ed25519": ("ED25519", {}),
    "ed448": ("ED448", {}),
    "dsa1024": ("DSA", {"dsa_paramgen_bits": 1024, "dsa_paramgen_q_bits": 160}),
}


class Key:
    def __init__(self, kind):
        self.algorithm, options = KINDS[kind]
        context = LIBRARY.EVP_PKEY_CTX_new_from_name(None, self.algorithm.encode(), None)
        if self.algorithm == "DSA":
            parameters = generate(context, LIBRARY.EVP_PKEY_paramgen_init, options)
            context, options = LIBRARY.EVP_PKEY_CTX_new_from_pkey(None, parameters, None), {}
        self.handle = generate(context, LIBRARY.EVP_PKEY_keygen_init, options)
        size = need(LIBRARY.i2d_PUBKEY(self.handle, None), "to write a key")
        octets = ctypes.create_string_buffer(size)
        LIBRARY.i2d_PUBKEY(self.handle, ctypes.byref(POINTER(ctypes.addressof(octets))))
        self.spki = octets.raw

    def sign(self, digest, options, data):
        context = LIBRARY.EVP_MD_CTX_new()
        settings = POINTER()
        method = LIBRARY.EVP_get_digestbyname(digest.encode()) if digest else None
        need(LIBRARY.EVP_DigestSignInit(context, ctypes.byref(settings), method, None, self.handle),
             f"to sign with {digest}")
        for option, value in options.items():
            need(LIBRARY.EVP_PKEY_CTX_ctrl_str(settings, option.encode(), str(value).encode()),
                 f"{option}={value}")
        size = ctypes.c_size_t()
        need(LIBRARY.EVP_DigestSign(context, None, ctypes.byref(size), data, len(data)), "to sign")
        signature = ctypes.create_string_buffer(size.value)
        need(LIBRARY.EVP_DigestSign(context, signature, ctypes.byref(size), data, len(data)),
             "to sign")
        LIBRARY.EVP_MD_CTX_free(context)
        return signature.raw[:size.value]


class Spki:
    """A public key that nobody has the private half of; for leaves only."""

    def __init__(self, spki):
        self.spki = spki


@functools.cache
def key(kind, name):
    """One key a kind and name in each run."""
    del name
    return Key(kind)


# --- signature algorithms --------------------------------------------------------------------------

HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}
ECDSA = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}
DSA = {"sha1": "1.2.840.10040.4.3", "sha224": "2.16.840.1.101.3.4.3.1",
       "sha256": "2.16.840.1.101.3.4.3.2"}
SIZES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}


def pss_parameters(digest, mask=None, salt=None, trailer=None):
    """RSASSA-PSS-params (RFC 4055 §3.1); what has its default value is left out."""
    parts = []
    if digest != "sha1":
        parts.append(der.explicit(0, der.sequence(der.oid(HASHES[digest]), der.NULL)))
    mask = mask or digest
    if mask != "sha1":
        inner = der.sequence(der.oid(HASHES[mask]), der.NULL)
        parts.append(der.explicit(1, der.sequence(der.oid("1.2.840.113549.1.1.8"), inner)))
    salt = SIZES[digest] if salt is None else salt
    if salt != 20:
        parts.append(der.explicit(2, der.integer(salt)))
    if trailer is not None:
        parts.append(der.explicit(3, der.integer(trailer)))
    return der.sequence(*parts)


class Pss:
    """RSASSA-PSS with these parameters, for the `algorithm` of a certificate."""

    def __init__(self, digest="sha256", mask=None, salt=None, trailer=None):
        self.digest = digest
        self.salt = SIZES[digest] if salt is None else salt
        self.mask = mask or digest
        self.identifier = der.sequence(der.oid("1.2.840.113549.1.1.10"),
                                       pss_parameters(digest, mask, salt, trailer))

    def sign(self, signer, data):
        return signer.sign(self.digest, {"rsa_padding_mode": "pss", "rsa_pss_saltlen": self.salt,
                                         "rsa_mgf1_md": self.mask}, data)


class Plain:
    """The usual algorithm of a kind of key with a digest."""

    def __init__(self, algorithm, digest):
        self.digest = digest
        if algorithm == "RSA":
            self.identifier = der.sequence(
                der.oid(f"1.2.840.113549.1.1.{RSA[digest]}"), der.NULL)
        elif algorithm == "EC":
            self.identifier = der.sequence(der.oid(f"1.2.840.10045.4.{ECDSA[digest]}"))
        elif algorithm == "DSA":
            self.identifier = der.sequence(der.oid(DSA[digest]))
        else:
            self.identifier = der.sequence(der.oid({"ED25519": "1.3.101.112",
                                                    "ED448": "1.3.101.113"}[algorithm]))
            self.digest = None

    def sign(self, signer, data):
        return signer.sign(self.digest, {}, data)


def algorithm_for(signer, digest):
    return Pss(digest) if signer.algorithm == "RSA-PSS" else Plain(signer.algorithm, digest)


def named_key(dotted, parameters, bits):
    """A SubjectPublicKeyInfo of any kind."""
    return der.sequence(der.sequence(der.oid(dotted), parameters), der.bit_string(bits))


class Claim:
    """Says the first algorithm, and signs by the second."""

    def __init__(self, said, done):
        self.identifier, self.done = said.identifier, done

    def sign(self, signer, data):
        return self.done.sign(signer, data)
