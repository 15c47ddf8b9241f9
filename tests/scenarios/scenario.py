# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads scenario files: everything but the server blocks, which the test server reads itself. The words are listed in
tests/README.md; a word NAME is handled by the method on_NAME."""

import csv
import json
import re

STATES = ["OK", "UNKNOWN", "WARNING", "CRITICAL"]  # from best to worst
DEFAULT_WITHIN_S = 8.0
OPERATORS = ("=", "!=", ">", "<", ">=", "<=", "has", "lacks", "count", "matches", "absent", "present")


class Bad(Exception):
    """A scenario file that cannot be understood."""


def unescape(text):
    """The escapes of the script language, into bytes."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    table = {"r": b"\r", "n": b"\n", "t": b"\t", "e": b"\x1b", "\\": b"\\", '"': b'"'}
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1:at + 2] == "x":
            out.append(int(text[at + 2:at + 4], 16))
            at += 4
        elif text[at + 1:at + 2] in table:
            out += table[text[at + 1]]
            at += 2
        else:
            raise Bad(f"unknown escape in {text!r}")
    return bytes(out)


def parse_duration(text):
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text)
    if match is None:
        raise Bad(f"not a duration: {text}")
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "": 1}[match[2]]


def parse_value(text):
    """A JSON value; a bare word is a string."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class Expectation:
    """What one object of the output must say."""

    def __init__(self):
        self.fields = []  # (name, value)
        self.findings = None  # set of (reason, state, stage or None); None = not looked at
        self.paths = []  # (path, operator, value, text)


class Scenario:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.servers = []
        self.arguments = ""
        self.has_defaults = True
        self.files = {}
        self.stdin = b""
        self.stdout_to = None
        self.program = "smtp-probe"
        self.perfdata = None  # labels of performance data; None = not looked at
        self.exit_code = None
        self.results = {0: Expectation()}
        self.texts = []  # (stream, verb, text)
        self.within = DEFAULT_WITHIN_S
        self.takes = 0.0
        self.seen = []  # (count or None, regex, text)
        self.never = []
        self.current = self.results[0]
        inside = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            try:
                if inside:
                    inside = line != "end"
                elif line.startswith(("server ", "zone ")):
                    inside = True
                    self.servers.append(line.split()[1])
                elif line and not line.startswith("#"):
                    self.parse(*(line.split(None, 1) + [""])[:2])
            except (Bad, ValueError, IndexError, re.error) as error:
                raise Bad(f"{path}:{number}: {error}") from error
        if self.exit_code is None or not self.arguments:
            raise Bad(f"{path}: a scenario needs a probe line and an exit line")

    def parse(self, word, rest):
        handler = getattr(self, "on_" + word.replace("-", "_"), None)
        if handler is None:
            raise Bad(f"unknown word: {word}")
        handler(rest)

    def on_probe(self, rest):
        self.arguments += " " + rest

    def on_program(self, rest):
        if rest != "check_smtp_probe":
            raise Bad("program check_smtp_probe")
        self.program = rest

    def on_perfdata(self, rest):
        self.perfdata = [] if rest == "none" else next(csv.reader([rest], delimiter=" ", quotechar="'"))

    def on_defaults(self, rest):
        if rest != "off":
            raise Bad("only 'defaults off' is known")
        self.has_defaults = False

    def on_file(self, rest):
        name, text = rest.split(None, 1)
        self.files[name] = self.files.get(name, b"") + unescape(text)

    def on_lines(self, rest):
        name, count, text = rest.split(None, 2)
        self.files[name] = self.files.get(name, b"") + (unescape(text) + b"\n") * int(count)

    def on_stdout_to(self, rest):
        if rest not in ("full", "closed"):
            raise Bad("stdout-to full or stdout-to closed")
        self.stdout_to = rest

    def on_stdin(self, rest):
        self.stdin += unescape(rest)

    def on_exit(self, rest):
        self.exit_code = int(rest)

    def on_result(self, rest):
        self.current = self.results.setdefault(int(rest), Expectation())

    def on_state(self, rest):
        self.current.fields.append(("state", rest))

    def on_reason(self, rest):
        self.current.fields.append(("reason", rest))

    def on_stage(self, rest):
        self.current.fields.append(("stage", rest))

    def on_finding(self, rest):
        if self.current.findings is None:
            self.current.findings = set()
        words = rest.split()
        if words == ["none"]:
            return
        if len(words) not in (2, 3) or words[1] not in STATES:
            raise Bad("finding REASON STATE [STAGE], or finding none")
        self.current.findings.add((words[0], words[1], words[2] if len(words) == 3 else None))

    def on_json(self, rest):
        path, operator, value = (rest.split(None, 2) + ["", ""])[:3]
        if operator not in OPERATORS:
            raise Bad(f"unknown operator: {operator}")
        self.current.paths.append((path, operator, value, rest))

    def on_stdout(self, rest):
        self.add_text("stdout", rest)

    def on_stderr(self, rest):
        self.add_text("stderr", rest)

    def add_text(self, stream, rest):
        verb, text = rest.split(None, 1)
        if verb not in ("has", "lacks", "matches"):
            raise Bad(f"unknown word: {verb}")
        self.texts.append((stream, verb, text))

    def on_within(self, rest):
        self.within = parse_duration(rest)

    def on_takes(self, rest):
        self.takes = parse_duration(rest)

    def on_sees(self, rest):
        match = re.fullmatch(r"(?:(\d+)x\s+)?/(.*)/", rest)
        if match is None:
            raise Bad("sees [Nx] /REGEX/")
        self.seen.append((int(match[1]) if match[1] else None, re.compile(match[2]), rest))

    def on_never(self, rest):
        match = re.fullmatch(r"/(.*)/", rest)
        if match is None:
            raise Bad("never /REGEX/")
        self.never.append((re.compile(match[1]), rest))
