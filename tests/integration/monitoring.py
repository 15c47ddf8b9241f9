# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a real monitoring daemon call the plugin, and compares what it makes of it.

    monitoring.py --daemon icinga2 --plugin build/check_smtp_probe --server build/smtp-test-server
                  --work DIRECTORY
"""

import argparse
import os
import signal
import sys
import traceback

sys.dont_write_bytecode = True

from failures import Failures
from monitoring_icinga_one import IcingaOne
from monitoring_icinga_smtp import IcingaSmtp
from monitoring_icinga_two import IcingaTwo
from monitoring_nagios import Nagios
from monitoring_nrpe import Nrpe
from monitoring_site import MailServers
from peer_root import Unavailable, provide

SKIPPED = 77
LIMIT_S = 540  # ctest's own limit is later than this
DAEMONS = {"icinga2": IcingaOne, "icinga2-smtp": IcingaSmtp, "icinga2-cluster": IcingaTwo,
           "nagios4": Nagios, "nrpe": Nrpe}


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


def run(kind, root, arguments):
    failures = Failures()
    with MailServers(arguments.server) as servers, \
            kind(root, arguments.plugin, servers) as daemon:
        try:
            daemon.test(failures)
        except Exception:
            traceback.print_exc()
            failures.total += 1
        if failures.total:
            print(f"--- the end of {daemon.name}'s log", daemon.log_tail(60), sep="\n")
    return failures.total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daemon", required=True, choices=sorted(DAEMONS))
    for option in ("plugin", "server", "work"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    try:
        wrong = run(DAEMONS[arguments.daemon], provide(arguments.work), arguments)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
    print(f"{arguments.daemon}: {wrong} wrong" if wrong else
          f"{arguments.daemon}: all as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
