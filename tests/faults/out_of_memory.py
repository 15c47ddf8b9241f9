#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every allocation of the program fail in turn, alone and with all later ones.

Whatever fails: no signal ends the program, no sanitizer-worthy wandering shows as a hang, the exit code
is one of the contract, and it is 0 only with the complete result that an undisturbed run gives.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

CODES = {0, 1, 2, 3, 64, 78}
LIMIT_S = 20


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


def judge(done, expected):
    """What is wrong with a run, or None."""
    if done.returncode not in CODES:
        return f"ended with {done.returncode}: {done.stderr[-300:]!r}"
    if done.returncode == 0:
        try:
            states = [result["state"] for result in json.loads(done.stdout)]
        except ValueError:
            return "exit code 0 without valid JSON"
        if states != expected:
            return f"exit code 0 with {states}"
    return None


def main():
    parser = argparse.ArgumentParser()
    for name in ("probe", "server", "preload"):
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
            chosen.write_text("\n".join(targets_of(targets, {"mx1", "smtps"})) + "\n")
            command = [arguments.probe, "-o", "json", "--transcript", "--ca-file",
                       str(directory / "pki" / "root.pem"), f"@{chosen}"]
            whole = run(command, arguments.preload, SP_OOM_COUNT=str(count_file))
            if whole.returncode != 0:
                sys.exit(f"the undisturbed run ended with {whole.returncode}: {whole.stderr!r}")
            expected = [result["state"] for result in json.loads(whole.stdout)]
            count = int(count_file.read_text())
            jobs = [(number, stay) for number in range(1, count + 1) for stay in "01"]

            def one(job):
                number, stay = job
                try:
                    done = run(command, arguments.preload, SP_OOM_AT=str(number), SP_OOM_STAY=stay)
                except subprocess.TimeoutExpired:
                    return f"allocation {number}, stay {stay}: hung for {LIMIT_S} s"
                fault = judge(done, expected)
                return fault and f"allocation {number}, stay {stay}: {fault}"

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                wrong = [fault for fault in pool.map(one, jobs) if fault]
        finally:
            server.stdin.close()
            server.wait(10)
    print(*wrong[:20], sep="\n")
    print(f"{count} allocations, each failed alone and with all later ones: {len(wrong)} wrong")
    if count < 50:
        sys.exit("too few allocations were seen: is the library preloaded?")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
