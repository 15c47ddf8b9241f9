# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the password of AUTH LOGIN must not be found, however it was given to our plugin under the name
check_smtp: in the list of processes while the check waits, in its environment, in a core dump, in what
the plugin prints. Debian's check_smtp and a plain process show that each look would find one.

    check_smtp_secrets.py --plugin FILE --server FILE
"""

import argparse
import base64
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent))

from check_smtp_bench import ORIGINAL, Bench, need_original  # noqa: E402

PASSWORD = "correct horse"
FORMS = [PASSWORD.encode(), base64.b64encode(PASSWORD.encode())]
NOBODY = 65534
WAIT_S = 10

# How a password can be given. {p} stands for it.
SPELLINGS = [
    "-P '{p}'", "-P'{p}'", "--authpass '{p}'", "--authpass='{p}'", "--authp '{p}'", "--authp='{p}'",
    "-vP '{p}'", "-vP'{p}'", "-P first -P '{p}'", "-P '{p}' -P '{p}'",
    "--password-file {dir}/password", "--password-env SECRET", "--extra-opts=@{dir}/password.ini",
]


def has_secret(data):
    return any(form in data for form in FORMS)


class Waiting:
    """A check at a server that never answers AUTH, looked at while it waits."""

    def __init__(self, bench, program, arguments, user=None):
        before = len(bench.events("auth-silent"))
        self.cmdline = self.environment = b""
        self.owner = None
        # No shell and no other process around it: what is in /proc is the program's own doing.
        self.process = subprocess.Popen(
            [str(program), *shlex.split(bench.fill(arguments, "auth-silent"))], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=user, cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C",
                 **({"SECRET": PASSWORD} if "SECRET" in arguments else {})})
        try:
            self.reached_auth = self.wait_for_auth(bench, before)
            self.waits = self.process.poll() is None
            if not self.waits:
                return
            folder = pathlib.Path(f"/proc/{self.process.pid}")
            self.cmdline = (folder / "cmdline").read_bytes()
            self.owner = (folder / "status").stat().st_uid
            self.environment = (folder / "environ").read_bytes() if os.geteuid() == 0 else b""
        finally:
            self.process.kill()
            self.output, _ = self.process.communicate()

    def wait_for_auth(self, bench, before):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if "line AUTH LOGIN" in bench.events("auth-silent")[before:]:
                return True
            time.sleep(0.02)
        return False


def check_waiting(bench, wrong):
    login = "{at} -t 20 -A LOGIN -U user "
    calls = [login + spelling.replace("{p}", PASSWORD) for spelling in SPELLINGS]
    # By hand, as some definitions do it.
    calls.append(f"{{at}} -t 20 -C 'AUTH LOGIN' -C dXNlcg== -C {FORMS[1].decode()}")
    for spelling in calls:
        seen = Waiting(bench, bench.ours, spelling)
        if not seen.reached_auth or not seen.waits:
            wrong.append(f"{spelling}: does not come to AUTH: {seen.output[:200]!r}")
        elif b"LOGIN" not in seen.cmdline:
            wrong.append(f"{spelling}: this is no list of arguments: {seen.cmdline!r}")
        if has_secret(seen.cmdline):
            wrong.append(f"{spelling}: the password is in the list of processes")
        if has_secret(seen.environment):
            wrong.append(f"{spelling}: the password is in the environment")
    control = Waiting(bench, ORIGINAL, f"{login} -P '{PASSWORD}'")
    if not control.reached_auth or not has_secret(control.cmdline):
        wrong.append("Debian's check_smtp hides its password: this test looks at the wrong place")


def check_core_dump(bench, wrong):
    """A process that may not be dumped belongs to root in /proc, whoever runs it."""
    user, program = None, bench.ours.resolve()
    if os.geteuid() == 0:
        # As somebody else, who can't look into the build directory.
        user, program = NOBODY, bench.directory / "copy"
        shutil.copy(bench.ours.resolve(), program)
        program.chmod(0o755)
    nobody = NOBODY if os.geteuid() == 0 else os.geteuid()
    arguments = f"--compat {{at}} -t 20 -A LOGIN -U user -P '{PASSWORD}'"
    owner = Waiting(bench, program, arguments, user).owner
    if owner != 0:
        wrong.append(f"its memory can be dumped: /proc/PID belongs to {owner}")
    control = Waiting(bench, ORIGINAL, f"{{at}} -t 20 -A LOGIN -U user -P '{PASSWORD}'", user).owner
    if control != nobody:
        wrong.append(f"the memory of Debian's check_smtp can't be dumped either: owner {control}")


def check_output(bench, wrong):
    for program, verbose in [(bench.ours, v) for v in ("", "-v", "-v -v", "-vv", "-vvv")] + [(ORIGINAL, "-v")]:
        before = len(bench.events("auth-echo"))
        arguments = f"{{at}} -A LOGIN -U user {verbose} -P '{PASSWORD}'"
        done = subprocess.run([str(program), *shlex.split(bench.fill(arguments, "auth-echo"))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, timeout=30)
        sent = bench.events("auth-echo")[before:]
        if f"line {FORMS[1].decode()}" not in sent or done.returncode != 2:
            wrong.append(f"{program} {verbose}: did not send it: {done.returncode} {done.stdout!r}")
        if has_secret(done.stdout) and program != ORIGINAL:
            wrong.append(f"{verbose}: the password is in the output: {done.stdout!r}")
        if not has_secret(done.stdout) and program == ORIGINAL:
            wrong.append("Debian's check_smtp -v prints no password: this test looks at the wrong place")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--server", required=True)
    options = parser.parse_args()
    need_original()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="check-smtp-secrets-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(options.plugin, options.server, directory)
        (bench.directory / "password").write_text(PASSWORD + "\n", encoding="utf-8")
        (bench.directory / "password").chmod(0o600)
        (bench.directory / "password.ini").write_text(f"[check_smtp]\nauthpass={PASSWORD}\n", encoding="utf-8")
        (bench.directory / "password.ini").chmod(0o600)
        try:
            check_waiting(bench, wrong)
            check_core_dump(bench, wrong)
            check_output(bench, wrong)
        finally:
            bench.stop()
    print(*wrong, sep="\n")
    print(f"{len(SPELLINGS)} ways to give a password: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
