#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives metric pages to readers that are not ours: promtool for FILE.prom, the Python client's parser for both.

    validate_metrics.py FILE…

77 (skipped) when neither is installed.
"""
import pathlib
import shutil
import subprocess
import sys

try:
    from prometheus_client import parser as text_parser
    from prometheus_client.openmetrics import parser as open_parser
except ImportError:
    text_parser = open_parser = None


def complaint(path, promtool):
    """What is wrong with the page, or ""."""
    page = path.read_text(encoding="utf-8")
    text = path.suffix == ".prom"
    if promtool and text:
        done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True)
        if done.returncode != 0 or done.stdout or done.stderr:
            return f"promtool: {done.returncode} {done.stdout}{done.stderr}"
    if open_parser:
        parser = text_parser if text else open_parser
        try:
            families = list(parser.text_string_to_metric_families(page))
        except ValueError as error:
            return f"parser: {error}"
        if sum(len(family.samples) for family in families) < 10:
            return "parser: hardly any samples"
    return ""


def main():
    promtool = shutil.which("promtool")
    if not promtool and not open_parser:
        print("neither promtool nor python3-prometheus-client is installed")
        return 77
    wrong = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        if said := complaint(path, promtool):
            print(f"{path.name}: {said}")
            wrong += 1
    print(f"{len(sys.argv) - 1} pages, {wrong} wrong")
    return 1 if wrong or len(sys.argv) == 1 else 0


if __name__ == "__main__":
    sys.exit(main())
