# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house that a program can check: who may include whom, which calls are banned,
and how a file looks. Prints `file:line: message` for every breach and fails if there is one.

    rules.py SOURCE-DIRECTORY
"""

import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True

from c_text import code_of, functions_of, includes_of

SKIPPED_FOLDERS = re.compile(r"^(build.*|\.git|\.cache|__pycache__)$")
# Bytes in these are data of tests and may break every rule of style.
DATA_FOLDERS = ("tests/golden/", "tests/fuzz/corpus/", "prometheus/dashboard.json")
STYLED = {".c", ".h", ".def", ".py", ".sh", ".cmake", ".md", ".json", ".yml"}
NEEDS_SPDX = {".c", ".h", ".def", ".py", ".sh", ".cmake"}

# Which file may include a library's header. Paths are from the top; `*` is any text.
LIBRARIES = [
    # (header, files that may, why)
    (r"uv\.h|uv/.*",
     r"probe/(conn|dns|session|survey|work|runner|main)(_\w+)?\.[ch]|(nagios|prometheus)/.*|tests/.*",
     "the event loop stays in conn, dns, session, survey, work, runner and the mains"),
    (r"wolfssl/.*", r"probe/((tls|crypto)(_\w+)?|sasl_hash)\.c|tests/(unit|fuzz)/.*",
     "wolfSSL stays in tls, crypto (the signatures of path) and the hashes of sasl"),
    (r"cJSON\.h|cjson/.*", r"output/json(_\w+)?\.[ch]|tests/unit/.*",
     "cJSON stays in output/json.c"),
    (r"ares\.h|ares_.*\.h", r"probe/dns(_\w+)?\.[ch]|tests/unit/.*", "c-ares stays in dns"),
    (r"idn2\.h", r"probe/(dns|host|name|endpoint|idn)(_\w+)?\.c|tests/unit/.*",
     "libidn2 stays where names are turned into A-labels"),
    (r"(unicase|uninorm|unistr|unitypes)\.h", r"probe/(ntlm|saslprep)\.c|tests/unit/.*",
     "libunistring stays in saslprep and ntlm"),
    (r"(gsasl|stringprep)\.h", r"tests/.*", "the product's mechanisms are its own"),
    (r"pcre2\.h", r"(checks|tests/unit)/.*", "patterns are judged, and so stay in checks"),
    (r"openssl/.*", r"tests/(server|unit)/.*", "the product's probes have one TLS library: wolfSSL"),
    (r"gnutls/.*", r"prometheus/(http|web)_\w+\.[ch]|prometheus/http\.c|tests/(server|unit)/.*",
     "GnuTLS is the TLS of the exporter's HTTP server, and of nothing else"),
    (r"microhttpd\.h", r"prometheus/http(_\w+)?\.[ch]", "libmicrohttpd stays in http"),
    (r"zlib\.h", r"prometheus/http_\w+\.c|tests/unit/.*", "zlib stays in http"),
    (r"crypt\.h", r"prometheus/web_\w+\.c|tests/unit/.*", "passwords are checked in web_auth"),
    (r"yaml\.h", r"prometheus/yaml(_\w+)?\.c", "libyaml stays in yaml"),
    (r"(gssapi|krb5)/.*", r"probe/(gss_\w+\.[ch]|sasl_gssapi\.c)|tests/unit/test_sasl_gssapi\.c",
     "Kerberos is loaded when a login asks for it, and stays in gss and sasl_gssapi"),
    (r"cmocka\.h", r"tests/unit/.*", "cmocka is for unit tests"),
]

# The arrows between rooms: (files, headers they may not include, why).
ENTRY_POINT = re.compile(r"(probe/main\.c|nagios/.*|prometheus/.*)")
ROOMS = [
    (r"probe/.*", r"(checks|output|nagios|prometheus)/.*",
     "probe/ gathers facts and judges nothing"),
    (r"checks/.*", r"(output|nagios|prometheus)/.*", "checks/ judges and prints nothing"),
    (r"output/.*", r"(nagios|prometheus)/.*", "output/ knows no entry point"),
    (r"(checks|output)/.*", r"probe/(conn|dialogue|dns|path|runner|sasl|session|tls|trust)\.h",
     "checks/ and output/ see the facts of a probe, not its machinery"),
    (r"probe/.*", r"tests/.*", "the product does not include its tests"),
]

# Inside probe/ a file may include its own level and those below.
LEVELS = {name: level for level, names in enumerate([
    "limits phase reason buf arena text base64 secret log",
    "options endpoint script transcript crypto cert name trust host",
    "path tls",
    "evidence",
    "reply ehlo sasl",
    "dialogue dns",
    "conn",
    "session",
    "runner",
    "main",
]) for name in names.split()}

BANNED = [
    (r"(?:v?sprintf|strcpy|strcat|gets|strtok|atoi|atol|atoll|atof)", "has no bound or no error"),
    (r"(?:gmtime|localtime|ctime|asctime)", "keeps its answer in static memory"),
    (r"(?:alloca|setjmp|longjmp|tmpnam|mktemp)", "is not used in this house"),
]
# Tests may call a shell and cut strings as they like.
BANNED_IN_PRODUCT = [
    (r"(?:strncpy|strncat)", "cuts silently, or does not end its string"),
    (r"(?:system|popen)", "starts a shell"),
    # Randomness is an argument, so that tests choose it.
    (r"(?:rand|srand|random|drand48)", "is chance that no test can choose"),
]


def calls(table):
    return [(re.compile(rf"(?<![\w.>]){names}(?=\s*\()"), why) for names, why in table]


BANNED, BANNED_IN_PRODUCT = calls(BANNED), calls(BANNED_IN_PRODUCT)
# Libraries never print or exit; the rooms' own files are libraries, the mains are not.
PRINTING = re.compile(r"(?<![\w.>])(?:printf|puts|putchar|perror|exit|_exit|abort)(?=\s*\()")
LIBRARY_FILES = re.compile(r"(probe|checks|output)/(?!main\.c).*\.[ch]")
LOCALE = re.compile(r"setlocale\s*\(\s*LC_(?:ALL|NUMERIC)")

# clang-format keeps code within 100 columns; comments and strings, which it leaves alone, get some
# more.
FUNCTION_LINES, FILE_LINES, COLUMNS = 60, 600, 120


def matches(pattern, text):
    return re.fullmatch(pattern, text) is not None


class Report:
    def __init__(self):
        self.breaches, self.warnings = [], []

    def breach(self, path, line, text):
        self.breaches.append(f"{path}:{line}: {text}")

    def warn(self, path, line, text):
        self.warnings.append(f"{path}:{line}: note: {text}")


def check_includes(path, source, report):
    for line, header in includes_of(source):
        for headers, allowed, why in LIBRARIES:
            if matches(headers, header) and not matches(allowed, path):
                report.breach(path, line, f"may not include {header}: {why}")
        for files, headers, why in ROOMS:
            if matches(files, path) and matches(headers, header) and not ENTRY_POINT.match(path):
                report.breach(path, line, f"may not include {header}: {why}")
        check_level(path, line, header, report)


def check_level(path, line, header, report):
    if not (path.startswith("probe/") and header.startswith("probe/")):
        return
    own = LEVELS.get(pathlib.PurePath(path).stem)
    other = LEVELS.get(pathlib.PurePath(header).stem)
    if own is not None and other is not None and other > own:
        report.breach(path, line, f"may not include {header}: it stands above this file")


def check_calls(path, source, report):
    banned = BANNED if path.startswith("tests/") else BANNED + BANNED_IN_PRODUCT
    for number, line in enumerate(code_of(source).split("\n"), 1):
        for pattern, why in banned:
            for found in pattern.finditer(line):
                report.breach(path, number, f"{found.group()}() {why}")
        found = PRINTING.search(line)
        if found and LIBRARY_FILES.fullmatch(path):
            report.breach(path, number, f"{found.group()}(): a library never prints or exits")
        if LOCALE.search(line):
            report.breach(path, number, "numbers must not depend on the locale")
        if re.match(r"\s*typedef\s+(struct|union|enum)\b", line):
            report.breach(path, number, "a struct is written as struct, without typedef")


def check_lengths(path, source, report):
    lines = source.count("\n")
    if lines > FILE_LINES:
        report.warn(path, 1, f"{lines} lines; {FILE_LINES} are the habit")
    for start, length in functions_of(source):
        if length > FUNCTION_LINES:
            report.warn(path, start,
                        f"a function of {length} lines; {FUNCTION_LINES} are the habit")


def check_style(path, source, report):
    suffix = pathlib.PurePath(path).suffix
    is_table = False  # laid out by hand
    for number, line in enumerate(source.split("\n"), 1):
        if "clang-format o" in line:
            is_table = "clang-format off" in line
        if line != line.rstrip():
            report.breach(path, number, "blanks (or a CR) at the end of the line")
        if "\t" in line:
            report.breach(path, number, "a tab; indent with spaces, write \\t in strings")
        if len(line) > COLUMNS and not is_table and suffix not in (".md", ".def", ".json"):
            report.breach(path, number, f"{len(line)} columns; {COLUMNS} are the limit")
    if source and not source.endswith("\n"):
        report.breach(path, source.count("\n") + 1, "no newline at the end of the file")
    if source.endswith("\n\n"):
        report.breach(path, source.count("\n"), "empty lines at the end of the file")


def check_spdx(path, source, report):
    if "SPDX-License-Identifier: GPL-3.0-or-later" not in "\n".join(source.split("\n")[:3]):
        report.breach(path, 1, "no SPDX-License-Identifier in the first three lines")


def check_guard(path, source, report):
    """A header's guard is its path: SP_PROBE_OPTIONS_H for probe/options.h."""
    top, _, rest = path.partition("/")
    wanted = "SP_" + re.sub(r"\W", "_", path).upper()
    if top in ("probe", "checks", "output") and f"#ifndef {wanted}\n" not in source:
        # Lists that are included several times have no guard, and say so by a macro of their own.
        if not rest.endswith("list.h"):
            report.breach(path, 1, f"the include guard must be {wanted}")


def files_of(top):
    for folder, names, files in os.walk(top):
        names[:] = sorted(name for name in names if not SKIPPED_FOLDERS.match(name))
        for name in sorted(files):
            full = pathlib.Path(folder, name)
            path = full.relative_to(top).as_posix()
            if not path.startswith(DATA_FOLDERS) and full.is_file():
                yield full, path


def check_file(path, source, report):
    """All rules on one file; `path` is from the top of the tree."""
    suffix = pathlib.PurePath(path).suffix
    script = source.startswith("#!")
    if suffix in STYLED or script:
        check_style(path, source, report)
    if suffix in NEEDS_SPDX or script or path.endswith("CMakeLists.txt"):
        check_spdx(path, source, report)
    if suffix in (".c", ".h"):
        check_includes(path, source, report)
        check_calls(path, source, report)
        check_lengths(path, source, report)
    if suffix == ".h":
        check_guard(path, source, report)


def check_readme(top, report):
    """README may only name options that the table has."""
    table, readme = top / "probe/options.def", top / "README.md"
    if not (table.is_file() and readme.is_file()):
        return
    known = {word.replace("_", "-") for word in re.findall(r'"([a-z0-9][a-z0-9_-]+)"',
                                                          table.read_text(encoding="utf-8"))}
    known |= {"help", "version"}
    for number, line in enumerate(readme.read_text(encoding="utf-8").split("\n"), 1):
        if "smtp-probe" in line:
            for option in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]+)", line):
                if option not in known:
                    report.breach("README.md", number, f"--{option} is not in probe/options.def")


def check_flags(top, report):
    """What tells people of the exporter's flags may only name those that its table has."""
    table = top / "prometheus/flags.c"
    known = set(re.findall(r'\{\{"([a-z.-]+)"', table.read_text(encoding="utf-8"))) if table.is_file() else set()
    for path in ("prometheus/README.md", "packaging/systemd/smtp-probe-exporter.service.in",
                 "packaging/systemd/smtp-probe-exporter.socket"):
        lines = (top / path).read_text(encoding="utf-8").split("\n") if known and (top / path).is_file() else []
        for number, line in enumerate(lines, 1):
            for flag in re.findall(r"(?<![\w-])--(?:no-)?([a-z]+\.[a-z.-]+[a-z])", line):
                if flag not in known:
                    report.breach(path, number, f"--{flag} is not in prometheus/flags.c")


def main():
    top = pathlib.Path(sys.argv[1]).resolve()
    report, count = Report(), 0
    for full, path in files_of(top):
        try:
            source = full.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            if full.suffix in STYLED:
                report.breach(path, 1, "is not UTF-8")
            continue
        check_file(path, source, report)
        count += 1
    check_readme(top, report)
    check_flags(top, report)
    print("\n".join(report.warnings + report.breaches))
    print(f"{count} files, {len(report.warnings)} notes, {len(report.breaches)} breaches")
    return 1 if report.breaches or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
