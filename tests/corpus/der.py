# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes DER (X.690): whatever is asked for, so that wrong certificates can be made as well."""

import datetime


def tlv(tag, content):
    size = len(content)
    if size < 0x80:
        head = bytes([size])
    else:
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + head + content


def long_form(value):
    """The same value with one octet more of length than needed: BER, not DER."""
    tag, first, rest = value[0], value[1], value[2:]
    if first < 0x80:
        return bytes([tag, 0x81, first]) + rest
    return bytes([tag, first + 1, 0]) + rest


def indefinite(value):
    """The same constructed value with an indefinite length: BER, not DER."""
    skip = 2 + (value[1] & 0x7f if value[1] >= 0x80 else 0)
    return bytes([value[0], 0x80]) + value[skip:] + b"\0\0"


def sequence(*items):
    return tlv(0x30, b"".join(items))


def set_of(*items):
    return tlv(0x31, b"".join(sorted(items)))


def integer(number):
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\0")


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    octets = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        part = bytes([arc & 0x7f])
        while arc := arc >> 7:
            part = bytes([0x80 | arc & 0x7f]) + part
        octets += part
    return tlv(0x06, octets)


def octet_string(octets):
    return tlv(0x04, octets)


def bit_string(octets, unused=0):
    return tlv(0x03, bytes([unused]) + octets)


def named_bits(bits):
    """A BIT STRING of named bits: without zeros behind the last one (X.690 §11.2.2)."""
    number = sum(1 << 15 - bit for bit in bits)
    octets = number.to_bytes(2, "big").rstrip(b"\0")
    unused = 0
    while octets and octets[-1] >> unused & 1 == 0:
        unused += 1
    return bit_string(octets, unused)


def explicit(number, value):
    return tlv(0xa0 | number, value)


def implicit(number, content):
    return tlv(0x80 | number, content)


NULL = tlv(0x05, b"")

# Kinds of strings.
UTF8, NUMERIC, PRINTABLE, T61, IA5, VISIBLE, UNIVERSAL, BMP = (
    0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e)


def utc_time(text):
    return tlv(0x17, text.encode())


def generalized_time(text):
    return tlv(0x18, text.encode())


def time(seconds):
    """RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050."""
    instant = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    # strftime does not pad years before 1000 everywhere.
    text = f"{instant.year:04d}{instant:%m%d%H%M%S}Z"
    return utc_time(text[2:]) if 1950 <= instant.year < 2050 else generalized_time(text)
