# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand endpoints in one run, every fifth of which never says a word: the silent ones cost
their own deadline and nobody else's.

    thousand.py PROBE SERVER
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True

from fleet import Run, addresses, fleet, hangs, target_file

COUNT, EVERY, DEADLINE_S = 1000, 5, 5.0
# The run takes 5.1 s on an idle machine; a test may also run on a busy one, or under a sanitizer.
SLACK_S = 3.0 * float(os.environ.get("SMTP_PROBE_TIME_FACTOR", "1"))


def main():
    probe, server = sys.argv[1:]
    wrong = []
    with fleet(server, tls="none", hang_every=EVERY) as (port, _), \
         tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        targets = target_file(directory, port, COUNT, "tls=none")
        run = Run([probe, "-o", "jsonl", "--timeout", f"{DEADLINE_S:g}s",
                   "--ehlo-name", "probe.example.test", targets])
    results = {result["target"]["ip"]: result for result in run.results()}
    silent = 0
    for address in addresses(COUNT):
        result = results.get(str(address))
        if result is None:
            wrong.append(f"{address}: no result")
            continue
        told = (result["state"], result["reason"], result["stage"])
        total = result["timings_ms"]["total"] / 1000
        if hangs(address, EVERY):
            silent += 1
            if told != ("CRITICAL", "deadline-exceeded", "banner"):
                wrong.append(f"{address} is silent: {told}")
            if not DEADLINE_S - 0.05 <= total <= DEADLINE_S + SLACK_S:
                wrong.append(f"{address} is silent: ended after {total} s")
        elif told != ("OK", "ok", "done"):
            wrong.append(f"{address} is healthy: {told}: {result['message']}")
    if (len(results), len(run.out.splitlines()), silent) != (COUNT, COUNT, COUNT // EVERY):
        wrong.append(f"{len(results)} results, {silent} silent")
    if run.code != 2:
        wrong.append(f"exit code {run.code}, must be 2")
    if run.wall > DEADLINE_S + SLACK_S:
        wrong.append(f"the run took {run.wall:.2f} s")
    print(*wrong[:20], sep="\n")
    print(f"{COUNT} endpoints, {silent} silent: {run.wall:.2f} s, {run.cpu:.2f} s CPU, "
          f"{run.peak_kb / 1024:.0f} MB; {len(wrong)} wrong")
    if wrong:
        print(run.err)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
