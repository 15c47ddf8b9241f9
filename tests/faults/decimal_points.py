#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under a German locale numbers keep their decimal points, in what is printed and in what is read.

    decimal_points.py PROBE PLUGIN SERVER

Performance data with "0,089" are lost to Nagios and refused by Icinga. The locale is built here, so that this does
not depend on which ones the machine has.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from fleet import addresses, fleet

NAME = "de_DE.UTF-8"
COMMA = re.compile(r"\d,\d")
LIST = re.compile(r"\[\d+(,\d+)*\]")  # whole numbers of JSON: their commas are right


def build_locale(directory):
    """The variables that make programs German."""
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", f"{directory}/{NAME}"], check=True,
                   stdout=subprocess.DEVNULL)
    environment = dict(os.environ, LOCPATH=directory, LC_ALL=NAME, LANG=NAME)
    environment.pop("LANGUAGE", None)
    # Without this, a locale that nothing can load would let every program pass.
    probe = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(1.5))"
    said = subprocess.run([sys.executable, "-c", probe], env=environment, check=True,
                          capture_output=True, text=True).stdout
    if said != "1,5\n":
        sys.exit(f"the locale does not work: 1.5 is {said!r}")
    return environment


def calls(probe, plugin, target, root):
    common = ["--tls", "starttls", "--ca-file", root, "--server-name", "mx.test", "--ehlo-name", "probe.test",
              "-w", "7.5", "-c", "~:8.25", target]
    yield [plugin, "-t", "9.5", "-vvv", *common]
    yield [plugin, "-t", "9.5", "-vvv", *common, target]
    for output in ("nagios", "json", "jsonl", "prometheus", "text"):
        yield [probe, "-o", output, "-vv", *common]
    host, port = target.rsplit(":", 1)
    yield [plugin, "--compat", "-H", host, "-p", port, "-w", "7.5", "-c", "8.25", "-S", "-D", "5,2"]


def main():
    probe, plugin, server = sys.argv[1:]
    wrong = []
    with fleet(server) as (port, root), tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        environment = build_locale(directory)
        for command in calls(probe, plugin, f"{addresses(1)[0]}:{port}", str(root)):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=30)
            points = len(re.findall(r"\d\.\d", done.stdout))
            comma = COMMA.search(LIST.sub("[]", done.stdout))
            if done.returncode != 0 or comma or points < 3 or done.stderr:
                wrong.append(f"{' '.join(command)}: exit {done.returncode}, {points} points, comma: "
                             f"{comma and comma[0]}\n{done.stdout[:400]}{done.stderr[:200]}")
        # What is read: a point always, a comma never.
        done = subprocess.run([plugin, "-w", "0,5", f"127.0.0.1:{port}"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        if done.returncode != 3 or not done.stdout.startswith("SMTP UNKNOWN - --warning"):
            wrong.append(f"-w 0,5: exit {done.returncode}, {done.stdout[:200]}")
    print(*wrong, sep="\n")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
