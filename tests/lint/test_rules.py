# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule that never fires is no rule: each has here a file that breaks it and one that does not."""

import sys

sys.dont_write_bytecode = True

from rules import Report, check_file

SPDX = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
GUARD = SPDX + "#ifndef SP_PROBE_BUF_H\n#define SP_PROBE_BUF_H\n#endif\n"

# (path, text, a part of the breach that is due, or None)
TABLE = [
    ("probe/conn.c", SPDX + "#include <uv.h>\n", None),
    ("probe/dialogue.c", SPDX + "#include <uv.h>\n", "may not include uv.h"),
    ("probe/dialogue.c", SPDX + "#include <wolfssl/ssl.h>\n", "may not include wolfssl/ssl.h"),
    ("probe/dialogue.c", SPDX + "/* #include <uv.h> */\n", None),
    ("probe/tls.c", SPDX + "#include <wolfssl/ssl.h>\n", None),
    ("probe/tls.h", SPDX + "#include <wolfssl/ssl.h>\n", "may not include wolfssl/ssl.h"),
    ("checks/check_tls.c", SPDX + "#include <wolfssl/ssl.h>\n", "may not include"),
    ("probe/sasl_hash.c", SPDX + "#include <wolfssl/wolfcrypt/sha.h>\n", None),
    ("probe/sasl_scram.c", SPDX + "#include <wolfssl/wolfcrypt/sha.h>\n", "the hashes of sasl"),
    ("probe/saslprep.c", SPDX + "#include <uninorm.h>\n", None),
    ("probe/saslprep.c", SPDX + "#include <unistd.h>\n", None),
    ("probe/credentials.c", SPDX + "#include <unistd.h>\n#include <unistr.h>\n", "stays in saslprep"),
    ("probe/sasl_scram.c", SPDX + "#include <gsasl.h>\n", "its own"),
    ("tests/unit/test_sasl_scram.c", SPDX + "#include <gsasl.h>\n", None),
    ("output/text.c", SPDX + "#include <cjson/cJSON.h>\n", "may not include cjson/cJSON.h"),
    ("output/json.c", SPDX + "#include <cjson/cJSON.h>\n", None),
    ("probe/session.c", SPDX + "#include <ares.h>\n", "may not include ares.h"),
    ("probe/tls.c", SPDX + "#include <openssl/ssl.h>\n", "one TLS library"),
    ("prometheus/http_tls.c", SPDX + "#include <gnutls/gnutls.h>\n", None),
    ("prometheus/prober.c", SPDX + "#include <gnutls/gnutls.h>\n", "the exporter's HTTP server"),
    ("prometheus/http_private.h", SPDX + "#include <microhttpd.h>\n", None),
    ("prometheus/page.c", SPDX + "#include <microhttpd.h>\n", "stays in http"),
    ("prometheus/page.c", SPDX + "#include <zlib.h>\n", "stays in http"),
    ("prometheus/yaml.c", SPDX + "#include <yaml.h>\n", None),
    ("prometheus/config.c", SPDX + "#include <yaml.h>\n", "stays in yaml"),
    ("prometheus/config.c", SPDX + '#include "prometheus/yaml.h"\n', None),
    ("prometheus/web_users.c", SPDX + "#include <crypt.h>\n", None),
    ("prometheus/service.c", SPDX + "#include <crypt.h>\n", "passwords are checked"),
    ("probe/session.c", SPDX + '#include "checks/check.h"\n', "may not include checks/check.h"),
    ("probe/main.c", SPDX + '#include "output/output.h"\n', None),
    ("checks/registry.c", SPDX + '#include "output/output.h"\n', "prints nothing"),
    ("checks/registry.c", SPDX + '#include "probe/session.h"\n', "not its machinery"),
    ("output/text.c", SPDX + '#include "checks/check.h"\n#include "probe/evidence.h"\n', None),
    ("probe/reply.c", SPDX + '#include "probe/dialogue.h"\n', "stands above"),
    ("probe/dialogue.c", SPDX + '#include "probe/reply.h"\n', None),
    ("probe/buf.c", SPDX + "void f(char *a)\n{\n    strcpy(a, a);\n}\n", "strcpy()"),
    ("probe/buf.c", SPDX + 'const char *f = "strcpy(a, b)"; // strcpy(a, b)\n', None),
    ("probe/buf.c", SPDX + "int my_atoi(int);\nint x(void) { return s.atoi(1); }\n", None),
    ("probe/buf.c", SPDX + "struct tm *t = gmtime(&now);\n", "gmtime()"),
    ("probe/buf.c", SPDX + "struct tm *t = gmtime_r(&now, &tm);\n", None),
    ("probe/buf.c", SPDX + "void f(void)\n{\n    exit(1);\n}\n", "never prints or exits"),
    ("probe/main.c", SPDX + "void f(void)\n{\n    exit(1);\n}\n", None),
    ("probe/buf.c", SPDX + 'void f(void) { setlocale(LC_ALL, ""); }\n', "locale"),
    ("probe/buf.c", SPDX + "int x = rand();\n", "chance"),
    ("tests/unit/test_buf.c", SPDX + "int x = rand();\n", None),
    ("tests/unit/test_buf.c", SPDX + "int x = atoi(y);\n", "atoi()"),
    ("probe/buf.c", SPDX + "typedef struct a b;\n", "without typedef"),
    ("probe/buf.c", "int x;\n", "no SPDX"),
    ("tests/x/y.py", "import os\n", "no SPDX"),
    ("probe/buf.c", SPDX + "int x; \n", "at the end of the line"),
    ("probe/buf.c", SPDX + "int x;\r\n", "at the end of the line"),
    ("probe/buf.c", SPDX + "\tint x;\n", "a tab"),
    ("probe/buf.c", SPDX + "// " + "x" * 118 + "\n", "121 columns"),
    ("probe/buf.c", SPDX + "int x;", "no newline"),
    ("probe/buf.c", SPDX + "int x;\n\n", "empty lines at the end"),
    ("probe/buf.h", GUARD, None),
    ("probe/buf.h", GUARD.replace("SP_PROBE_BUF_H", "BUF_H"), "guard must be SP_PROBE_BUF_H"),
]


def main():
    wrong = 0
    for path, text, wanted in TABLE:
        report = Report()
        check_file(path, text, report)
        fine = not report.breaches if wanted is None else any(wanted in breach
                                                              for breach in report.breaches)
        if not fine:
            wrong += 1
            print(f"{path}: {text!r}\n  gave {report.breaches}, must give {wanted!r}")
    print(f"{len(TABLE)} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
