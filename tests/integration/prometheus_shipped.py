# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shipped for Prometheus and systemd, looked at by their own tools: promtool's checks and its rule
tests, systemd-analyze's view of the unit, and the exporter started by the unit's own command line with
the unit's own filter of system calls.

    prometheus_shipped.py --exporter build/smtp-probe-exporter --unit build/smtp-probe-exporter.service
                          --build build --work DIRECTORY
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

from failures import Failures
from peer_root import Unavailable
from prometheus_service import Unit, run_as_service
from prometheus_site import SHIPPED, TOP, find_programs, get

SKIPPED = 77
LIMIT_S = 560  # ctest's own limit is later than this; most of it is for a download
EXPOSURE_MAX = 2.0
FILES = ("prometheus.yml", "targets.example.yml", "alerts.yml", "alerts_test.yml", "recording.yml",
         "dashboard.json", "smtp-probe.yml")
SOCKET = TOP / "packaging/systemd/smtp-probe-exporter.socket"


def run(*command, **options):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=120, **options)


class Suite:
    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.failures = Failures()
        self.promtool = find_programs(arguments.work, "promtool")[0]
        for tool in ("systemd-analyze", "systemd-socket-activate"):
            if shutil.which(tool) is None:
                raise Unavailable(f"{tool} is not installed; it is in Debian's package systemd")

    def expect_success(self, *command, **options):
        done = run(*command, **options)
        self.failures.equal(done.returncode, 0, f"exit code of {' '.join(map(str, command))}\n{done.stdout}")
        return done.stdout

    # --- Prometheus -------------------------------------------------------------------------------

    def test_promtool(self):
        self.expect_success(self.promtool, "check", "config", "prometheus.yml", cwd=SHIPPED)
        self.expect_success(self.promtool, "check", "rules", "alerts.yml", "recording.yml", cwd=SHIPPED)
        self.expect_success(self.promtool, "test", "rules", "alerts_test.yml", cwd=SHIPPED)

    def test_every_alert_is_tested(self):
        """Each alert stands in a case that fires and in one that does not."""
        rules, cases = ((SHIPPED / name).read_text() for name in ("alerts.yml", "alerts_test.yml"))
        names = [line.split()[-1] for line in rules.splitlines() if line.strip().startswith("- alert:")]
        self.failures.expect(len(names) > 10, f"only {len(names)} alerts were found")
        for name in names:
            self.failures.expect(f"alertname: {name}\n        exp_alerts:\n          - " in cases,
                                 f"no case lets {name} fire")
            self.failures.expect(f"alertname: {name}, exp_alerts: []" in cases, f"no case keeps {name} quiet")

    def test_example_configuration(self):
        """The exporter accepts its example, and the scrape configurations name only modules of it."""
        self.expect_success(self.arguments.exporter, f"--config.file={SHIPPED / 'smtp-probe.yml'}",
                            "--config.check")
        modules = (SHIPPED / "smtp-probe.yml").read_text().partition("\nexporter:")[0]
        for name in ("prometheus.yml", "targets.example.yml"):
            for line in (SHIPPED / name).read_text().splitlines():
                if line.strip().startswith("module: "):
                    self.failures.expect(f"\n  {line.split()[1]}:" in modules,
                                         f"{name} names {line.split()[1]}, which smtp-probe.yml lacks")

    def test_metrics(self):
        """promtool's view of the pages: names, types and help."""
        configuration = self.directory / "exporter.yml"
        configuration.write_text("modules:\n  smtp: {}\n")
        with run_as_service(self.arguments.exporter, [f"--config.file={configuration}"],
                            self.directory) as service:
            for path in ("metrics", "probe?target=127.0.0.1:1"):
                _, _, body = get(f"{service.url}/{path}")
                done = subprocess.run([self.promtool, "check", "metrics"], input=body, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.failures.equal(done.returncode, 0, f"promtool check metrics of {path}:\n{done.stdout}")

    # --- systemd ----------------------------------------------------------------------------------

    def unit_copy(self):
        """The unit as installed, but for the program's place, where systemd-analyze can read it."""
        unit = pathlib.Path(self.arguments.unit).read_text()
        line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
        program = line.partition("=")[2].split()[0]
        folder = self.directory / "units"
        folder.mkdir(exist_ok=True)
        (folder / "smtp-probe-exporter.service").write_text(
            unit.replace(program, str(pathlib.Path(self.arguments.exporter).resolve())))
        shutil.copy(SOCKET, folder)
        return folder

    def test_exposure(self):
        unit = self.unit_copy() / "smtp-probe-exporter.service"
        text = self.expect_success("systemd-analyze", "security", "--offline=true", "--no-pager",
                                   f"--threshold={int(EXPOSURE_MAX * 10)}", unit)
        last = [line for line in text.splitlines() if "Overall exposure level" in line]
        self.failures.expect(last, f"systemd-analyze tells no exposure:\n{text}")
        if last:
            exposure = float(last[0].rpartition(": ")[2].split()[0])
            self.failures.expect(exposure <= EXPOSURE_MAX, f"the exposure is {exposure}")
            print(f"    exposure {exposure}")

    def test_verify(self):
        folder = self.unit_copy()
        text = self.expect_success("systemd-analyze", "verify", "--man=no",
                                   *sorted(folder.glob("smtp-probe-exporter.*")))
        # Other units of the machine may be worth a word; ours must not.
        ours = [line for line in text.splitlines() if "smtp-probe" in line]
        self.failures.equal(ours, [], "what systemd-analyze verify says")

    def test_installed(self):
        """All of it gets to where the manual says, and the unit starts the program that is installed."""
        self.expect_success("cmake", "--install", self.arguments.build, "--prefix", self.directory / "usr")
        shared = self.directory / "usr/share/smtp-probe/prometheus"
        units = self.directory / "usr/lib/systemd/system"
        for path in [shared / name for name in FILES] + [units / "smtp-probe-exporter.service",
                                                        units / "smtp-probe-exporter.socket"]:
            self.failures.expect(path.is_file(), f"{path.relative_to(self.directory)} is not installed")
        self.expect_success(self.promtool, "check", "config", shared / "prometheus.yml")

    def test_service(self):
        """Started as systemd would: socket, notification, watchdog, credential, system call filter."""
        unit = Unit(self.arguments.unit)
        configuration = self.directory / "smtp-probe.yml"
        authorities = self.directory / "credentials" / "secret_root.pem"
        authorities.parent.mkdir()
        shutil.copy(self.certificate(), authorities)
        authorities.chmod(0o400)
        configuration.write_text(f"modules:\n  smtp: {{tls: starttls, ca_file: {authorities}}}\n")
        words = [word.replace("/etc/smtp-probe/smtp-probe.yml", str(configuration))
                 for word in unit.command()[1:]]
        self.failures.expect(f"--config.file={configuration}" in words, f"the unit's flags are {words}")
        with run_as_service(self.arguments.exporter, words, self.directory, unit) as service:
            self.failures.equal(get(f"{service.url}/-/healthy")[0], 200, "status of /-/healthy")
            service.wait_message("READY=1")
            status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
            self.failures.expect("\nSeccomp:\t2\n" in status, "the filter of system calls is not in force")
            # Twice, well before systemd would lose patience.
            service.wait_message("WATCHDOG=1", service.watchdog_s)
            service.wait_message("WATCHDOG=1", service.watchdog_s)
            _, _, body = get(f"{service.url}/probe?target=127.0.0.1:1&module=smtp")
            self.failures.expect('reason="connect-refused"' in body, f"a probe in the sandbox: {body[-400:]}")
            _, _, body = get(f"{service.url}/probe?target=localhost:1&module=smtp")
            self.failures.expect('stage="resolve"' in body or 'reason="connect-refused"' in body,
                                 f"a lookup in the sandbox: {body[-400:]}")
            _, _, body = get(f"{service.url}/metrics")
            self.failures.expect("process_open_fds" in body, "no process_open_fds in the sandbox")
            os.kill(service.process.pid, signal.SIGHUP)
            service.wait_message("RELOADING=1")
            service.wait_message("READY=1")
            code = service.stop()
            self.failures.equal(code, 0, f"exit code after SIGTERM; log:\n{service.tail()}")
            service.wait_message("STOPPING=1")

    def certificate(self):
        key, path = self.directory / "root.key", self.directory / "root.pem"
        done = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes", "-keyout", key, "-out", path, "-subj", "/CN=Test Root", "-days", "30")
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        return path

    def run(self):
        for name in sorted(name for name in dir(self) if name.startswith("test_")):
            begin = time.monotonic()
            try:
                getattr(self, name)()
            except (RuntimeError, OSError, ValueError, LookupError, subprocess.SubprocessError):
                self.failures.expect(False, traceback.format_exc())
            self.failures.close_case(f"{name:28} {time.monotonic() - begin:5.1f} s")
        return self.failures.total


def stop_late(number, _):
    raise SystemExit(f"stopped by signal {number} ({signal.Signals(number).name})")


def main():
    parser = argparse.ArgumentParser()
    for option in ("exporter", "unit", "build", "work"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    signal.alarm(LIMIT_S)
    signal.signal(signal.SIGALRM, stop_late)
    signal.signal(signal.SIGTERM, stop_late)
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as name:
        try:
            wrong = Suite(arguments, pathlib.Path(name)).run()
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return 1 if os.environ.get("SMTP_PROBE_NO_SKIP") else SKIPPED
    print(f"shipped files: {wrong} wrong" if wrong else "shipped files: all as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
