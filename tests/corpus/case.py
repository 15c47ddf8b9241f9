# SPDX-License-Identifier: GPL-3.0-or-later
"""What one case is, and the certificates that many of them share."""

import dataclasses
import functools

import certificate


@dataclasses.dataclass
class Case:
    name: str
    sent: list                # as the server sends them, its own first
    anchors: list
    expect: str = ""          # reasons without "certificate-", with their depths, in our order
    host: str = certificate.HOST
    now: int = certificate.NOW
    detail: str = ""          # a part of what we must say about the first problem
    # These come from differences.py.
    openssl: str = ""         # why OpenSSL's verdict is another one; empty: it is the same
    gnutls: str = ""          # the same of GnuTLS
    section: str = ""         # where both differ: what makes us right, "RFC 5280 §6.1.4 (k)"


class Family:
    """Cases under one heading; a file of them makes one with its functions."""

    def __init__(self, word, title):
        self.word, self.title, self.cases = word, title, []

    def add(self, name, sent, anchors, expect="", **more):
        self.cases.append(Case(f"{self.word}/{name}", list(sent), list(anchors), expect, **more))


@functools.cache
def root():
    return certificate.authority("Example Root")


@functools.cache
def other():
    return certificate.authority("O=Other,CN=Other Root")


@functools.cache
def middle():
    return certificate.authority("Example Intermediate", root())


@functools.cache
def rsa_root():
    return certificate.authority("Example RSA Root", kind="rsa2048")


@functools.cache
def leaf():
    return certificate.server(middle())
