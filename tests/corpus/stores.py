#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust stores as users have them, each by the real program: good ones are used, and a broken or empty one
is a mistake of the configuration (exit 78, nothing on standard output), never "trust nobody" or "anybody".

    stores.py PROBE SERVER
"""

import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import certificate
from fleet import fleet
from judges import pem

BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
SLOW = float(os.environ.get("SMTP_PROBE_TIME_FACTOR", "1"))
CLONE_NEWNS = 0x20000


def strangers(count):
    """Roots of one key, which nobody in this test was certified by."""
    first = certificate.authority("Stranger")
    return [pem(certificate.authority(f"Stranger {i}", key=first.key,
                                      signature_der=b"\x03\x02\0\1").der) for i in range(count)]


def make(folder, root):
    """Every file and directory that the table names."""
    here = pathlib.Path(folder)
    text = root.read_text()
    others = strangers(4)

    def directory(name, **files):
        path = here / name
        path.mkdir()
        for file, content in files.items():
            (path / file.replace("_", ".")).write_text(content)
        return path

    (here / "empty.pem").write_text("")
    (here / "blank.pem").write_text(" \n\n")
    (here / "text.pem").write_text("no certificate at all\n")
    (here / "half.pem").write_text(text[:len(text) // 2])
    (here / "garbled.pem").write_text(text.replace("\nM", "\n%", 1))
    (here / "good-and-half.pem").write_text(text + others[0][:200])
    (here / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
    (here / "secret.pem").write_text(text)
    (here / "secret.pem").chmod(0)
    (here / "stranger.pem").write_text(others[0])
    (here / "nul.pem").write_bytes(b"\0" * 5000)
    directory("bare")
    directory("useless", a_txt="hello\n", b_pem="")
    directory("locked", root_pem=text).chmod(0)
    hidden = directory("only-secret", root_pem=text)
    (hidden / "root.pem").chmod(0)
    directory("mixed", a_pem=others[0], broken_pem=text[:300], root_pem=text, notes_txt="hello\n",
              empty_pem="", key_pem="-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
    (here / "mixed" / "secret.pem").write_text(others[1])
    (here / "mixed" / "secret.pem").chmod(0)
    (here / "mixed" / "below").mkdir()
    (here / "mixed" / "below" / "other.pem").write_text(others[2])
    directory("nested")
    (here / "nested" / "below").mkdir()
    (here / "nested" / "below" / "root.pem").write_text(text)
    linked = directory("linked")
    (linked / "root.pem").symlink_to(root)
    (linked / "gone.pem").symlink_to(here / "nothing-here")
    (linked / "round.pem").symlink_to("round.pem")
    (linked / "up").symlink_to("..")
    os.mkfifo(linked / "pipe")
    hashed = directory("hashed", root_pem=text, other_pem=others[3])
    subprocess.run(["openssl", "rehash", str(hashed)], check=True, capture_output=True)
    (hashed / "root.pem").rename(hashed / "moved")
    for link in hashed.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()
            link.symlink_to("moved")
    (here / "link-to-directory").symlink_to(hashed)
    return here


# (arguments, exit code, what standard error says); 0: the server is trusted, 2: it is not.
ROWS = [
    ("--ca-file root", 0, ""),
    ("--ca-file stranger.pem", 2, ""),
    ("--ca-file stranger.pem --ca-dir hashed", 0, ""),
    ("--ca-file nothing.pem", 78, "No such file"),
    ("--ca-file empty.pem", 78, "is empty"),
    ("--ca-file blank.pem", 78, "neither PEM nor DER"),
    ("--ca-file text.pem", 78, "neither PEM nor DER"),
    ("--ca-file nul.pem", 78, "neither PEM nor DER"),
    ("--ca-file half.pem", 78, "END line is missing"),
    ("--ca-file garbled.pem", 78, "not base64"),
    ("--ca-file good-and-half.pem", 78, "END line is missing"),
    ("--ca-file key.pem", 78, "private key but no certificate"),
    ("--ca-file secret.pem", 78, "Permission denied"),
    ("--ca-file bare", 78, "use --ca-dir"),
    ("--ca-file /dev/null", 78, "not a regular file"),
    ("--ca-dir nothing", 78, "No such file"),
    ("--ca-dir bare", 78, "has no file in it"),
    ("--ca-dir useless", 78, "no file with a usable certificate"),
    ("--ca-dir locked", 78, "Permission denied"),
    ("--ca-dir only-secret", 78, "no file with a usable certificate"),
    ("--ca-dir stranger.pem", 78, "use --ca-file"),
    ("--ca-dir nested", 78, "has no file in it"),
    ("--ca-dir mixed", 0, ""),
    ("--ca-dir linked", 0, ""),
    ("--ca-dir hashed", 0, ""),
    ("--ca-dir link-to-directory", 0, ""),
    ("--ca-file empty.pem --ca-dir hashed", 78, "is empty"),
    ("--ca-file root --ca-dir bare", 78, "has no file in it"),
]


def become_nobody():
    """Root may read all files; then permissions could not be tried."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def ask(probe, port, here, arguments, prepare=become_nobody):
    command = [probe, "-o", "json", "--tls", "starttls", "--server-name", "mx.test", "--timeout",
               "20s", *arguments, f"127.9.0.1:{port}"]
    return subprocess.run(command, cwd=here, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, preexec_fn=prepare, check=False)


def judge(done, code, said):
    """What is wrong, or None."""
    text = done.stderr.decode(errors="replace")
    if done.returncode != code:
        return f"exit {done.returncode}, should be {code}: {text.strip()}{done.stdout[:300]!r}"
    if code == 78:
        if done.stdout:
            return f"a mistake of the configuration, and results: {done.stdout[:100]!r}"
        return None if said in text else f"standard error is {text!r}, should have {said!r}"
    verify = json.loads(done.stdout)[0]["verify"]
    return None if verify["trusted"] == (code == 0) else f"verify is {verify}"


def bundle_namespace(content):
    """In the child: a mount namespace in which the system's bundle is another file, or is gone."""
    def enter():
        libc = ctypes.CDLL(None, use_errno=True)
        nothing = ctypes.c_char_p(None)
        if libc.unshare(CLONE_NEWNS) != 0 or \
                libc.mount(b"none", b"/", nothing, 0x44000, nothing) != 0 or \
                libc.mount(str(content).encode(), str(BUNDLE).encode(), nothing, 0x1000,
                           nothing) != 0:
            os._exit(99)
    return enter


def try_bundles(probe, port, here, root):
    """The system's bundle, replaced for one process. Yields what is wrong."""
    rows = [(root, 0, ""), ("stranger.pem", 2, ""), ("empty.pem", 78, "is empty"),
            ("text.pem", 78, "neither PEM nor DER"), ("half.pem", 78, "END line is missing"),
            ("key.pem", 78, "private key but no certificate"), ("good-and-half.pem", 0, ""),
            ("/dev/null", 78, "not a regular file")]
    if os.geteuid() != 0 or not BUNDLE.exists():
        print("stores: the system's bundle is left out: only root can replace it for a process")
        return
    for name, code, said in rows:
        done = ask(probe, port, here, [], bundle_namespace((here / name).resolve()))
        if done.returncode == 99:
            print("stores: the system's bundle is left out: no mount namespace can be had here")
            return
        complaint = judge(done, code, said)
        if complaint:
            yield f"the system's bundle is {name}: {complaint}"


def try_many(probe, port, here, root):
    """10,000 files, hashed names and all. Yields what is wrong."""
    many = here / "many"
    many.mkdir()
    for number, text in enumerate(strangers(5000)):
        (many / f"{number}.pem").write_text(text)
        (many / f"{number:08x}.0").symlink_to(f"{number}.pem")
    begin = time.monotonic()
    complaint = judge(ask(probe, port, here, ["--ca-dir", str(many)]), 2, "")
    took = time.monotonic() - begin
    if complaint or took > 10 * SLOW:
        yield f"10,000 files without the root: {complaint}, {took:.1f} s"
    shutil.copyfile(root, many / "zz.pem")
    complaint = judge(ask(probe, port, here, ["--ca-dir", str(many)]), 0, "")
    if complaint:
        yield f"10,000 files with the root: {complaint}"
    print(f"stores: 10,000 files take {took:.2f} s")


def main():
    probe, server = sys.argv[1:3]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="smtp-probe-") as folder, \
            fleet(server) as (port, root):
        os.chmod(folder, 0o755)
        os.chmod(root.parent, 0o755)
        here = make(folder, root)
        # The source tree may be where nobody but its owner can look.
        probe = shutil.copy2(probe, here / "smtp-probe")
        shutil.copyfile(root, here / "root")
        for arguments, code, said in ROWS:
            complaint = judge(ask(probe, port, here, arguments.split()), code, said)
            if complaint:
                wrong.append(f"{arguments}: {complaint}")
        wrong += try_bundles(probe, port, here, here / "root")
        wrong += try_many(probe, port, here, root)
        (here / "locked").chmod(0o700)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"stores: {len(ROWS)} stores by option, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
