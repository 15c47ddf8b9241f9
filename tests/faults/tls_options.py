# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of TLS with files that are missing, empty, broken, locked or somebody else's, and with values that
make no sense: a message that names option and file, exit 64 or 78 (3 in the plugin), nothing probed. No
passphrase and no octet of a key in what is printed, nor in the list of processes.

    tls_options.py SMTP-PROBE CHECK_SMTP_PROBE [-v]
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

USAGE, CONFIG = 64, 78
PASSPHRASE = "hunter2-and-more"
WRONG = "not-the-passphrase"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
HEX = "ab" * 32


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_files(at):
    """Every file that a row names; what follows a + is the second file of it."""
    for name, kind in (("own", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                       ("other", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                       ("p384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
                       ("p521", ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
                       ("ed", ["ED25519"]), ("ed-other", ["ED25519"]),
                       ("rsa-other", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                       ("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"])):
        openssl("genpkey", "-algorithm", *kind, "-out", at / f"{name}.key")
        openssl("req", "-x509", "-key", at / f"{name}.key", "-subj", f"/CN={name}", "-days", "30", "-out",
                at / f"{name}.pem")
    (at / "both").write_text((at / "own.pem").read_text() + (at / "own.key").read_text())
    (at / "passphrase").write_text(PASSPHRASE + "\n")
    (at / "wrong").write_text(WRONG + "\n")
    openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", at / "own.key", "-out", at / "locked.key", "-passout",
            f"file:{at / 'passphrase'}")
    openssl("ec", "-aes256", "-in", at / "own.key", "-out", at / "locked-old.key", "-passout",
            f"file:{at / 'passphrase'}")
    (at / "empty").write_bytes(b"")
    (at / "garbage").write_bytes(b"no PEM at all \x00\x01\x02\n" * 20)
    (at / "broken").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (at / "broken.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (at / "broken.crl").write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    (at / "folder").mkdir()
    for path in at.glob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


# (options, exit code of smtp-probe, what the message must say besides the file in question). @NAME is a file of
# make_files; the last one that stands in a row, or the one behind !, is the one that the message must name.
ROWS = [
    ("--cert @none", CONFIG, "cert"),
    ("--cert @empty", CONFIG, "cert"),
    ("--cert @garbage", CONFIG, "cert"),
    ("--cert !broken --key @own.key", CONFIG, "cert"),
    ("--cert @folder", CONFIG, "cert"),
    ("--cert /dev/zero", CONFIG, "cert"),
    ("--cert @own.key", CONFIG, "cert"),
    ("--cert @own.pem", CONFIG, "key"),
    ("--cert @own.pem --key @none", CONFIG, "key"),
    ("--cert @own.pem --key @empty", CONFIG, "key"),
    ("--cert @own.pem --key @garbage", CONFIG, "key"),
    ("--cert @own.pem --key @broken.key", CONFIG, "key"),
    ("--cert @own.pem --key @folder", CONFIG, "key"),
    ("--cert @own.pem --key /dev/zero", CONFIG, "key"),
    ("--cert @own.pem --key @own.pem", CONFIG, "key"),
    ("--cert @own.pem --key @other.key", CONFIG, "key"),
    ("--cert @own.pem --key @rsa.key", CONFIG, "key"),
    ("--cert @own.pem --key @p384.key", CONFIG, "key"),
    ("--cert @own.pem --key @ed.key", CONFIG, "key"),
    ("--cert @ed.pem --key @ed-other.key", CONFIG, "key"),
    ("--cert @ed.pem --key @own.key", CONFIG, "key"),
    ("--cert @rsa.pem --key @rsa-other.key", CONFIG, "key"),
    ("--cert @rsa.pem --key @own.key", CONFIG, "key"),
    # What fits: the connection is refused, no more.
    ("--cert @own.pem --key @own.key", 2, "refused"),
    ("--cert @own.pem --key @locked.key --key-password-file @passphrase", 2, "refused"),
    ("--cert @own.pem --key @locked-old.key --key-password-file @passphrase", 2, "refused"),
    ("--cert @p384.pem --key @p384.key", 2, "refused"),
    ("--cert @p521.pem --key @p521.key", 2, "refused"),
    ("--cert @ed.pem --key @ed.key", 2, "refused"),
    ("--cert @rsa.pem --key @rsa.key", 2, "refused"),
    ("--cert @both", 2, "refused"),
    ("--cert @own.pem --key @locked.key", CONFIG, "--key-password-file"),
    ("--cert @own.pem --key @locked-old.key", CONFIG, "--key-password-file"),
    ("--cert @own.pem --key !locked.key --key-password-file @wrong", CONFIG, "passphrase"),
    ("--cert @own.pem --key !locked-old.key --key-password-file @wrong", CONFIG, "passphrase"),
    ("--cert @own.pem --key @locked.key --key-password-file @none", CONFIG, "secret"),
    ("--cert @own.pem --key @locked.key --key-password-file @empty", CONFIG, "passphrase|empty"),
    ("--cert @own.pem --key @locked.key --key-password-file @folder", CONFIG, "secret"),
    ("--cert @own.pem --key @locked.key --key-password-file /dev/zero", CONFIG, "secret"),
    ("--key FILE", USAGE, "--cert"),
    ("--key-password-file FILE", USAGE, "--cert"),
    ("--crl-file @none", CONFIG, "CRL file"),
    ("--crl-file @empty", CONFIG, "CRL file"),
    ("--crl-file @garbage", CONFIG, "CRL file"),
    ("--crl-file @broken.crl", CONFIG, "CRL file"),
    ("--crl-file @folder", CONFIG, "CRL file"),
    ("--crl-file @own.pem", CONFIG, "CRL file"),
    ("--ca-file @none", CONFIG, "CA file"),
    ("--ca-file @empty", CONFIG, "CA file"),
    ("--ca-file @garbage", CONFIG, "CA file"),
    ("--ca-file @broken", CONFIG, "CA file"),
    ("--ca-file @folder", CONFIG, "CA file"),
    ("--ca-file @own.key", CONFIG, "CA file"),
    ("--ca-file /dev/zero", CONFIG, "CA file"),
    ("--ca-dir @none", CONFIG, "directory of CA files"),
    ("--ca-dir @folder", CONFIG, "directory of CA files"),
    ("--ca-dir @own.pem", CONFIG, "directory of CA files"),
    (f"--pin sha256:{HEX[:-1]}", USAGE, "--pin"),
    (f"--pin sha256:{HEX}0", USAGE, "--pin"),
    (f"--pin spki:{HEX[:-2]}", USAGE, "--pin"),
    (f"--pin spki:{HEX},md5:{HEX}", USAGE, "--pin"),
    (f"--pin {HEX}", USAGE, "--pin"),
    ("--pin sha256//AAAA", USAGE, "--pin"),
    ("--pin=", USAGE, "--pin: the value is empty"),
    ("--crl-file=", USAGE, "--crl-file: the value is empty"),
    ("--ciphers=", USAGE, "--ciphers: the value is empty"),
    ("--groups=", USAGE, "--groups: the value is empty"),
    ("--alpn=", USAGE, "--alpn: the value is empty"),
    ("--ciphers TLS_NO_SUCH_SUITE", USAGE, "TLS_NO_SUCH_SUITE"),
    ("--ciphers ,,", USAGE, "--ciphers"),
    ("--ciphers TLS_RSA_WITH_NULL_SHA256", USAGE, "TLS_RSA_WITH_NULL_SHA256"),
    ("--ciphers ADH-AES128-SHA256", USAGE, "TLS_DH_anon_WITH_AES_128_CBC_SHA256 gives no certificate"),
    ("--ciphers AES128-SHA", USAGE, "TLS_RSA_WITH_AES_128_CBC_SHA is not in the TLS library"),
    ("--ciphers HIGH:!aNULL", USAGE, "HIGH"),
    ("--ciphers TLS_AES_128_GCM_SHA256 --tls-max 1.2", USAGE, "--ciphers|--tls-max"),
    ("--ciphers ECDHE-RSA-AES128-GCM-SHA256 --tls-min 1.3", USAGE, "--ciphers|--tls-min"),
    ("--groups no-such-group", USAGE, "no-such-group"),
    ("--groups sect571r1", USAGE, "sect571r1"),
    ("--groups ffdhe8192", USAGE, "ffdhe8192"),
    ("--alpn " + "a" * 256, USAGE, "--alpn"),
    ("--tls-min 1.3 --tls-max 1.2", USAGE, "--tls-min|--tls-max"),
    ("--tls-min 1.4", USAGE, "--tls-min"),
    ("--tls-policy strict", USAGE, "--tls-policy"),
    ("--ocsp must", USAGE, "--ocsp"),
]


class Suite:
    def __init__(self, probe, plugin, at, verbose):
        self.programs = {"smtp-probe": probe, "plugin": plugin}
        self.at, self.verbose, self.wrong = at, verbose, 0
        self.secrets = [PASSPHRASE.encode(), WRONG.encode()]
        for key in at.glob("*.key"):
            for line in key.read_text().splitlines():
                if not line.startswith("-----") and len(line) > 30:
                    self.secrets.append(line.encode())

    def words(self, options):
        """The words of a row and the file that the message must name, or None."""
        words, named = [], None
        for word in options.split():
            if word[0] in "@!":
                name, is_other = word[1:], named is not None and named[0] == "!"
                named = named if is_other else (word[0], name)
                word = str(self.at / name)
            elif word.startswith("/dev/"):
                named = ("@", word)
            words.append("" if word == "''" else word)
        return words, named[1] if named else None

    def find_secrets(self, *texts):
        return [f"a secret is in the output: {secret[:12]!r}…" for secret in self.secrets
                for text in texts if secret in text]

    def run_row(self, options, code, says):
        words, named = self.words(options)
        for program, path in self.programs.items():
            done = subprocess.run([path, "--timeout", "15s", *words, "127.0.0.1:1"], stdin=subprocess.DEVNULL,
                                  capture_output=True, env=ENVIRONMENT, check=False, timeout=30)
            text, empty = (done.stderr, done.stdout) if program == "smtp-probe" else (done.stdout, done.stderr)
            wanted = code if program == "smtp-probe" else min(code, 3)
            if code == 2:
                text, empty, named = done.stdout, done.stderr, None
            said = text.decode()
            faults = self.find_secrets(done.stdout, done.stderr)
            if done.returncode != wanted:
                faults.append(f"exit code {done.returncode}, must be {wanted}")
            if empty:
                faults.append(f"on the other output: {empty[:200]!r}")
            if not re.search(says, said) or named and named not in said:
                faults.append(f"doesn't name {says!r} and {named!r}")
            if program == "plugin" and not said.startswith(f"SMTP {'UNKNOWN' if wanted == 3 else 'CRITICAL'} - "):
                faults.append("is no plugin's output")
            self.note(f"{program} {options}", faults, said)

    def note(self, name, faults, said):
        if faults or self.verbose:
            print(f"{'FAILED' if faults else 'ok'}  {name[:150]}")
            print("     " + said.strip().replace(str(self.at), "DIR").replace("\n", "\n     "))
        for fault in faults:
            print(f"     wrong: {fault}")
        self.wrong += bool(faults)

    def look_at_process(self):
        """A probe that waits for its server, with a locked key."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            words = [self.programs["smtp-probe"], "--timeout", "20s", "--cert", str(self.at / "own.pem"), "--key",
                     str(self.at / "locked.key"), "--key-password-file", str(self.at / "passphrase"), "-v",
                     "--transcript", f"127.0.0.1:{silent.getsockname()[1]}"]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env=ENVIRONMENT) as running:
                client = silent.accept()[0]
                time.sleep(0.2)
                place = pathlib.Path(f"/proc/{running.pid}")
                shown = [(place / name).read_bytes() for name in ("cmdline", "environ", "comm", "status")]
                running.terminate()
                out = running.stdout.read()
                client.close()
            self.note("the list of processes", self.find_secrets(*shown, out), out.decode()[:300])

    def run(self):
        for row in ROWS:
            self.run_row(*row)
        self.look_at_process()


def main():
    with tempfile.TemporaryDirectory(prefix="tls-options-") as directory:
        at = pathlib.Path(directory)
        make_files(at)
        suite = Suite(sys.argv[1], sys.argv[2], at, "-v" in sys.argv)
        suite.run()
    print(f"{len(ROWS)} rows, {suite.wrong} wrong")
    return 1 if suite.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
