#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every allocation of the programs fail in turn, alone and with all later ones.

Whatever fails: no signal ends the program, no sanitizer-worthy wandering shows as a hang, the exit code
is one of the contract, and it is 0 only with the complete result that an undisturbed run gives. The plugin
says a state that fits its exit code on its first line, even with no memory left at all.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

LIMIT_S = 20
PLUGIN_CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


def wait_for(path):
    until = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > until:
            sys.exit("the scripted server did not start")
        time.sleep(0.02)


def targets_of(path, names):
    """The lines of the fleet's target file behind the comments that begin with these names."""
    lines = path.read_text().splitlines()
    return [lines[i + 1] for i, line in enumerate(lines)
            if line.startswith("#") and line[1:].split(":")[0].strip() in names]


def run(command, preload, **variables):
    environment = dict(os.environ, LD_PRELOAD=str(preload), **variables)
    return subprocess.run(command, env=environment, capture_output=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL)


def judge_probe(done):
    """What is wrong with a run of smtp-probe -o json, or None."""
    if done.returncode not in {0, 1, 2, 3, 64, 78}:
        return f"ended with {done.returncode}: {done.stderr[-300:]!r}"
    if done.returncode == 0:
        try:
            states = [result["state"] for result in json.loads(done.stdout)]
        except ValueError:
            return "exit code 0 without valid JSON"
        if states != ["OK", "OK"]:
            return f"exit code 0 with {states}"
    return None


def judge_plugin(done):
    """The same for the plugin. The servers are well, so nothing may be said against them."""
    text = done.stdout.decode("utf-8", "replace")
    first = re.match(r"SMTP ([A-Z]+) - [^\n|]+[^\n]*\n", text)
    if first is None or PLUGIN_CODES.get(first[1]) != done.returncode or done.returncode in {1, 2}:
        return f"ended with {done.returncode} and {text[:200]!r}"
    if done.stderr:
        return f"says {done.stderr[:300]!r} on standard error"
    if done.returncode == 0 and (not text.startswith("SMTP OK - 2 endpoints: 2 ok|") or
                                 text.count("\n[OK] ") != 2):
        return f"exit code 0 with {text[:300]!r}"
    return None


def judge_compat(done):
    """The same for check_smtp's ways."""
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode not in {0, 3} or not text.endswith("\n"):
        return f"ended with {done.returncode} and {text[:200]!r}"
    if done.stderr:
        return f"says {done.stderr[:300]!r} on standard error"
    if done.returncode == 0 and not re.fullmatch(r"SMTP OK - [0-9.]+ sec\. response time\|time=[^\n]*\n", text):
        return f"exit code 0 with {text[:300]!r}"
    return None


def try_all(command, judge, preload, count_file):
    """Runs the command with each allocation failing. Gives their number and what was wrong."""
    whole = run(command, preload, SP_OOM_COUNT=str(count_file))
    if whole.returncode != 0 or judge(whole):
        sys.exit(f"the undisturbed run ended with {whole.returncode}: {whole.stdout!r} {whole.stderr!r}")
    count = int(count_file.read_text())
    if count < 20:
        sys.exit("too few allocations were seen: is the library preloaded?")

    def one(job):
        number, stay = job
        try:
            done = run(command, preload, SP_OOM_AT=str(number), SP_OOM_STAY=stay)
        except subprocess.TimeoutExpired:
            return f"allocation {number}, stay {stay}: hung for {LIMIT_S} s"
        fault = judge(done)
        return fault and f"{command[0]}: allocation {number}, stay {stay}: {fault}"

    jobs = [(number, stay) for number in range(1, count + 1) for stay in "01"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return count, [fault for fault in pool.map(one, jobs) if fault]


def main():
    parser = argparse.ArgumentParser()
    for name in ("probe", "plugin", "server", "preload"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        directory = pathlib.Path(directory)
        targets, count_file = directory / "targets", directory / "count"
        server = subprocess.Popen([arguments.server, "--demo", "--pki", directory / "pki",
                                   "--targets", targets],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            wait_for(targets)
            chosen = directory / "chosen"
            lines = targets_of(targets, {"mx1", "smtps"})
            chosen.write_text("\n".join(lines) + "\n")
            host, port = lines[0].split()[0].rsplit(":", 1)
            common = ["--ca-file", str(directory / "pki" / "root.pem"), f"@{chosen}"]
            compat = ["--compat", "-H", host, "-p", port, "-S", "-f", "a@example.org", "-C", "NOOP", "-R", "250"]
            for program, options, judge in (
                    (arguments.probe, ["-o", "json", "--transcript", *common], judge_probe),
                    (arguments.plugin, ["-vvv", "-w", "20", "-t", "15", *common], judge_plugin),
                    (arguments.plugin, compat, judge_compat)):
                count, faults = try_all([program, *options], judge, arguments.preload, count_file)
                print(f"{program} {options[0]}: {count} allocations, each failed alone and with all later ones: "
                      f"{len(faults)} wrong")
                wrong += faults
        finally:
            server.stdin.close()
            server.wait(10)
    print(*wrong[:20], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
