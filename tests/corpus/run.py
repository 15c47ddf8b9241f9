# SPDX-License-Identifier: GPL-3.0-or-later
"""Has every chain of the corpus judged by the product, by OpenSSL and by GnuTLS, writes the table of
verdicts, and fails where they differ without a declared cause or where our reason is not the expected.

    run.py --judge PROGRAM --clock MODULE --table FILE [-v] [NAME…]
"""

import argparse
import collections
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import differences
import families
import judges

SECTION = re.compile(r"RFC \d+ §\d|our limit")
OURS = re.compile(r"not supported here|that we looked at")  # how we say that a limit is ours


def complaints(case, verdicts):
    """What is wrong with this case, a line each."""
    verdict, reasons, details = verdicts["ours"]
    good = verdict == "good"
    if reasons != case.expect:
        yield f"our reasons are \"{reasons}\", should be \"{case.expect}\": {' | '.join(details)}"
    if case.detail and case.detail not in details[0]:
        yield f"our first detail is \"{details[0]}\", should have \"{case.detail}\" in it"
    differs = {who: verdicts[who][0] != good for who in ("openssl", "gnutls")}
    for who in differs:
        declared = getattr(case, who)
        if differs[who] and not declared:
            yield f"{who} says {verdicts[who]}, we say {verdict} \"{reasons}\": undeclared"
        if declared and not differs[who]:
            yield f"{who} says the same as we, {verdict}; declared was \"{declared}\""
    if all(differs.values()) and not SECTION.search(case.section):
        yield "both differ from us, and no section of an RFC is named"
    if "our limit" in case.section and not OURS.search(details[0]):
        yield f"the limit is ours, and we do not say so: {details[0]}"
    if case.section and not all(differs.values()):
        yield f"a section is named, {case.section}, but not both differ"


def cell(text, most=70):
    text = re.sub(r"[^ -~§]", "?", text).replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= most else text[:most - 3] + "..."


def word(good):
    return "good" if good else "bad"


def count(cases, verdicts):
    """How many cases are alike, and the sections behind those that are not."""
    kinds, sections = collections.Counter(), collections.Counter()
    for case in cases:
        differs = [who for who in ("openssl", "gnutls") if getattr(case, who)]
        kinds["both differ" if len(differs) == 2 else
              f"{differs[0]} differs" if differs else "all alike"] += 1
        if case.section:
            sections[case.section.split(":")[0]] += 1
    asked = [case for case in cases if verdicts[case.name]["host"] is not None]
    host = sum(verdicts[case.name]["host"] != ("host-mismatch" not in case.expect)
               for case in asked)
    return kinds, sections, host, len(asked)


def write_table(path, listed, verdicts):
    cases = [case for family in listed for case in family.cases]
    kinds, sections, host, asked = count(cases, verdicts)
    lines = ["# Verdicts on certificate chains", "",
             "Each chain judged by smtp-probe, by `openssl verify` (plain and with `-x509_strict`) and "
             "by GnuTLS' `certtool --verify`, all at the level of 112 bits and for a TLS server.",
             "", "| | cases |", "|---|---|", f"| all | {len(cases)} |"]
    lines += [f"| {kind} | {number} |" for kind, number in sorted(kinds.items())]
    lines += [f"| `openssl x509 -checkhost` sees the name otherwise | {host} of {asked} |", "",
              "Sections that make us right where both differ: " +
              ", ".join(f"{section} ({number})" for section, number in sorted(sections.items())) + "."]
    for family in listed:
        lines += ["", f"## {family.title}", "",
                  "| case | we | our reasons | OpenSSL | strict | GnuTLS | why we differ |",
                  "|---|---|---|---|---|---|---|"]
        for case in family.cases:
            of = verdicts[case.name]
            shown = [f"{word(of[who][0])}" + ("" if of[who][0] else f": {cell(of[who][1])}")
                     for who in ("openssl", "strict", "gnutls")]
            why = [f"{label}: {text}" for label, text in (
                ("OpenSSL", case.openssl), ("GnuTLS", case.gnutls)) if text]
            lines.append(f"| {case.name} | {of['ours'][0]} | {of['ours'][1]} | {' | '.join(shown)} | "
                         f"{cell('; '.join(why + ([case.section] if case.section else [])), 300)} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return kinds, sections


def main():
    parser = argparse.ArgumentParser()
    for option in ("--judge", "--clock", "--table"):
        parser.add_argument(option, required=True, type=pathlib.Path)
    parser.add_argument("-v", action="store_true", help="show each verdict")
    parser.add_argument("names", nargs="*", help="cases or families; all without one")
    options = parser.parse_args()
    begin = time.monotonic()
    listed = families.make()
    made = time.monotonic()
    idle = differences.declare([case for family in listed for case in family.cases])
    for family in listed:
        family.cases = [case for case in family.cases if not options.names or any(
            case.name == name or family.word == name for name in options.names)]
    cases = [case for family in listed for case in family.cases]
    assert len({case.name for case in cases}) == len(cases), "two cases have the same name"
    with tempfile.TemporaryDirectory() as directory:
        verdicts = judges.ask_all(cases, pathlib.Path(directory), options.judge, options.clock)
    kinds, sections = write_table(options.table, [one for one in listed if one.cases], verdicts)
    wrong = 0
    for case in cases:
        found = list(complaints(case, verdicts[case.name]))
        if options.v:
            print(case.name, *(f"\n    {who}: {said}" for who, said in verdicts[case.name].items()))
        for text in found:
            print(f"{case.name}: {text}")
        wrong += bool(found)
    for pattern in idle:
        print(f"differences.py: no case is called {pattern}")
    wrong += len(idle)
    print(f"{len(cases)} cases, {wrong} wrong; {dict(kinds)}; {dict(sections)}; made in "
          f"{made - begin:.1f} s, judged in {time.monotonic() - made:.1f} s; table: {options.table}")
    sys.exit(1 if wrong or not cases else 0)


if __name__ == "__main__":
    main()
