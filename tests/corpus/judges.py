# SPDX-License-Identifier: GPL-3.0-or-later
"""The three judges: the product, OpenSSL (twice: with and without -x509_strict) and GnuTLS."""

import base64
import concurrent.futures
import ipaddress
import os
import re
import subprocess

SERVER_AUTH, ANY_POLICY = "1.3.6.1.5.5.7.3.1", "2.5.29.32.0"


def pem(octets):
    text = base64.encodebytes(octets).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def is_address(host):
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        return False


class Files:
    """What a case looks like on the disk; each certificate is written once."""

    def __init__(self, directory):
        self.directory = directory
        self.known = {}

    def certificate(self, octets):
        if octets not in self.known:
            path = self.directory / f"{len(self.known)}.der"
            path.write_bytes(octets)
            self.known[octets] = path
        return self.known[octets]

    def write(self, case):
        stem = str(self.directory / case.name.replace("/", "-"))
        chain = [pem(one.der) for one in case.sent]
        with open(f"{stem}.chain", "w", encoding="ascii") as file:
            file.write("".join(chain))
        with open(f"{stem}.leaf", "w", encoding="ascii") as file:
            file.write(chain[0])
        with open(f"{stem}.anchors", "w", encoding="ascii") as file:
            file.write("".join(pem(one.der) for one in case.anchors))
        return stem


def run(command, **environment):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False,
                          env={**os.environ, "LC_ALL": "C", "OPENSSL_CONF": "/dev/null",
                               **environment})
    return done.returncode, done.stdout.decode(errors="replace")


def last_line(text):
    """Without what changes from run to run."""
    line = (text.strip().splitlines() or ["nothing was said"])[-1]
    return re.sub(r"\S*/(\S+\.leaf)|^[0-9A-F]{12,}:error:", r"\1", line)


def ask_openssl(case, stem, *options):
    """Both at the level of 112 bits: RSA 2048, no SHA-1. Policies as RFC 5280 has them."""
    code, text = run([
        "openssl", "verify", "-trusted", f"{stem}.anchors", "-untrusted", f"{stem}.chain",
        "-purpose", "sslserver", "-auth_level", "2", "-policy", ANY_POLICY, "-attime", str(case.now),
        "-verify_ip" if is_address(case.host) else "-verify_hostname", case.host, *options,
        f"{stem}.leaf"])
    why = re.findall(r"error \d+ at \d+ depth lookup: *(.*)", text)
    return code == 0, "; ".join(dict.fromkeys(why)) or last_line(text)


def ask_checkhost(case, stem):
    """The name alone, where names are what the case is about. None: not asked."""
    if not case.name.startswith("names/"):
        return None
    option = "-checkip" if is_address(case.host) else "-checkhost"
    code, text = run(["openssl", "x509", "-noout", option, case.host, "-in", f"{stem}.leaf"])
    return code == 0 and "does match" in text


def ask_gnutls(case, stem, clock):
    code, text = run([
        "certtool", "--verify", "--load-ca-certificate", f"{stem}.anchors",
        "--infile", f"{stem}.chain", "--verify-hostname", case.host,
        "--verify-purpose", SERVER_AUTH, "--verify-profile", "medium"],
        LD_PRELOAD=str(clock), CORPUS_TIME=str(case.now))
    why = re.findall(r"Chain verification output: *(.*)", text)
    said = why[-1] if why else last_line(text)
    said = re.sub(r"^(Not verified|Verified)\. *(The certificate is (NOT trusted|trusted)\. *)?",
                  "", said).strip()
    return code == 0, said


def ask_others(case, stem, clock):
    openssl = ask_openssl(case, stem)
    # Strict means more rules: what is bad without them stays bad.
    strict = ask_openssl(case, stem, "-x509_strict") if openssl[0] else openssl
    return {"openssl": openssl, "strict": strict, "host": ask_checkhost(case, stem),
            "gnutls": ask_gnutls(case, stem, clock)}


def ask_ourselves(cases, stems, files, judge):
    """All of them in one process. {name: (verdict, reasons, details)}"""
    lines = []
    for case in cases:
        certificates = [str(files.certificate(one.der)) for one in case.sent]
        lines.append("\t".join([case.name, str(case.now), case.host, f"{stems[case.name]}.anchors",
                                *certificates]))
    done = subprocess.run([judge], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True,
                          timeout=120, check=True)
    verdicts = {}
    for line in done.stdout.splitlines():
        name, verdict, reasons, details = line.split("\t", 3)
        verdicts[name] = (verdict, reasons, details.split("|"))
    return verdicts


def ask_all(cases, directory, judge, clock):
    """{name: {"ours": …, "openssl": …, "strict": …, "host": …, "gnutls": …}}"""
    files = Files(directory)
    stems = {case.name: files.write(case) for case in cases}
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        waiting = {case.name: pool.submit(ask_others, case, stems[case.name], clock)
                   for case in cases}
        ours = ask_ourselves(cases, stems, files, judge)
        return {name: {"ours": ours[name], **future.result()} for name, future in waiting.items()}
