#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a password or token must not be found, however it was given and whichever mechanism used it: in the
list of processes, in the environment, in any output, in a core dump, and, once the login is over, in the
memory of the process, be it in clear, in base64 or in hexadecimal. That each look would find one is shown by
logins that are still under way, and by programs whose wiping is taken away (no_wipe.c).

    auth_secrets.py PROBE PLUGIN EXPORTER SERVER NO_WIPE [PART OF A CASE'S NAME]
"""
import base64
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from check_smtp_bench import load_scenario_runner  # noqa: E402
from exporter_bench import Exporter  # noqa: E402
from failures import Failures  # noqa: E402

# No part of it is in any library or text.
SECRET = "Zq7vXw3KpJ9sLd2mTy5u"
TOKEN = ("XOAUTH2", "OAUTHBEARER")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS",
              "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", *TOKEN)
FORMATS = ("text", "json", "jsonl", "nagios", "prometheus")
WAIT_S = 10 * float(os.environ.get("SMTP_PROBE_TIME_FACTOR", "1"))
NOBODY = 65534
F_SETPIPE_SZ = 1031


def base64_forms(octets):
    """What base64 makes of the octets wherever they stand in something longer: the characters that they alone
    decide."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + octets).rstrip(b"=")
        first = -(-before * 8 // 6)
        last = (before + len(octets)) * 8 // 6
        yield text[first:last]


def forms(octets):
    yield octets
    yield from base64_forms(octets)
    yield octets.hex().encode()
    yield octets.hex().upper().encode()


# NTLM makes UTF-16 of a password, and a list of mechanisms is kept in capitals.
NEEDLES = [*forms(SECRET.encode()), *forms(SECRET.encode("utf-16-le")), SECRET.upper().encode()]


def find(data):
    return [needle for needle in NEEDLES if needle in data]


def memory_hits(pid):
    """What stands in the writable memory of a process, and where."""
    hits = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            places, rights, *rest = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(place, 16) for place in places.split("-"))
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError):
                continue
            for needle in find(data):
                at = data.index(needle)
                hits.append(f"{needle[:12]} in {rest[3] if len(rest) > 3 else 'anonymous memory'} + "
                            f"{at:#x}: {data[max(0, at - 40):at + 40]!r}")
    return hits


def scenario():
    """A server for each mechanism that lets in, one that answers no AUTH, and ones that repeat what they heard."""
    echo = " ".join(needle.decode() for needle in forms(SECRET.encode()))
    # base64 of what nobody hides: the padding of all three alignments.
    lines = ["# SPDX-License-Identifier: GPL-3.0-or-later"]
    for name in MECHANISMS:
        for kind in ("ok", "hold"):
            lines += [f"server {kind}-{name}", "  tls starttls", f"  auth {name}", f"  auth-password {SECRET}",
                      f"  auth-token {SECRET}", *(["  on AUTH: hang"] if kind == "hold" else []), "end"]
    lines += ["server echo-PLAIN", "  tls starttls", "  auth PLAIN", "  on AUTH",
              f"    send 535-5.7.8 {echo}\\r\\n", f"    repeat 200 535-5.7.8 {SECRET} and so on\\r\\n",
              f"    reply 535 5.7.8 {SECRET}", "  end", "end",
              "server echo-LOGIN", "  tls starttls", "  auth LOGIN", "  on AUTH",
              "    reply 334 VXNlcm5hbWU6", "    expect /./", "    reply 334 UGFzc3dvcmQ6", "    expect /./",
              f"    reply 535-5.7.8 {echo}\\r\\n535 5.7.8 {SECRET}", "  end", "end",
              "server echo-XOAUTH2", "  tls starttls", "  auth XOAUTH2", "  on AUTH",
              "    reply 334 " + base64.b64encode(f'{{"status":"{SECRET}"}}'.encode()).decode(),
              "    expect /./", f"    reply 535 5.7.8 {echo}", "  end", "end",
              "server echo-challenge", "  tls starttls", "  auth CRAM-MD5",
              f"  on AUTH: reply 334 {SECRET}!", "end",
              "server path-clear", "  auth PLAIN", f"  auth-password {SECRET}", "end",
              "server path-old", "  tls starttls", "  tls-version 1.2 1.2", "  auth SCRAM-SHA-1-PLUS",
              f"  auth-password {SECRET}", "end",
              "server path-refused", "  tls implicit", "  auth LOGIN|PLAIN|SCRAM-SHA-256", "end",
              "server path-slow", "  tls starttls", "  auth SCRAM-SHA-512", "  auth-iterations 600000", "end",
              "server path-long", "  tls starttls", "  auth XOAUTH2", f"  auth-token {SECRET * 150}", "end",
              "server path-prepared", "  tls starttls", "  auth SCRAM-SHA-256",
              f"  auth-password {SECRET}\u00e4", "end",
              "server path-reset", "  tls starttls", "  auth PLAIN", "  on AUTH: reset", "end",
              # Before anybody told it, and after all.
              "server echo-early", "  tls starttls", "  auth PLAIN", f"  auth-password {SECRET}",
              f"  capabilities STARTTLS|X{SECRET} {SECRET}",
              f"  capabilities-tls AUTH PLAIN {SECRET}|X-A {SECRET}|{SECRET}",
              f"  on banner: reply 220 mx.test {SECRET}", f"  on QUIT: reply 221 {SECRET}", "end"]
    return "\n".join(lines) + "\n"


class Bench:
    def __init__(self, directory, probe, plugin, exporter, server, no_wipe):
        self.directory = pathlib.Path(directory)
        self.programs = {"probe": probe, "plugin": plugin}
        self.exporter, self.no_wipe = exporter, no_wipe
        path = self.write("mail.scenario", scenario())
        self.servers = load_scenario_runner().Server(server, str(self.directory / "pki"), [path])
        self.ca = self.directory / "pki" / "root.pem"
        self.file = self.write("secret", SECRET + "\n", 0o600)
        self.failures = Failures()
        self.expect = self.failures.expect

    def write(self, name, text, mode=0o644):
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def target(self, name):
        host, port = self.servers.ports[f"mail/{name}"]
        return f"{host}:{port}"

    def events(self, name):
        return self.servers.read_events([f"mail/{name}"])

    def arguments(self, name):
        return ["--tls", "starttls", "--server-name", "mx.test", "--ca-file", str(self.ca), "--timeout", "60s",
                "--reply-timeout", "60s", "--user", "user", self.target(name)]

    def by_file(self, mechanism):
        return [f"--{'token' if mechanism in TOKEN else 'password'}-file", str(self.file)]


def wait_until(condition, process=None):
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return condition()
        time.sleep(0.02)
    return False


def clean_environment(**more):
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent", **more}


class Program:
    """One run whose output nobody reads until finish(): the process stays when its work is done."""

    def __init__(self, bench, command, environment=None, **options):
        self.bench = bench
        self.reading, writing = os.pipe()
        fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
        os.set_blocking(writing, False)
        self.filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.filled += os.write(writing, b"x" * 64)
        os.set_blocking(writing, True)
        self.errors = tempfile.TemporaryFile()
        options.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen([str(word) for word in command], stdout=writing,
                                        stderr=options.pop("stderr", self.errors), cwd="/",
                                        env=environment or clean_environment(), **options)
        os.close(writing)

    def is_writing(self):
        """Whether it waits for somebody who takes its output."""
        with contextlib.suppress(OSError):
            return "pipe" in pathlib.Path(f"/proc/{self.process.pid}/wchan").read_text() or \
                pathlib.Path(f"/proc/{self.process.pid}/syscall").read_text().split()[:2] == ["1", "0x1"]
        return False

    def outside(self):
        """What others can read of it, where root is one of them, and of its children."""
        folder = pathlib.Path(f"/proc/{self.process.pid}")
        children = "".join(path.read_text() for path in folder.glob("task/*/children"))
        return (folder / "cmdline").read_bytes() + b"\n" + (folder / "environ").read_bytes() + \
            b"".join(pathlib.Path(f"/proc/{child}/{name}").read_bytes()
                     for child in children.split() for name in ("cmdline", "environ"))

    def finish(self):
        output = b""
        guard = time.monotonic() + WAIT_S
        while time.monotonic() < guard and select.select([self.reading], [], [], 1)[0] is not None:
            data = os.read(self.reading, 65536) if select.select([self.reading], [], [], 1)[0] else None
            if data == b"":
                break
            output += data or b""
        os.close(self.reading)
        try:
            code = self.process.wait(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.errors.seek(0)
        return code, output[self.filled:] + self.errors.read()

    def kill(self):
        self.process.kill()
        self.process.wait()
        os.close(self.reading)


def judge_run(bench, run, what, wanted_codes, streams=False):
    """One whole run: what is outside, its memory when all is done, and its output, which is returned. A result that
    is streamed is written while its session still stands, so that its memory is nothing to judge."""
    bench.expect(wait_until(run.is_writing, run.process), f"{what}: it does not come to its output")
    time.sleep(0.05)
    if run.process.poll() is None:
        bench.expect(not find(run.outside()), f"{what}: in its arguments or environment")
        for hit in [] if streams or os.geteuid() != 0 else memory_hits(run.process.pid):
            bench.expect(False, f"{what}: in memory afterwards: {hit}")
    code, output = run.finish()
    bench.expect(code in wanted_codes, f"{what}: exit code {code}: {output[-800:]!r}")
    bench.expect(not find(output), f"{what}: in its output: {output!r}")
    return output


# --- how a secret can be given --------------------------------------------------------------------


@contextlib.contextmanager
def given_by(bench, way):
    """The options, the environment and what else Popen needs."""
    if way == "file":
        yield ["--password-file", bench.file], {}, {}
    elif way == "environment":
        yield ["--password-env", "SP_SECRET"], {"SP_SECRET": SECRET}, {}
    elif way in ("descriptor", "pipe", "standard input"):
        reading, writing = os.pipe()
        os.write(writing, SECRET.encode() + b"\n")
        os.close(writing)
        options = {"pass_fds": [reading]} if way != "standard input" else {"stdin": reading}
        yield {"descriptor": ["--password-fd", str(reading)],
               "pipe": ["--password-file", f"/dev/fd/{reading}"],
               "standard input": ["--password-fd", "0"]}[way], {}, options
        os.close(reading)
    elif way in ("systemd's default", "systemd's name"):
        folder = bench.directory / "credentials"
        folder.mkdir(exist_ok=True)
        name = "smtp-probe.password" if way == "systemd's default" else "mine"
        (folder / name).write_text(SECRET)
        yield [] if way == "systemd's default" else ["--password-file", name], \
            {"CREDENTIALS_DIRECTORY": str(folder)}, {}
        shutil.rmtree(folder)


WAYS = ("file", "environment", "descriptor", "pipe", "standard input", "systemd's default", "systemd's name")


def case_ways(bench):
    """Each way to give a secret, in both programs"""
    for way in WAYS:
        for name, program in bench.programs.items():
            with given_by(bench, way) as (options, environment, popen):
                run = Program(bench, [program, *bench.arguments("ok-PLAIN"), "-vvv", "--transcript", *options],
                              clean_environment(**environment), **popen)
                output = judge_run(bench, run, f"{name}, {way}", {0})
            bench.expect(re.search(rb"AUTH PLAIN \W*hidden", output), f"{name}, {way}: no login: {output!r}")


def case_mechanisms(bench):
    """Each mechanism"""
    for mechanism in MECHANISMS:
        for name, program in bench.programs.items():
            run = Program(bench, [program, *bench.arguments(f"ok-{mechanism}"), "--auth", mechanism, "-vvv",
                                  "--transcript", *bench.by_file(mechanism)])
            output = judge_run(bench, run, f"{name}, {mechanism}", {0})
            bench.expect(f"AUTH {mechanism}".encode() in output, f"{name}, {mechanism}: no login: {output!r}")


def case_formats(bench):
    """Every format, with servers that repeat what they heard"""
    servers = {"echo-PLAIN": "PLAIN", "echo-LOGIN": "LOGIN", "echo-XOAUTH2": "XOAUTH2",
               "echo-challenge": "CRAM-MD5", "echo-early": "PLAIN", "ok-PLAIN": "PLAIN"}
    for server, mechanism in servers.items():
        for output_format in FORMATS:
            run = Program(bench, [bench.programs["probe"], *bench.arguments(server), "-vvv", "--transcript",
                                  "-o", output_format, *bench.by_file(mechanism)])
            judge_run(bench, run, f"{server}, {output_format}", {0, 1, 2, 3}, output_format == "jsonl")
        run = Program(bench, [bench.programs["plugin"], *bench.arguments(server), "-vvv", "--transcript",
                              *bench.by_file(mechanism)])
        judge_run(bench, run, f"{server}, plugin", {0, 1, 2, 3})


def case_paths(bench):
    """Ways that a login can go: in clear, refused, broken off, with much to send or to compute"""
    long = ["--token-file", bench.write("long", SECRET * 150 + "\n", 0o600)]
    # A soft hyphen and a no-break space are changed by SASLprep, so that there are two forms of it.
    prepared = ["--password-file", bench.write("prepared", SECRET[:5] + "\u00ad" + SECRET[5:] + "\u00e4\n", 0o600)]
    plain = bench.by_file("PLAIN")
    for server, options, codes in (
            ("path-clear", [*plain, "--tls", "none", "--auth-insecure"], {0, 1}),
            ("path-old", plain, {0}),
            ("path-refused", [*plain, "--tls", "implicit"], {2}),
            ("path-refused", [*plain, "--tls", "implicit", "--auth", "LOGIN"], {2}),
            ("path-refused", [*plain, "--tls", "implicit", "--auth", "PLAIN"], {2}),
            ("path-slow", [*plain, "--timeout", "150ms"], {2, 3}),
            ("path-slow", plain, {2}),
            ("path-long", long, {0}),
            ("path-prepared", prepared, {0}),
            ("path-reset", plain, {1})):
        for name, program in bench.programs.items():
            run = Program(bench, [program, *bench.arguments(server), *options, "-vvv", "--transcript"])
            judge_run(bench, run, f"{name}, {server}", codes)


def case_under_way(bench):
    """While the login is under way: only memory has it, so that the looks are known to see"""
    for mechanism in MECHANISMS:
        run = Program(bench, [bench.programs["probe"], *bench.arguments(f"hold-{mechanism}"), "-vvv",
                              *bench.by_file(mechanism)])
        before = bench.events(f"hold-{mechanism}")
        bench.expect(wait_until(lambda: any(f"AUTH {mechanism}" in event for event in
                                            bench.events(f"hold-{mechanism}")), run.process),
                     f"{mechanism}: no AUTH: {before}")
        bench.expect(not find(run.outside()), f"{mechanism}: in its arguments or environment")
        if os.geteuid() == 0:
            bench.expect(memory_hits(run.process.pid), f"{mechanism}: memory is not looked at rightly")
        # Interrupted in the middle of it: wiped all the same.
        run.process.send_signal(signal.SIGINT)
        judge_run(bench, run, f"{mechanism}, interrupted", {3})


def case_not_wiped(bench):
    """Programs that wipe nothing: what they leave in memory is found"""
    if os.geteuid() != 0:
        return
    for mechanism in MECHANISMS:
        for name, program in bench.programs.items():
            run = Program(bench, [program, *bench.arguments(f"ok-{mechanism}"), *bench.by_file(mechanism)],
                          clean_environment(LD_PRELOAD=bench.no_wipe))
            bench.expect(wait_until(run.is_writing, run.process), f"{name}, {mechanism}: no output")
            bench.expect(memory_hits(run.process.pid), f"{name}, {mechanism}: nothing is found in memory")
            run.finish()


def case_abandoned(bench):
    """A login whose time is over in the middle leaves nothing either"""
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "NTLM"):
        arguments = bench.arguments(f"hold-{mechanism}") + ["--timeout", "700ms"]
        run = Program(bench, [bench.programs["probe"], *arguments, *bench.by_file(mechanism)])
        judge_run(bench, run, f"{mechanism}, deadline", {2, 3})


def case_core(bench):
    """No core dump, and no other process of the user can look into it"""
    user, program = None, pathlib.Path(bench.programs["probe"]).resolve()
    folder = bench.directory
    if os.geteuid() == 0:  # as somebody else, who can't look into the build directory
        user, folder = NOBODY, pathlib.Path(tempfile.mkdtemp(prefix="smtp-probe-"))
        folder.chmod(0o755)
        program = shutil.copy(program, folder / "copy")
        program.chmod(0o755)
        shutil.copy(bench.ca, folder / "root.pem")
        (folder / "root.pem").chmod(0o644)
        shutil.copy(bench.file, folder / "secret")
        os.chown(folder / "secret", NOBODY, NOBODY)
    arguments = ["--tls", "starttls", "--server-name", "mx.test", "--ca-file",
                 folder / "root.pem" if user else bench.ca, "--timeout", "60s", "--user", "user",
                 "--password-file", folder / "secret" if user else bench.file, bench.target("hold-PLAIN")]
    count = len(bench.events("hold-PLAIN"))

    def unlimited():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    run = Program(bench, [program, *arguments], user=user, group=user, preexec_fn=unlimited)
    bench.expect(wait_until(lambda: any("AUTH PLAIN" in event for event in
                                        bench.events("hold-PLAIN")[count:]), run.process),
                 "no AUTH as another user")
    pid = run.process.pid
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    bench.expect(re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), "a core file may be written")
    look = "import sys\nfor name in ('mem', 'environ'):\n    try: open(f'/proc/{sys.argv[1]}/{name}', 'rb')\n" \
           "    except PermissionError: print('refused')\n    else: print('open')\n"
    seen = subprocess.run([sys.executable, "-c", look, str(pid)], user=user, group=user, cwd="/",
                          stdout=subprocess.PIPE, text=True).stdout.split()
    bench.expect(seen == ["refused", "refused"], f"others of the user: {seen}")
    other = subprocess.Popen(["sleep", "60"], user=user, group=user, cwd="/")
    seen = subprocess.run([sys.executable, "-c", look, str(other.pid)], user=user, group=user, cwd="/",
                          stdout=subprocess.PIPE, text=True).stdout.split()
    other.kill()
    other.wait()
    bench.expect(seen[1:] == ["open"], f"nobody can look into anything here: {seen}")
    os.kill(pid, signal.SIGSEGV)
    _, status = os.waitpid(pid, 0)
    run.process.returncode = -1
    bench.expect(os.WIFSIGNALED(status) and not os.WCOREDUMP(status), f"a core was dumped: {status:#x}")
    os.close(run.reading)
    if user:
        shutil.rmtree(folder)


def case_exposed(bench):
    """A file that others can read is told of once, by each program"""
    says = b"others than the owner can read the file with the password"
    for mode, count in ((0o600, 0), (0o640, 1), (0o604, 1)):
        path = bench.write("shown", SECRET + "\n", mode)
        for name, program in bench.programs.items():
            done = subprocess.run([program, *bench.arguments("ok-PLAIN"), bench.target("ok-PLAIN"),
                                   "--password-file", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=WAIT_S)
            told = (done.stderr if name == "probe" else done.stdout).count(says)
            bench.expect(told == count and done.returncode == 0, f"{name}, {mode:o}: {done}")
        config = exporter_config(bench, {"ok-PLAIN": "PLAIN"}, path.name)
        exporter = Exporter(bench.exporter, config=config, environment={"SP_USER": "user"})
        exporter.end()
        told = exporter.text().encode().count(says)
        bench.expect(told == count, f"exporter, {mode:o}: {exporter.text()}")


# --- the prompt -----------------------------------------------------------------------------------


class Terminal:
    """A program that has a terminal of its own as standard input and for its errors."""

    def __init__(self, bench, arguments, wrapper=()):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""

        def own():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.run = Program(bench, [*wrapper, bench.programs["probe"], *arguments], stdin=self.slave, stderr=self.slave,
                           preexec_fn=own)

    def wait_for(self, text, count=1):
        def is_there():
            while select.select([self.master], [], [], 0)[0]:
                try:
                    self.seen += os.read(self.master, 4096)
                except OSError:
                    break
            return self.seen.count(text) >= count
        return wait_until(is_there)

    def type(self, octets):
        os.write(self.master, octets)

    def has_echo(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def case_prompt(bench):
    """What is typed at the prompt is not shown, and wiped"""
    terminal = Terminal(bench, bench.arguments("ok-PLAIN") + ["-vvv"])
    bench.expect(terminal.wait_for(b'Password of "user": '), f"no prompt: {terminal.seen!r}")
    bench.expect(not terminal.has_echo(), "the prompt shows what is typed")
    terminal.type(SECRET.encode() + b"\n")
    output = judge_run(bench, terminal.run, "prompt", {0})
    terminal.wait_for(b"nothing more", 0)
    bench.expect(b"SMTP" in output or b"mx.test" in output or output, "nothing after the prompt")
    bench.expect(not find(terminal.seen), f"on the terminal: {terminal.seen!r}")
    bench.expect(terminal.is_as_before(), "the terminal is not as it was")
    terminal.close()
    for typed, says in ((b"\n", b"is empty"), (b"\x04", b"is empty"), (b"x" * 3000 + b"\n", None)):
        terminal = Terminal(bench, bench.arguments("ok-PLAIN"))
        terminal.wait_for(b'Password of "user": ')
        terminal.type(typed)
        code, output = terminal.run.finish()
        bench.expect(says is None or terminal.wait_for(says), f"{typed[:9]!r}: {terminal.seen!r}")
        bench.expect(code == 78 or says is None, f"{typed[:9]!r}: exit code {code}")
        terminal.close()


def case_prompt_signals(bench):
    """A signal at the prompt leaves the terminal as it was"""
    for number, octet in ((signal.SIGINT, b"\x03"), (signal.SIGQUIT, b"\x1c"), (signal.SIGTERM, None),
                          (signal.SIGHUP, None)):
        terminal = Terminal(bench, bench.arguments("ok-PLAIN"))
        terminal.wait_for(b'Password of "user": ')
        terminal.type(b"half")
        terminal.type(octet) if octet else terminal.run.process.send_signal(number)
        code, _ = terminal.run.finish()
        bench.expect(code == -number, f"{number.name}: exit code {code}: {terminal.seen!r}")
        bench.expect(terminal.is_as_before(), f"{number.name}: the terminal is not as it was")
        bench.expect(not terminal.seen.count(b"half"), f"{number.name}: {terminal.seen!r}")
        terminal.close()


def case_prompt_stopped(bench):
    """Stopped at the prompt, and continued"""
    # As below a shell: a process whose session leader is itself can't be stopped by its terminal.
    shell = "import os, signal, sys\nsignal.signal(signal.SIGTTOU, signal.SIG_IGN)\nchild = os.fork()\n" \
            "if child == 0:\n    os.setpgid(0, 0)\n    os.tcsetpgrp(0, os.getpid())\n" \
            "    signal.signal(signal.SIGTTOU, signal.SIG_DFL)\n    os.execv(sys.argv[1], sys.argv[1:])\n" \
            "_, status = os.waitpid(child, os.WUNTRACED)\n" \
            "os.write(2, b'stopped %d\\n' % (os.WIFSTOPPED(status) and os.WSTOPSIG(status)))\n" \
            "os.tcsetpgrp(0, os.getpgrp())\n" \
            "os.read(0, 1)\nos.tcsetpgrp(0, child)\nos.kill(child, signal.SIGCONT)\n" \
            "_, status = os.waitpid(child, 0)\nos._exit(os.waitstatus_to_exitcode(status))\n"
    terminal = Terminal(bench, bench.arguments("ok-PLAIN"), [sys.executable, "-c", shell])
    terminal.wait_for(b'Password of "user": ')
    terminal.type(b"half\x1a")
    bench.expect(terminal.wait_for(b"stopped %d" % signal.SIGTSTP), f"it was not stopped: {terminal.seen!r}")
    bench.expect(terminal.is_as_before(), "the terminal of a stopped process is not as it was")
    terminal.type(b"\n")
    bench.expect(terminal.wait_for(b'Password of "user": ', 2), f"it does not ask again: {terminal.seen!r}")
    bench.expect(not terminal.has_echo(), "the second prompt shows what is typed")
    terminal.type(SECRET.encode() + b"\n")
    code, output = terminal.run.finish()
    bench.expect(code == 0 and b"login" in output, f"exit code {code}: {output!r}")
    bench.expect(terminal.wait_for(b"nothing more", 0) and not find(terminal.seen), f"{terminal.seen!r}")
    bench.expect(terminal.is_as_before(), "the terminal is not as it was")
    terminal.close()


def case_nobody_asked(bench):
    """Without a terminal nobody is asked: the plugin never, the probe not either"""
    for name, program in bench.programs.items():
        master, slave = pty.openpty()
        terminal = slave if name == "plugin" else subprocess.DEVNULL
        done = subprocess.run([program, *bench.arguments("ok-PLAIN")], stdin=terminal, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True, timeout=WAIT_S)
        bench.expect(b"--password-file" in done.stdout and done.returncode == {"probe": 78, "plugin": 3}[name],
                     f"{name}: {done.returncode}, {done.stdout!r}")
        os.close(master)
        os.close(slave)


# --- the exporter ---------------------------------------------------------------------------------


def exporter_config(bench, names, file="secret"):
    modules = "".join(f"  {name}:\n    tls: starttls\n    ca_file: {bench.ca}\n    server_name: mx.test\n"
                      f"    user: ${{SP_USER}}\n    auth: {mechanism}\n"
                      f"    {'token' if mechanism in TOKEN else 'password'}_file: {file}\n"
                      for name, mechanism in names.items())
    return bench.write("exporter.yml", f"modules:\n{modules}exporter:\n  allow_targets: [127.0.0.0/8]\n"
                                       "  allow_params: [verify, tls, ehlo_name, server_name, auth_insecure]\n")


def case_exporter(bench):
    """The exporter: its pages, its log, its configuration, and its memory after the probes"""
    names = {f"ok-{mechanism}": mechanism for mechanism in MECHANISMS}
    control = Exporter(bench.exporter, config=exporter_config(bench, names),
                       environment={"SP_USER": "user", "LD_PRELOAD": bench.no_wipe})
    control.ask(f"/probe?target={bench.target('ok-PLAIN')}&module=ok-PLAIN")
    bench.expect(os.geteuid() != 0 or memory_hits(control.process.pid), "one that wipes nothing hides it too")
    control.end()
    names |= {"echo-PLAIN": "PLAIN", "echo-LOGIN": "LOGIN", "echo-XOAUTH2": "XOAUTH2", "echo-early": "PLAIN"}
    exporter = Exporter(bench.exporter, "--log.prober=info", config=exporter_config(bench, names),
                        environment={"SP_USER": "user"})
    bench.expect(exporter.address, f"it did not start: {exporter.text()}")
    said = b""
    for name in names:
        for more in ("", "&debug=true"):
            reply = exporter.ask(f"/probe?target={bench.target(name)}&module={name}{more}")
            said += reply.body
            if name.startswith("ok-") and not more:
                bench.expect(reply.metric("probe_success") == 1, f"{name}: {reply.text}")
    for change in ("verify=off", "tls=none", "server_name=evil.test", "auth_insecure=yes", "hostname=evil.test"):
        before = len(bench.events("ok-PLAIN"))
        reply = exporter.ask(f"/probe?target={bench.target('ok-PLAIN')}&module=ok-PLAIN&{change}")
        bench.expect(reply.status == 400 or (change.startswith("hostname") and reply.status == 200),
                     f"{change}: {reply.status} {reply.text[:200]}")
        if reply.status == 400:
            bench.expect(len(bench.events("ok-PLAIN")) == before, f"{change}: a connection was made")
    paths = ["/", "/config", "/metrics", "/api/v1/status", "/api/v1/sd"]
    paths += [path for number in range(1, 60) for path in (f"/history/{number}", f"/history/{number}?format=json")]
    for path in paths:
        said += exporter.ask(path).body
    bench.expect(not find(said), f"in a page: {find(said)}")
    bench.expect(b"AUTH PLAIN &lt;hidden&gt;" in said or b"AUTH PLAIN <hidden>" in said, "no transcript was seen")
    if os.geteuid() == 0:
        for hit in memory_hits(exporter.process.pid):
            bench.expect(False, f"in memory afterwards: {hit}")
        folder = pathlib.Path(f"/proc/{exporter.process.pid}")
        bench.expect(not find((folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()), "in /proc")
    # A new password counts at once, without a reload.
    bench.file.write_text("another\n")
    reply = exporter.ask(f"/probe?target={bench.target('ok-PLAIN')}&module=ok-PLAIN")
    bench.expect(reply.metric("probe_success") == 0, "the old password is still used")
    bench.file.write_text(SECRET + "\n")
    reply = exporter.ask(f"/probe?target={bench.target('ok-PLAIN')}&module=ok-PLAIN")
    bench.expect(reply.metric("probe_success") == 1, "the password is not read again")
    code, _ = exporter.end()
    bench.expect(code == 0, f"exit code {code}")
    bench.expect(not find(exporter.text().encode()), "in the log")


def main():
    programs, only = sys.argv[1:6], sys.argv[6] if len(sys.argv) > 6 else ""
    cases = [case for name, case in globals().items() if name.startswith("case_") and only in name]
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as directory:
        bench = Bench(directory, *programs)
        try:
            for case in cases:
                start = time.monotonic()
                case(bench)
                bench.failures.close_case(f"{case.__doc__.splitlines()[0]}  ({time.monotonic() - start:.1f} s)")
        finally:
            bench.servers.stop()
    print(f"{bench.failures.total} wrong")
    return 1 if bench.failures.total else 0


if __name__ == "__main__":
    sys.exit(main())
