# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what is wrong and says it at once, so that one run shows everything."""

import re


class Failures:
    def __init__(self):
        self.total = self.in_case = 0

    def expect(self, condition, text):
        if not condition:
            self.total += 1
            self.in_case += 1
            print(f"    wrong: {text}")

    def equal(self, got, wanted, what):
        self.expect(got == wanted, f"{what} is {got!r}, must be {wanted!r}")

    def matches(self, got, pattern, what):
        self.expect(re.fullmatch(pattern, got), f"{what} is {got!r}, must match {pattern!r}")

    def close_case(self, name):
        """Says how the case went; True when all was right."""
        right = self.in_case == 0
        print(f"{'ok' if right else 'FAILED'}  {name}", flush=True)
        self.in_case = 0
        return right
