# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's check_smtp and our plugin under its name: the same argument lists, the same scripted servers
(check_smtp.scenario). Exit code, lines, performance data and what the server was sent must be equal once
times and ports are taken out. Where they may differ, a row of check_smtp_rows*.py names the defect and
states what ours says instead; a row whose difference is gone fails too.

    against_check_smtp.py --plugin FILE --server FILE [--table FILE] [--only PART-OF-NAME]...
"""

import argparse
import calendar
import concurrent.futures
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent))

from check_smtp_bench import ORIGINAL, Bench, need_original, show_date  # noqa: E402
import check_smtp_rows  # noqa: E402,F401
import check_smtp_rows_tls  # noqa: E402,F401
import check_smtp_rows_usage  # noqa: E402,F401
from check_smtp_row import ROWS  # noqa: E402

# Of our output, whatever the row: what Icinga 2 reads as performance data.
ITEM = re.compile(r"time=\d+\.\d{6}s;[^;|,\s]*;[^;|,\s]*;0\.000000|cert_days=-?\d+\.\d{6};\d+:;\d+:")
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def split_lines(text):
    """Lines without line ends; a missing one at the end shows as a mark."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        return lines[:-1]
    return lines[:-1] + [lines[-1] + "<no line end>"]


def cut_usage(text):
    lines = split_lines(text)
    for index, line in enumerate(lines):
        if line.startswith("Usage:"):
            return lines[:index] + ["Usage:"]
    return lines


def normalise(bench, row, text):
    """The lines to compare: all before the usage, without times, ports and folders."""
    _, port = bench.address(row.server)
    text = text.replace(str(bench.directory), "{dir}").replace(f"port {port}", "port {port}")
    text = re.sub(r"\b\d+\.\d{3} sec\.", "N sec.", text)
    text = re.sub(r"\btime=\d+\.\d{6}s", "time=Ns", text)
    text = re.sub(r"^check_smtp v\d\S* \((\S+) \d\S*\)$", r"check_smtp vN (\1 N)", text, flags=re.MULTILINE)
    text = re.sub(r"\bcert_days=-?\d+\.\d{6};", "cert_days=N;", text)
    return cut_usage(text)


def perfdata(lines):
    """Label, and the limits and minimum as written, of each item behind a |."""
    items = []
    for line in lines:
        _, _, data = line.partition("|")
        items += [(item.partition("=")[0], item.partition(";")[2]) for item in data.split() if "=" in item]
    return items


def differences(row, theirs, ours, expected):
    """What speaks against the row; `theirs`, `ours`: (code, lines, sent); `expected`: what the row
    declares in the same form, None where it declares nothing."""
    wrong = []
    for what, their, our, wanted in zip(("exit code", "lines", "sent"), theirs, ours, expected):
        if wanted is None and their != our:
            wrong.append(f"{what}: not declared to differ, but original {their!r}, ours {our!r}")
        if wanted is not None and our != wanted:
            wrong.append(f"{what}: declared {wanted!r}, ours {our!r}")
    if expected == (None, None, None):
        if perfdata(theirs[1]) != perfdata(ours[1]):
            wrong.append(f"performance data: original {perfdata(theirs[1])}, ours {perfdata(ours[1])}")
        if row.defect is not None:
            wrong.append("a defect without a declared difference")
    else:
        if not row.defect:
            wrong.append("a difference without the defect that it is for")
        if all(wanted is None or wanted == their for wanted, their in zip(expected, theirs)):
            wrong.append("stale: the original does what is declared to be ours alone")
    return wrong


def check_laws(lines, outcome):
    """What holds for every output of ours; `lines`: all before the usage."""
    wrong = []
    if outcome.code not in (0, 1, 2, 3):
        wrong.append(f"exit code {outcome.code}")
    if outcome.err:
        wrong.append(f"standard error: {outcome.err[:200]!r}")
    if re.search(r"[^\n\t\x20-\x7e\x80-\U0010ffff]", outcome.out):
        wrong.append(f"a control character in {outcome.out[:300]!r}")
    if sum(line.count("|") for line in lines) > 1:
        wrong.append("a second |")
    for line in lines:
        text, bar, data = line.partition("|")
        if bar and not all(ITEM.fullmatch(item) for item in data.split(" ")):
            wrong.append(f"unreadable performance data: {data!r}")
    for told in re.finditer(r"(?:(\d+\.\d{3}) sec\. response time.*)?\|time=(\d+\.\d{6})s", outcome.out):
        if told[1] is not None and abs(float(told[2]) - float(told[1])) > 0.000501:
            wrong.append(f"two times: {told[0]}")
        if not 0 < float(told[2]) <= outcome.seconds:
            wrong.append(f"{told[2]} s of {outcome.seconds:.6f} s")
    return wrong


def check_state(lines, code):
    """The first line must not be better or worse than the exit code."""
    state = re.match(r"(?:SMTP )?(OK|WARNING|CRITICAL|UNKNOWN) - ", lines[0] if lines else "")
    if state is None or STATES.index(state[1]) == code:
        return []
    return [f"exit code {code} does not fit the first line"]


def check_days(bench, row, outcome):
    """The days left in the performance data are those until the certificate's end."""
    told = re.search(r"cert_days=([^;]*);", outcome.out)
    if told is None:
        return []
    _, end = bench.dates_of(row.server)
    days = (calendar.timegm(end) - time.time()) / 86400
    return [] if abs(float(told[1]) - days) < 0.001 else [f"cert_days={told[1]}, but {days:.6f} are left"]


def fill_places(lines, places):
    pattern = "|".join(map(re.escape, places))
    return None if lines is None else [re.sub(pattern, lambda match: places[match[0]], line) for line in lines]


def show_text(text):
    return text.replace("\r", "\\r").replace("\n", "\\n")


class Pair:
    """One row, run by both, and what is wrong with it."""

    def __init__(self, bench, row):
        self.row = row
        self.theirs = bench.call(ORIGINAL, row)
        self.ours = bench.call(bench.ours, row)
        self.their_lines = normalise(bench, row, self.theirs.out)
        self.our_lines = normalise(bench, row, self.ours.out)
        self.expected = self.declared(bench)
        self.wrong = check_laws(cut_usage(self.ours.out), self.ours) + check_days(bench, row, self.ours) + differences(
            row, (self.theirs.code, self.their_lines, self.theirs.sent),
            (self.ours.code, self.our_lines, self.ours.sent), self.expected)
        if self.our_lines != self.their_lines:
            self.wrong += check_state(self.our_lines, self.ours.code)
        if len(self.their_lines) > 20:
            self.their_lines[20:] = ["..."]

    def declared(self, bench):
        row = self.row
        code, lines = row.ours if row.ours is not None else (None, None)
        places = {"{me}": socket.gethostname()}
        if any("{begin}" in line or "{end" in line for line in lines or []):
            begin, end = bench.dates_of(row.server)
            places.update({"{begin}": show_date(begin), "{end}": show_date(end),
                           "{end day}": f"{end.tm_year}-{end.tm_mon:02}-{end.tm_mday:02}"})
        return code, fill_places(lines, places), fill_places(row.sends, places)

    def show(self):
        row = self.row
        verdict = "WRONG" if self.wrong else "differs as declared" if row.defect else "equal"
        out = [f"== {row.name}: {verdict}", f"   server {row.server}: check_smtp {show_text(row.arguments)}"]
        if row.environment:
            out.append(f"   environment {row.environment}")
        if row.defect:
            out.append(f"   defect: {row.defect}")
        same = (self.theirs.code, self.their_lines) == (self.ours.code, self.our_lines)
        outcomes = [("both", self.theirs, self.their_lines)] if same else [
            ("original", self.theirs, self.their_lines), ("ours", self.ours, self.our_lines)]
        for who, outcome, lines in outcomes:
            out.append(f"   {who}: exit {outcome.code}")
            out += [f"   | {show_text(line)}" for line in lines]
        if self.theirs.sent == self.ours.sent:
            out.append(f"   sent: {self.theirs.sent}")
        else:
            out.append(f"   sent by the original: {self.theirs.sent}\n   sent by ours: {self.ours.sent}")
        return "\n".join(out + [f"   WRONG {line}" for line in self.wrong])


def run_rows(options, directory):
    bench = Bench(options.plugin, options.server, directory)
    bench.make_locale()
    assert len({row.name for row in ROWS}) == len(ROWS), "two rows of one name"
    rows = [row for row in ROWS if not options.only or any(part in row.name for part in options.only)]
    try:
        # One after the other at one server, so that it is clear who sent what; all servers side by side.
        # The slow ones first: they wait, the others compute.
        rows.sort(key=lambda row: "-t 1" not in row.arguments and "-t 2" not in row.arguments)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            pairs = list(pool.map(lambda row: Pair(bench, row), rows))
    finally:
        bench.stop()
    return sorted(pairs, key=lambda pair: pair.row.number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--table")
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    need_original()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="against-check-smtp-") as directory:
        pairs = run_rows(options, directory)
    shown = [pair.show() for pair in pairs]
    bad = sum(1 for pair in pairs if pair.wrong)
    same = sum(1 for pair in pairs if not pair.wrong and not pair.row.defect)
    summary = (f"{len(pairs)} rows in {time.monotonic() - started:.1f} s: {same} equal, "
               f"{len(pairs) - same - bad} differ as declared, {bad} wrong")
    if options.table is not None:
        pathlib.Path(options.table).write_text("\n\n".join([summary] + shown) + "\n", encoding="utf-8")
    for pair, text in zip(pairs, shown):
        if pair.wrong or options.only:
            print(text + "\n")
    print(summary)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
