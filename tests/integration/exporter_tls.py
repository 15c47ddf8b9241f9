# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter's modules with the options of certificates and TLS, and the plugin with the same ones.

    exporter_tls.py --exporter FILE --plugin FILE --server FILE [--only PART-OF-NAME]
"""

import argparse
import hashlib
import re
import shutil
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True

from certificates import openssl
from exporter_bench import FACTOR, run_cases

PASSPHRASE = "tinker-tailor-soldier"
RELOADED = "smtp_probe_config_last_reload_successful"
PLUGIN = []  # its path

# name: the keys of the module besides those of all; {…} as in fill().
MODULES = {
    "bare": {},
    "client": {"cert": "{own}.pem", "key": "{own}.locked", "key_password_file": "{own}.passphrase"},
    "client_plain": {"cert": "{own}.pem", "key": "{own}.key"},
    "crl": {"crl_file": "{dir}/list.pem"},
    "pinned": {"pin": "{pin}"},
    "pinned_wrong": {"pin": "sha256:" + "ab" * 32},
    "pinned_list": {"pin": '["sha256:' + "ab" * 32 + '", "{pin}"]'},
    "staple": {"ocsp": "require"},
    "no_staple": {"ocsp": "off"},
    "policy": {"tls_policy": "intermediate"},
    "ciphers": {"ciphers": "TLS_CHACHA20_POLY1305_SHA256", "groups": "secp384r1", "alpn": "smtp"},
}

# (server, module, reason, state of the plugin): what a probe must come to.
PROBES = [
    ("good", "bare", "ok", 0),
    ("asks", "bare", "tls-client-certificate-required", 2),
    ("asks", "client", "ok", 0),
    ("asks", "client_plain", "ok", 0),
    ("good", "client", "ok", 0),
    ("good", "crl", "certificate-revoked", 2),
    ("good", "pinned", "ok", 0),
    ("good", "pinned_wrong", "certificate-pin-mismatch", 2),
    ("good", "pinned_list", "ok", 0),
    ("good", "staple", "ocsp-staple-missing", 2),
    ("stapled", "staple", "ok", 0),
    ("revoked", "bare", "certificate-revoked", 2),
    ("revoked", "no_staple", "ok", 0),
    ("old", "policy", "tls-cipher-weak", 1),
    ("old", "ciphers", "tls-version-unsupported", 2),
    ("good", "ciphers", "ok", 0),
]


def prepare(bench):
    """The client's files, the list and the pin; once."""
    own = bench.directory / "own"
    if (bench.directory / "own.pem").exists():
        return
    bench.write("own.passphrase", PASSPHRASE + "\n").chmod(0o600)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{own}.key")
    openssl("req", "-x509", "-key", f"{own}.key", "-subj", "/CN=client", "-days", "30", "-out", f"{own}.pem")
    openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", f"{own}.key", "-out", f"{own}.locked", "-passout",
            f"file:{own}.passphrase")
    for name in ("key", "locked"):
        (bench.directory / f"own.{name}").chmod(0o600)
    shutil.copyfile(bench.ca.parent / "crl-leaf.pem", bench.directory / "list.pem")


def read_pin(bench):
    """The pin of the server's certificate, as Python's ssl sees it behind STARTTLS."""
    import smtplib
    host, _, port = bench.target("good").rpartition(":")
    context = ssl.create_default_context(cafile=bench.ca)
    context.check_hostname = False
    with smtplib.SMTP(host, int(port), timeout=10 * FACTOR) as client:
        client.starttls(context=context)
        return "sha256:" + hashlib.sha256(client.sock.getpeercert(True)).hexdigest()


def fill(bench, value, pin):
    return value.replace("{own}", str(bench.directory / "own")).replace("{dir}", str(bench.directory)) \
        .replace("{pin}", pin)


def configure(bench, name="tls.yml", extra=""):
    prepare(bench)
    pin = read_pin(bench)
    text = "modules:\n"
    for module, keys in MODULES.items():
        text += f"  {module}:\n    tls: starttls\n    ca_file: {bench.ca}\n    server_name: mx.test\n"
        text += "".join(f"    {key}: {fill(bench, value, pin)}\n" for key, value in keys.items())
    return bench.write(name, text + extra)


def secrets(bench):
    lines = [PASSPHRASE]
    for name in ("own.key", "own.locked"):
        lines += [line for line in (bench.directory / name).read_text().splitlines() if "-----" not in line]
    return lines


def probes(bench):
    """every module comes to its reason, the metric and the page say it"""
    with bench.exporter(config=configure(bench)) as exporter:
        for server, module, reason, state in PROBES:
            what = f"{server} by {module}"
            reply = exporter.ask(bench.probe(server, module))
            bench.equal(reply.status, 200, what)
            # A warning is a success with a finding.
            bench.equal(reply.metric("probe_success"), 0 if state == 2 else 1, f"{what}: probe_success")
            name = "finding" if state == 1 else "failure_reason"
            bench.expect(re.search(rf'^probe_smtp_{name}\{{.*reason="{reason}"', reply.text, re.M),
                         f"{what}: {re.findall(f'^probe_smtp_{name}.*', reply.text, re.M)}")
        shown = [exporter.ask(path).text for path in ("/", "/config", "/metrics", "/history/2", "/history/3")]
        shown += [exporter.ask(bench.probe("asks", "client", "&debug=true")).text, exporter.text()]
        for secret in secrets(bench):
            bench.expect(not any(secret in text for text in shown), f"a secret is shown: {secret[:10]}…")
        config = shown[1]
        for word in ("own.pem", "own.locked", "own.passphrase", "list.pem", "ocsp: require",
                     "tls_policy: intermediate", "TLS_CHACHA20_POLY1305_SHA256", "ab" * 32):
            bench.expect(word in config, f"/config lacks {word}")
    saved = bench.write("saved.yml", config)
    done = subprocess.run([bench.program, "--config.check", f"--config.file={saved}"], capture_output=True,
                          text=True, check=False, timeout=20 * FACTOR)
    bench.equal((done.returncode, done.stderr), (0, ""), "what /config prints is a configuration")


def reloads(bench):
    """broken files at a reload change nothing, right ones do"""
    config = configure(bench)
    listed = bench.directory / "list.pem"
    revoked, good = (bench.ca.parent / f"crl-{name}.pem" for name in ("leaf", "good"))
    with bench.exporter(config=config) as exporter:
        def judge(what, reason, is_right):
            reply = exporter.ask("/-/reload", "POST")
            bench.equal(reply.status, 200 if is_right else 500, f"{what}: reload")
            bench.equal(exporter.ask("/metrics").metric(RELOADED), int(is_right), f"{what}: the metric")
            text = exporter.ask(bench.probe("good", "crl")).text
            bench.expect(f'reason="{reason}"' in text, f"{what}: not {reason}")
            bench.equal(exporter.ask(bench.probe("asks", "client")).metric("probe_success"), 1,
                        f"{what}: the client's certificate")
            return reply.text
        for what, octets in (("a broken list", (bench.ca.parent / "crl-broken.pem").read_bytes()),
                             ("an empty list", b""), ("no list", None)):
            listed.unlink()
            if octets is not None:
                listed.write_bytes(octets)
            said = judge(what, "certificate-revoked", False)
            line = config.read_text().splitlines().index(f"    crl_file: {listed}") + 1
            bench.expect(f"tls.yml:{line}:15: " in said and "list.pem" in said, f"{what}: {said}")
        shutil.copyfile(good, listed)
        judge("a good list", "ok", True)
        shutil.copyfile(revoked, listed)
        judge("the first list", "certificate-revoked", True)
        for name, key in (("own.passphrase", "key_password_file"), ("own.locked", "key"), ("own.pem", "cert")):
            file = bench.directory / name
            octets = file.read_bytes()
            file.write_bytes(b"not what it should be\n")
            said = judge(f"a broken {name}", "certificate-revoked", False)
            bench.expect(name in said and re.search(r"tls\.yml:\d+:\d+: ", said), f"a broken {name}: {said}")
            bench.expect(PASSPHRASE not in said and "not what it should" not in said, f"{name}: octets in {said}")
            bench.expect(f"--{key}".replace("_", "-") not in said, f"{name}: an option of a command line: {said}")
            file.write_bytes(octets)
        judge("all again", "certificate-revoked", True)


def words(bench):
    """wrong values have their place; parameters name no files"""
    prepare(bench)
    table = [("cert: /nonexistent.pem", "/nonexistent.pem"), ("key: own.key", "cert"),
             ("cert: own.pem\n    key: own.locked", "key_password_file"),
             ("cert: own.pem\n    key: own.nothing", "own.nothing"), ("crl_file: own.pem", "own.pem"),
             ("pin: sha256:12", "64 hexadecimal digits"), ("pin: [1]", "pin"), ("ocsp: maybe", "staple"),
             ("tls_policy: strict", "modern"), ("ciphers: TLS_NOTHING", "TLS_NOTHING"),
             ("ciphers: TLS_RSA_WITH_NULL_SHA256", "no encryption"), ("groups: [x25519, nothing]", "nothing"),
             ("tls_min: 1.3\n    tls_max: 1.2", "tls_max")]
    for keys, says in table:
        config = bench.write("wrong.yml", f"modules:\n  m:\n    tls: starttls\n    {keys}\n")
        done = subprocess.run([bench.program, "--config.check", f"--config.file={config}"], capture_output=True,
                              text=True, check=False, timeout=20 * FACTOR, cwd="/")
        bench.equal(done.returncode, 78, f"{keys}: exit code")
        bench.expect(re.search(r"wrong\.yml:[2-5]:\d+: ", done.stderr) and says in done.stderr,
                     f"{keys}: {done.stderr}")
    with bench.exporter(config=configure(bench)) as exporter:
        for name in ("cert", "key", "key_password_file", "crl_file", "ca_file", "pin", "ocsp", "ciphers"):
            reply = exporter.ask(bench.probe("good", "bare", f"&{name}=/etc/passwd"))
            bench.equal(reply.status, 400, f"the parameter {name}")
    files = "".join(f"    {key}: {value}\n" for key, value in (
        ("cert", "own.pem"), ("key", "own.locked"), ("key_password_file", "own.passphrase"), ("crl_file", "list.pem"),
        ("ca_file", "pki/root.pem"), ("server_name", "mx.test")))
    config = bench.write("relative.yml", f"modules:\n  here:\n    tls: starttls\n{files}")
    with bench.exporter(config=config, cwd="/") as exporter:
        text = exporter.ask(bench.probe("good", "here")).text
        bench.expect('reason="certificate-revoked"' in text, f"files beside the configuration: {text[:300]}")


def plugin(bench):
    """the plugin comes to the same states with the same options"""
    configure(bench)
    pin = read_pin(bench)
    for server, module, reason, state in PROBES:
        options = []
        for key, value in MODULES[module].items():
            for one in fill(bench, value, pin).strip("[]").replace('"', "").split(", "):
                options += ["--" + key.replace("_", "-"), one]
        done = subprocess.run([PLUGIN[0], "--tls", "starttls", "--ca-file", str(bench.ca), "--server-name", "mx.test",
                               *options, bench.target(server)], capture_output=True, text=True, check=False,
                              timeout=30 * FACTOR)
        what = f"{server} with {module}"
        bench.equal((done.returncode, done.stderr), (state, ""), f"{what}: {done.stdout}")
        bench.expect(reason == "ok" or reason in done.stdout, f"{what}: {done.stdout}")
        bench.expect(not any(secret in done.stdout for secret in secrets(bench)), f"{what}: a secret is shown")


def main():
    parser = argparse.ArgumentParser()
    for option in ("exporter", "plugin", "server"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    PLUGIN.append(arguments.plugin)
    return run_cases([probes, reloads, words, plugin], arguments)


if __name__ == "__main__":
    sys.exit(main())
