#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin where the machine gives it little: few open files, little memory, no standard streams.

    limits.py PLUGIN SERVER

Whatever it is, the plugin ends with 0 to 3 and says a state that fits on its first line. Below the least that the
system's loader needs to start any program at all nothing can be asked of it.
"""
import pathlib
import re
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from fleet import addresses, fleet

CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
LOADER_CODES = {127, -9, -11}  # the loader's own, and signals that it or the kernel ends itself by


def run(command, limit=None, shell_end=""):
    """`limit`: (which, value) for the plugin; `shell_end`: redirections."""
    def set_limit():
        resource.setrlimit(limit[0], (limit[1], limit[1]))
    if shell_end:
        command = ["sh", "-c", 'exec "$@" ' + shell_end, "sh", *command]
    return subprocess.run(command, preexec_fn=set_limit if limit else None, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=20)


def judge(done, quiet=False):
    """What is wrong, or None. `quiet`: standard output is not there."""
    if quiet:
        return None if done.returncode == 3 else f"exit {done.returncode} without an output"
    first = re.match(rb"SMTP ([A-Z]+) - [^\n|]+[^\n]*\n", done.stdout)
    if first is None or CODES.get(first[1].decode()) != done.returncode:
        return f"exit {done.returncode}, {done.stdout[:120]!r}, {done.stderr[:120]!r}"
    return f"says {done.stderr[:200]!r} on standard error" if done.stderr else None


def judge_compat(done):
    """check_smtp's first lines have many forms; but the server is well, so it is OK or UNKNOWN."""
    if done.returncode in {0, 3} and done.stdout.endswith(b"\n") and not done.stderr:
        return None
    return f"exit {done.returncode}, {done.stdout[:120]!r}, {done.stderr[:120]!r}"


def climb(command, which, values, name, judge_one=judge):
    """From nothing to enough. Gives what was wrong, and whether there ever was enough."""
    wrong, started, codes = [], False, set()
    for value in values:
        done = run(command, (which, value))
        if not started and done.returncode in LOADER_CODES:
            continue  # not even begun
        started = True
        codes.add(done.returncode)
        fault = judge_one(done)
        if fault:
            wrong.append(f"{name} {value}: {fault}")
        if done.returncode == 0:
            return wrong
    return wrong + [f"{name}: never enough: {codes}"]


def main():
    plugin, server = sys.argv[1:]
    wrong = []
    with fleet(server) as (port, root):
        target = f"{addresses(1)[0]}:{port}"
        command = [plugin, "--tls", "starttls", "--ca-file", str(root), "--server-name", "mx.test",
                   "--ehlo-name", "probe.test", "-t", "10", target]
        wrong += climb(command, resource.RLIMIT_NOFILE, range(0, 64), "open files")
        wrong += climb(command, resource.RLIMIT_AS, range(4 << 20, 64 << 20, 96 << 10), "memory")
        compat = [plugin, "--compat", "-H", str(addresses(1)[0]), "-p", str(port), "-S", "-F", "probe.test"]
        wrong += climb(compat, resource.RLIMIT_NOFILE, range(0, 64), "compat, open files", judge_compat)
        wrong += climb(compat, resource.RLIMIT_AS, range(4 << 20, 64 << 20, 96 << 10), "compat, memory",
                       judge_compat)
        for end, quiet in (("<&-", False), ("2>&-", False), ("<&- 2>&-", False), (">&-", True),
                           ("<&- >&- 2>&-", True), (">/dev/full", True)):
            fault = judge(run(command, shell_end=end), quiet)
            if fault:
                wrong.append(f"{end}: {fault}")
        # More targets than files: in turns.
        many = command[:-1] + [f"{address}:{port}" for address in addresses(60)]
        done = run(many, (resource.RLIMIT_NOFILE, 80))
        if not done.stdout.startswith(b"SMTP OK - 60 endpoints: 60 ok|"):
            wrong.append(f"60 targets, 80 files: {done.stdout[:120]!r}")
    print(*wrong[:20], sep="\n")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
