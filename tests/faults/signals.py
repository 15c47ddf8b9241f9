#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGINT and SIGTERM in the middle of a batch: what is done and what is not is still told. The plugin
has an exit code of a plugin before and after that too, and doesn't wait for ever for its own options.

    signals.py PROBE PLUGIN SERVER
"""
import json
import os
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


def before_and_after(plugin, port, number):
    """The plugin while it still reads its targets, and while nobody reads its output. Gives what is wrong."""
    name, wrong = signal.Signals(number).name, []
    process = subprocess.Popen([plugin, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_until_caught(process.pid, number)
    time.sleep(0.1)
    process.send_signal(number)
    out, _ = process.communicate(timeout=LIMIT_S)
    if process.returncode != 3 or not out.startswith(b"SMTP UNKNOWN - "):
        wrong.append(f"{name} at the start: exit {process.returncode}, {out[:200]!r}")
    # Far more than a pipe holds.
    many = [f"127.0.0.1:{port} ehlo_name={'x' * 60}.test" for _ in range(3000)]
    process = subprocess.Popen([plugin, "--tls", "none", "--per-host", "100", "-vvv", "-"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write("\n".join(many).encode())
    process.stdin.close()
    process.stdout.read(1)
    time.sleep(0.1)
    process.send_signal(number)
    try:
        code = process.wait(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = "none: it hangs"
    process.stdout.close()
    if code != 3:
        wrong.append(f"{name} at the end: exit {code}")
    return wrong


def start_reader(plugin, directory):
    """check_smtp's way, with its options in a pipe that nobody writes to."""
    pipe = pathlib.Path(directory) / "pipe"
    os.mkfifo(pipe)
    return subprocess.Popen([plugin, "--compat", f"--extra-opts=@{pipe}", "-H", "127.0.0.1"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def check_signals(probe, plugin, server):
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
    with fleet(server, tls="none") as (port, _):
        for number in (signal.SIGINT, signal.SIGTERM):
            wrong += before_and_after(plugin, port, number)
    return wrong


def main():
    probe, plugin, server = sys.argv[1:]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        reader = start_reader(plugin, directory)
        wrong += check_signals(probe, plugin, server)
        out, _ = reader.communicate(timeout=LIMIT_S)
    if reader.returncode != 3 or out != "UNKNOWN - no end of the options' file after 10 seconds\n":
        wrong.append(f"options in a silent pipe: exit {reader.returncode}, {out!r}")
    print(*wrong, sep="\n")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
