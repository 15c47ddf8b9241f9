#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGINT and SIGTERM in the middle of a batch: what is done and what is not is still told.

    signals.py PROBE PLUGIN SERVER
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from fleet import fleet, target_file

COUNT = 40
LIMIT_S = 20  # the endpoints' own deadline is far behind it


def wait_until_caught(pid, number):
    """Until the process has a handler for the signal."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.02)
    sys.exit(f"no handler for {signal.Signals(number).name}")


def interrupted(command, number):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wait_until_caught(process.pid, number)
    time.sleep(0.3)  # so that some connections stand
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"{command[0]} goes on after {signal.Signals(number).name}")
    return process.returncode, out, err


def main():
    probe, plugin, server = sys.argv[1:]
    wrong = []
    with fleet(server, tls="none", hang_every=1) as (port, _), \
         tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        targets = target_file(directory, port, COUNT, "tls=none")
        slow = ["--timeout", "300s", "--reply-timeout", "300s", targets]
        for number in (signal.SIGINT, signal.SIGTERM):
            name = signal.Signals(number).name
            code, out, err = interrupted([probe, "-o", "json", *slow], number)
            reasons = [result["reason"] for result in json.loads(out)] if out else []
            if (code, reasons) != (3, ["cancelled"] * COUNT):
                wrong.append(f"smtp-probe, {name}: exit {code}, {len(reasons)} results, {err!r}")
            code, out, err = interrupted([plugin, *slow], number)
            lines = out.splitlines()
            if code != 3 or not lines or not lines[0].startswith("SMTP UNKNOWN - ") or err:
                wrong.append(f"check_smtp_probe, {name}: exit {code}, {lines[:2]}, {err!r}")
    print(*wrong, sep="\n")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
