# SPDX-License-Identifier: GPL-3.0-or-later
"""A program needs the libraries it was designed with and no other: a second TLS library, or one
that an innocent package drags in, shows here.

    links.py PROGRAM [--with LIBRARY | --without LIBRARY]...

A library behind --without is one that this program is not meant to use; one behind --with is its own.
"""

import re
import subprocess
import sys

NEEDED = {"libuv", "libwolfssl", "libcjson", "libcares", "libidn2", "libunistring",
          "libpcre2-8"}
# The C library, the compiler's own, and what a sanitizer's build adds.
ALLOWED = {"libc", "libm", "libpthread", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64",
           "libasan", "libubsan", "libtsan", "liblsan", "libgcov"}


def main():
    needed = set(NEEDED)
    for option, library in zip(sys.argv[2::2], sys.argv[3::2]):
        needed = needed | {library} if option == "--with" else needed - {library}
    dynamic = subprocess.run(["readelf", "-d", sys.argv[1]], check=True, stdout=subprocess.PIPE,
                             env={"LC_ALL": "C", "PATH": "/usr/bin"}).stdout.decode()
    names = {re.sub(r"\.so[.\d]*$", "", name)
             for name in re.findall(r"\(NEEDED\).*\[([^\]]+)\]", dynamic)}
    extra, missing = names - needed - ALLOWED, needed - names
    if extra:
        print(f"{sys.argv[1]} also needs {', '.join(sorted(extra))}")
    if missing:
        print(f"{sys.argv[1]} does not use {', '.join(sorted(missing))}: is it still linked?")
    # A position-independent executable with all of its relocations read-only.
    for flag in ("BIND_NOW", "PIE"):
        if flag not in dynamic:
            print(f"{sys.argv[1]} is built without {flag}")
            extra.add(flag)
    print(f"needs: {', '.join(sorted(names))}")
    return 1 if extra or missing else 0


if __name__ == "__main__":
    sys.exit(main())
