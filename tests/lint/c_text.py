# SPDX-License-Identifier: GPL-3.0-or-later
"""C source as the rules want to see it: comments and the insides of literals blanked out."""

import re

# The first alternative that fits at a place wins, so a quote in a comment starts no string.
TOKENS = re.compile(r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* )
  | (?P<string>  "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
""", re.VERBOSE | re.DOTALL)


def blank(match):
    text = match.group()
    if match.lastgroup == "string":
        return text[0] + " " * (len(text) - 2) + text[-1]
    return re.sub(r"[^\n]", " ", text)


def code_of(source):
    """Same lines and columns as `source`, with only code left."""
    return TOKENS.sub(blank, source)


def includes_of(source):
    """(line number, header) of every include line, whether <…> or "…"."""
    pattern = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]')
    # Comments are blanked, but an include in quotes is not a string literal.
    lines = TOKENS.sub(lambda m: blank(m) if m.lastgroup == "comment" else m.group(), source)
    for number, line in enumerate(lines.split("\n"), 1):
        found = pattern.match(line)
        if found:
            yield number, found.group(1)


def functions_of(source):
    """(line number of the opening brace, lines up to the closing one) of each function."""
    start = None
    for number, line in enumerate(code_of(source).split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None
