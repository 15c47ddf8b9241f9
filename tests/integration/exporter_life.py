# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of smtp-probe-exporter: how it starts and refuses to, reloads, tells systemd, drains and ends.

    exporter_life.py --exporter FILE --server FILE [--only PART-OF-NAME]
"""

import argparse
import base64
import concurrent.futures
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from exporter_bench import Exporter, FACTOR, run_cases

SCRAPE = "X-Prometheus-Scrape-Timeout-Seconds"
# htpasswd -B: "letmein"
PASSWORD_HASH = "$2b$04$fPwtI6TZkUSTHP.liZVSZOfgENX4k0UQoqG5yG2DkWQi2.pvCnrkm"
# The same at a cost of 11: a tenth of a second or two.
SLOW_HASH = "$2b$11$fPwtI6TZkUSTHP.liZVSZODCn/5mxD6xc90obO4UAN6sbULAUKzdu"
RELOADED = "smtp_probe_config_last_reload_successful"


def call(bench, *arguments, environment=None):
    done = subprocess.run([bench.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=20 * FACTOR,
                          env={**os.environ, "HOME": "/nonexistent", **(environment or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def basic(password):
    return {"Authorization": "Basic " + base64.b64encode(f"prom:{password}".encode()).decode()}


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def words(bench):
    """exit codes and texts of the command line"""
    wrong = bench.write("wrong.yml", "modules:\n  smtp:\n    tsl: none\n")
    other = bench.write("web-wrong.yml", "basic_auth_user: {}\n")
    open_file = bench.write("open.password", "hunter2\n")
    os.chmod(open_file, 0o644)
    login = bench.write("login.yml", "exporter: {allow_targets: [mx.test]}\nmodules:\n"
                        f"  m: {{tls: starttls, verify: off, user: joe, password_file: {open_file}}}\n")
    table = [
        (["--help"], 0, r"\AUsage: smtp-probe-exporter", r"\A\Z"),
        (["-h"], 0, r"--web.listen-address", r"\A\Z"),
        (["--help=man"], 0, r"\.TH SMTP\\-PROBE\\-EXPORTER", r"\A\Z"),
        (["--help=bash"], 0, r"complete -F", r"\A\Z"),
        (["--version"], 0, r"\Asmtp-probe-exporter \d+\.\d+\.\d+\n\Z", r"\A\Z"),
        (["--web.listen-adress=:1"], 64, r"\A\Z", r"did you mean \"--web.listen-address\"\?"),
        (["mx.example.org"], 64, r"\A\Z", r"is not a flag"),
        (["--config.check", f"--config.file={bench.config}"], 0, r"is right, with 4 modules", r"\A\Z"),
        (["--config.check", f"--config.file={login}"], 0, r"is right, with 1 module$", r"others than.*module=m$"),
        (["--config.check"], 0, r"no file: the configuration is right, with 1 module$", r"\A\Z"),
        (["--config.check", f"--config.file={wrong}"], 78, r"\A\Z", r"wrong\.yml:3:5: .*tsl.*\"tls\""),
        (["--config.check", "--config.file=/nonexistent"], 78, r"\A\Z", r"/nonexistent"),
        (["--config.check", f"--web.config.file={other}"], 78, r"\A\Z", r"web-wrong\.yml:1:1: "),
        ([f"--config.file={wrong}"], 78, r"\A\Z", r"the configuration is wrong.*wrong\.yml:3:5"),
        ([f"--web.config.file={other}"], 78, r"\A\Z", r"the web configuration is wrong"),
        (["--web.listen-address=127.0.0.1:99999"], 78, r"\A\Z", r"99999"),
        (["--web.systemd-socket"], 78, r"\A\Z", r"can't listen"),
        (["--convert=/nonexistent"], 78, r"\A\Z", r"/nonexistent"),
    ]
    for arguments, code, out, err in table:
        got = call(bench, *arguments)
        bench.equal(got[0], code, f"{arguments}: exit code")
        bench.expect(re.search(out, got[1]), f"{arguments}: stdout {got[1][:300]!r}")
        bench.expect(re.search(err, got[2]), f"{arguments}: stderr {got[2][:300]!r}")
    blackbox = bench.write("blackbox.yml", "modules:\n  smtp_starttls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n"
                           "      query_response:\n        - expect: \"^220 ([^ ]+) ESMTP (.+)$\"\n"
                           "        - send: \"EHLO prober\"\n        - expect: \"^250-STARTTLS\"\n"
                           "        - send: \"STARTTLS\"\n        - expect: \"^220\"\n        - starttls: true\n"
                           "        - send: \"EHLO prober\"\n        - expect: \"^250-AUTH\"\n"
                           "        - send: \"QUIT\"\n")
    code, out, _ = call(bench, f"--convert={blackbox}")
    bench.equal(code, 0, "--convert: exit code")
    converted = bench.write("converted.yml", out)
    code, out, err = call(bench, "--config.check", f"--config.file={converted}")
    bench.expect(code == 0 and "with 1 module\n" in out, f"what --convert prints is right: {out}{err}")
    home = bench.directory / "home/smtp-probe"
    home.mkdir(parents=True)
    (home / "config.yml").write_text("modules:\n  a: {}\n  b: {}\n")
    code, out, _ = call(bench, "--config.check", environment={"XDG_CONFIG_HOME": str(home.parent)})
    bench.expect("home/smtp-probe/config.yml: the configuration is right, with 2 modules" in out, out)


def doors(bench):
    """nobody who was not let in gets in from elsewhere"""
    for address in ("0.0.0.0:0", ":0", "[::]:0"):
        code, _, err = call(bench, f"--web.listen-address={address}")
        bench.equal(code, 78, f"{address}: exit code")
        for way in ("127.0.0.1:10587", "basic_auth_users", "RequireAndVerifyClientCert", "--web.insecure-listen"):
            bench.expect(way in err, f"{address}: the message lacks {way}: {err}")
    headers_only = bench.write("headers.yml", "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    code, _, _ = call(bench, "--web.listen-address=0.0.0.0:0", f"--web.config.file={headers_only}")
    bench.equal(code, 78, "a web configuration without users")
    with bench.exporter("--web.insecure-listen", listen=["0.0.0.0:0"]) as exporter:
        bench.equal(exporter.ask("/-/healthy").status, 200, "--web.insecure-listen")
    users = bench.write("users.yml", f"basic_auth_users:\n  prom: {PASSWORD_HASH}\n")
    with bench.exporter(f"--web.config.file={users}", listen=["0.0.0.0:0"]) as exporter:
        bench.equal(exporter.ask("/-/healthy").status, 401, "without a password")
        login = basic("letmein")
        bench.equal(exporter.ask("/-/healthy", headers=login).status, 200, "with the password")
        bench.equal(exporter.ask(bench.probe("plain"), headers=login).metric("probe_success"), 1, "a probe")
        users.write_text("http_server_config:\n  http2: true\n")
        deadline = time.monotonic() + 5 * FACTOR
        while exporter.ask("/-/healthy").status == 401 and time.monotonic() < deadline:
            time.sleep(0.1)
        for path in ("/-/healthy", "/", bench.probe("plain")):
            bench.expect(exporter.ask(path).status in (403, 500), "open after the users are gone")


def listeners(bench):
    """several addresses, one in use, sockets of systemd, IPv6"""
    listen = ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"][:3 if has_ipv6() else 2]
    with bench.exporter(listen=listen) as exporter:
        bench.expect(exporter.wait_log("listening", len(listen)), "a line for each listener")
        for entry in [entry for entry in exporter.log if entry["msg"] == "listening"]:
            host, _, port = entry["address"].rpartition(":")
            exporter.address = (host.strip("[]"), int(port))
            bench.equal(exporter.ask("/-/healthy").status, 200, entry["address"])
        second = Exporter(bench.program, config=bench.config, listen=[entry["address"]])
        bench.equal(second.end(0)[0], 78, "an address in use")
        bench.expect("in use" in second.text(), second.text())
    for host, code in (("127.0.0.1", 0), ("0.0.0.0", 78)):
        with socket.create_server((host, 0)) as server:
            wrapper = ["/bin/sh", "-c", f"exec 3<&{server.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]
            exporter = Exporter(bench.program, "--web.systemd-socket", config=bench.config, wrapper=wrapper,
                                pass_fds=[server.fileno()])
            bench.equal(exporter.address, server.getsockname() if code == 0 else None, "where it listens")
            if exporter.address:
                bench.equal(exporter.ask("/-/healthy").status, 200, "a socket of systemd")
            bench.equal(exporter.end()[0], code, f"exit code with a socket of systemd at {host}")


def reload(bench):
    """a reload disturbs no probe, and a wrong file changes nothing"""
    config = bench.write("reload.yml", "modules:\n  old:\n    tls: none\n")
    with bench.exporter(config=config) as exporter, concurrent.futures.ThreadPoolExecutor(1) as pool:
        bench.equal(exporter.ask("/metrics").metric(RELOADED), 1, "at the start")
        asked = pool.submit(exporter.ask, bench.probe("slow", "old"))
        time.sleep(0.2)
        config.write_text("modules:\n  new:\n    tls: none\n")
        bench.equal(exporter.ask("/-/reload", "POST").status, 200, "reload")
        bench.expect(not asked.done(), "the probe is still under way")
        bench.equal(exporter.ask(bench.probe("plain", "old")).status, 400, "the module that is gone")
        bench.expect(exporter.ask(bench.probe("plain", "new")).has("probe_success 1"), "the new module")
        bench.expect(asked.result().has("probe_success 1"), "the probe that was under way")
        sample = 'smtp_probe_probes_total{module="old",result="success"} 1'
        bench.expect(exporter.ask("/metrics").has(sample), "the counter of the module that is gone")
        bench.equal(exporter.ask("/history/2").status, 200, "the page of a probe by the old module")
        config.write_text("modules:\n  new:\n    tls: none\n    tsl: none\n  newer: {}\n")
        reply = exporter.ask("/-/reload", "POST")
        bench.equal(reply.status, 500, "a wrong file")
        bench.expect("reload.yml:4:5: " in reply.text, f"the place of the error: {reply.text}")
        bench.equal(exporter.ask(bench.probe("plain", "newer")).status, 400, "nothing of it is in force")
        bench.expect(exporter.ask(bench.probe("plain", "new")).has("probe_success 1"), "the old one is")
        bench.equal(exporter.ask("/metrics").metric(RELOADED), 0, "the metric of a wrong file")
        bench.expect(exporter.wait_log("the configuration is wrong; the old one stays"), "it is logged")
        config.write_text("modules:\n  newest:\n    tls: none\n")
        exporter.process.send_signal(signal.SIGHUP)
        bench.expect(exporter.wait_log("configuration reloaded", 2), "SIGHUP reloads")
        bench.expect(exporter.ask(bench.probe("plain", "newest")).has("probe_success 1"), "after SIGHUP")
        bench.equal(exporter.ask("/metrics").metric(RELOADED), 1, "the metric of a right file")
        exporter.process.send_signal(signal.SIGHUP)
        bench.expect(exporter.wait_log("configuration reloaded", 3), "SIGHUP again")
        bench.equal(exporter.log[-1]["changed"], "false", "the log of a file that is the same")
    with bench.exporter() as exporter, concurrent.futures.ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(exporter.ask, bench.probe("slow")) for _ in range(32)]
        asked += [pool.submit(exporter.ask, bench.probe("good", "smtp")) for _ in range(32)]
        statuses = {exporter.ask("/-/reload", "POST").status for _ in range(20)}
        bench.equal(statuses, {200}, "reloads one after the other")
        good = sum(answer.result().has("probe_success 1") for answer in asked)
        bench.equal(good, 64, "good probes of 64 during twenty reloads")
    with bench.exporter("--config.enable-auto-reload", "--config.auto-reload-interval=1s",
                        config=config) as exporter:
        config.write_text("modules:\n  later:\n    tls: none\n")
        bench.expect(exporter.wait_log("configuration reloaded"), "--config.enable-auto-reload")
        bench.expect(exporter.ask(bench.probe("plain", "later")).has("probe_success 1"), "by itself")


def patience(bench):
    """the time that a password takes is taken off the scrape's"""
    users = bench.write("slow.yml", f"basic_auth_users:\n  prom: {SLOW_HASH}\n")
    login = {**basic("letmein"), SCRAPE: "10"}
    with bench.exporter(f"--web.config.file={users}") as exporter:
        reply = exporter.ask(bench.probe("plain"), headers=login)
        first, waited = reply.metric("probe_timeout_seconds"), reply.seconds - reply.metric("probe_duration_seconds")
        bench.expect(waited > 0.02, f"the password took {waited:.3f} s")
        bench.expect(9.5 - waited - 0.01 <= first <= 9.5 - waited / 2,
                     f"the first scrape waited {waited:.3f} s and was given {first} s")
        reply = exporter.ask(bench.probe("plain"), headers=login)
        bench.expect(9.4 <= reply.metric("probe_timeout_seconds") <= 9.5, "the second one did not wait")
    with bench.exporter(f"--web.config.file={users}") as exporter, concurrent.futures.ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(exporter.ask, "/", headers=basic(f"guess{number}")) for number in range(8)]
        time.sleep(0.05)
        reply = exporter.ask(bench.probe("plain"), headers={**login, SCRAPE: "0.6"})
        bench.equal(reply.metric("probe_timeout_seconds"), 0.001, "what is left behind eight guesses")
        bench.equal([guess.result().status for guess in guesses], [401] * 8, "the guesses")


def drain(bench):
    """SIGTERM answers what is under way, a second one ends at once"""
    exporter = Exporter(bench.program, config=bench.config)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        kept = [http.client.HTTPConnection(*exporter.address, timeout=5 * FACTOR) for _ in range(2)]
        for idle in kept:
            idle.request("GET", "/-/ready")
            bench.equal(idle.getresponse().read(), b"Ready\n", "before")
        asked = [pool.submit(exporter.ask, bench.probe("slow")) for _ in range(4)]
        time.sleep(0.3)
        exporter.process.send_signal(signal.SIGTERM)
        bench.expect(exporter.wait_log("ending"), "the end is logged")
        bench.equal(exporter.log[-1]["requests_in_flight"], "4", "requests in flight")
        try:
            exporter.ask("/-/healthy", timeout=2)
            bench.expect(False, "a new connection was taken")
        except OSError:
            pass
        for idle, asking in zip(kept, (("GET", "/-/ready"), ("POST", "/-/reload"))):
            try:
                idle.request(*asking)
                bench.equal(idle.getresponse().status, 503, asking[1])
            except (http.client.HTTPException, OSError):
                pass  # idle connections may be closed as well
        good = [answer.result().has("probe_success 1") for answer in asked]
        bench.equal(good, [True] * 4, "the probes that were under way")
        code, seconds = exporter.end(0)
        bench.equal(code, 0, "the exit code")
        bench.expect(seconds < 2 * FACTOR, f"the end took {seconds:.2f} s")
    exporter = Exporter(bench.program, config=bench.config)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(exporter.ask, bench.probe("silent"))
        time.sleep(0.3)
        exporter.process.send_signal(signal.SIGINT)
        bench.expect(exporter.wait_log("ending"), "the end is logged")
        time.sleep(0.2)
        bench.expect(exporter.process.poll() is None, "it waits for the silent server")
        code, seconds = exporter.end()
        bench.equal(code, 0, "the exit code of a second signal")
        bench.expect(seconds < FACTOR, f"the second signal took {seconds:.2f} s")
        bench.equal(asked.result().metric("probe_success"), 0, "the probe that was cut off")


def supervised(bench):
    """what systemd is told"""
    path = str(bench.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(5 * FACTOR)
        environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}

        def told(skip=()):
            while True:
                word = server.recv(1000).decode().split("\n")[0]
                if word not in skip:
                    return word
        with bench.exporter(environment=environment) as exporter:
            bench.equal(told(), "READY=1", "after listening")
            bench.equal(told(), "WATCHDOG=1", "while it lives")
            exporter.process.send_signal(signal.SIGHUP)
            bench.equal(told(["WATCHDOG=1"]), "RELOADING=1", "a reload")
            bench.equal(told(["WATCHDOG=1"]), "READY=1", "after the reload")
        bench.equal(told(["WATCHDOG=1"]), "STOPPING=1", "the end")


def limits(bench):
    """few open files are told, and get by"""
    with bench.exporter(wrapper=["/bin/sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"]) as exporter:
        bench.expect(exporter.wait_log("the limit of open files is too low for max_in_flight"), "the warning")
        bench.expect(exporter.ask(bench.probe("plain")).has("probe_success 1"), "a probe")
    few, many = ("modules:\n  plain:\n    tls: none\nexporter:\n  max_in_flight: %u\n" % count for count in (10, 2000))
    config = bench.write("more.yml", few)
    warning = "max_in_flight is higher than the number of connections"
    with bench.exporter(config=config, wrapper=["/bin/sh", "-c", "ulimit -n 8192; exec \"$@\"", "sh"]) as exporter:
        for count, text in enumerate((few, many), 1):
            config.write_text(text)
            bench.equal(exporter.ask("/-/reload", "POST").status, 200, "reload")
            bench.expect(exporter.wait_log("configuration reloaded", count), "the reload is logged")
        told = [(entry["max_in_flight"], entry["connections"]) for entry in exporter.log
                if entry["msg"].startswith(warning)]
        bench.equal(told, [("2000", "918")], "the warning about connections")
    with bench.exporter(config=config, wrapper=["/bin/sh", "-c", "ulimit -n 8192; exec \"$@\"", "sh"]) as exporter:
        bench.equal(exporter.ask("/-/reload", "POST").status, 200, "reload")
        bench.expect(exporter.wait_log("configuration reloaded"), "the reload is logged")
        bench.expect(not exporter.wait_log(warning, seconds=0), "no warning where it was so from the start")


CASES = [words, doors, listeners, reload, patience, drain, supervised, limits]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only")
    return run_cases(CASES, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
