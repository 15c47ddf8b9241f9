# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of against_check_smtp.py is, and the words that many rows share. The rows are in
check_smtp_rows*.py."""

import dataclasses

ROWS = []


@dataclasses.dataclass
class Row:
    """One argument list. Without a `defect` both must say and send the same.

    Places in `ours` and `sends`: {me} is the machine's name, {begin}, {end} and {end day} are the dates
    of the server's certificate, {port} and {dir} as in the arguments; N stands for any time or version.
    """

    name: str
    server: str  # a block of check_smtp.scenario
    arguments: str  # as in a shell; {at} is -H HOST -p PORT of the server, also {host} {port} {dir} {ca}
    defect: str  # what is wrong with the original, or None
    ours: tuple  # exit code and lines that ours has instead, or None
    sends: list  # what ours sends instead, or None
    environment: dict
    files: dict  # files in {dir}, by name
    freeze: str  # stop the program when the server gets this line until the server has closed, or None
    number: int


def status(state, words=""):
    """The line with the response time, without limits."""
    return f"SMTP {state} - {words}N sec. response time|time=Ns;;;0.000000"


def refused(text):
    """The line about a greeting or hello that is not what -e asks for."""
    return f"Invalid SMTP response received from host on port {{port}}: {text}"


LEAVES = "leaves without QUIT"
GREET = "goes on after a greeting that is a refusal"
MAIL = "does not look at the reply to MAIL"
HELLO = "does not look at the code of the reply to the hello"
BREAK = "a line break in an argument becomes a second command"
CLOSED = "sends QUIT on a connection that the server has closed"
OPENSSL = "prints OpenSSL's error queue instead of a reason"
REASON = "does not say what the server answered"
NOPERF = "-D prints no performance data"
STOPS = "-D ends the check, nothing else is looked at"
UNKNOWN = "2.3.3 does not know the option, 2.4 does"
OURS = "an option of ours"
STDERR = "says what is wrong on standard error, which no monitoring system shows"
RANGE = "knows no ranges"
VFIRST = "-v puts the dialogue before the status"
TAGS = "a server's or an argument's < and > go to the web page as they are"
VERSION = "the version is the program's own"
HEX = "takes for a number what is none in any other plugin"

FINE = (0, [status("OK")])


def row(name, server, arguments, defect=None, ours=None, sends=None, environment=None, files=None,
        freeze=None):
    ROWS.append(Row(name, server, arguments, defect, ours, sends, environment or {}, files or {}, freeze,
                    len(ROWS)))
