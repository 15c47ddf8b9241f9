# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the exporter's allocations fail in turn, one a process. It may refuse to start, saying why; a request may be
answered 500 or 503, or its connection be closed. What may not be: an end by a signal, a request without an end,
or an exporter that does not answer the next one.

    exporter_out_of_memory.py --exporter FILE --server FILE --preload FILE [--at N]
"""

import argparse
import concurrent.futures
import http.client
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from exporter_bench import Bench, Exporter  # noqa: E402

# All of them take minutes.
EVERY = 7
REFUSALS = {1, 78}


def requests(bench):
    yield "GET", bench.probe("plain"), {200}
    yield "GET", bench.probe("good", "smtp", "&debug=true&hostname=mx.test"), {200}
    yield "GET", bench.probe("plain", "plain", "&ehlo_name=a.test"), {200}
    yield "GET", "/probe?target=127.0.0.1:1&module=plain", {200}
    yield "GET", "/", {200}
    yield "GET", "/history/1", {200, 404}
    yield "GET", "/history/2?format=json", {200, 404}
    yield "GET", "/metrics", {200}
    yield "GET", "/config", {200}
    yield "GET", "/api/v1/status", {200}
    yield "POST", "/-/reload", {200}
    yield "GET", "/nothing", {404}


def run_once(bench, preload, environment):
    """What is wrong with one run."""
    exporter = Exporter(bench.program, config=bench.config,
                        environment={"LD_PRELOAD": str(preload), **environment}, wait=3)
    if exporter.address is None and exporter.process.poll() is None:
        # The line with the address was lost; whether it works can't be asked, but it must end.
        code, _ = exporter.end()
        return [] if code == 0 else [f"ended with {code}: {exporter.text()[-1500:]}"]
    if exporter.address is None:
        code, _ = exporter.end(0)
        said = exporter.log and exporter.log[-1]["msg"]
        return [] if code in REFUSALS and said else [f"refused to start with {code}: {exporter.text()[-300:]}"]
    wrong, refused = [], 0
    for method, path, good in requests(bench):
        text = ""
        try:
            reply = exporter.ask(path, method, timeout=5)
            status, text = reply.status, reply.text
        except (http.client.HTTPException, ConnectionError):
            status = 503
        except OSError as error:
            wrong.append(f"{path}: {error}")
            break
        refused += status not in good
        if status not in good | {500, 503} and "out of memory" not in text:
            wrong.append(f"{path}: {status} {text[:200]}")
    answers = []
    while len(answers) < 2:
        try:
            answers.append(exporter.ask("/-/healthy", timeout=5).status == 200)
        except (http.client.HTTPException, OSError):
            answers.append(False)
    refused += 2 - sum(answers)
    # One allocation that fails can cost one answer.
    if refused > 1:
        wrong.append(f"{refused} requests refused")
    code, _ = exporter.end()
    if code != 0:
        wrong.append(f"ended with {code}: {exporter.text()[-1500:]}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--preload", required=True, type=pathlib.Path)
    parser.add_argument("--at", type=int)
    parser.add_argument("--every", type=int, default=EVERY)
    arguments = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        bench = Bench(arguments.exporter, arguments.server, directory)
        counted = pathlib.Path(directory, "count")
        with bench.exporter(environment={"LD_PRELOAD": str(arguments.preload)}):
            pass  # it starts: else all that follows would be about refusals
        undisturbed = run_once(bench, arguments.preload, {"SP_OOM_COUNT": str(counted)})
        if undisturbed:
            sys.exit(f"without a fault: {undisturbed}")
        total = int(counted.read_text())
        numbers = [arguments.at] if arguments.at else range(1, total + 1, arguments.every)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda at: run_once(bench, arguments.preload, {"SP_OOM_AT": str(at)}), numbers)
            for number, wrong in zip(numbers, results):
                for text in wrong:
                    bad += 1
                    print(f"allocation {number}: {text}")
        bench.servers.stop()
    print(f"{len(numbers)} of {total} allocations failed in turn, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
