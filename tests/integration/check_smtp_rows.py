# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument lists of against_check_smtp.py."""

import dataclasses

ROWS = []


@dataclasses.dataclass
class Row:
    """One argument list. Without a `defect` both must say and send the same."""

    name: str
    server: str  # a block of check_smtp.scenario
    arguments: str  # as in a shell; {at} is -H HOST -p PORT of the server, also {host} {port} {dir} {ca}
    defect: str  # what is wrong with the original, or None
    ours: tuple  # exit code and lines that ours has instead, or None; {end}: when the certificate ends
    sends: list  # what ours sends instead, or None; {me}: the machine's name
    environment: dict
    files: dict  # files in {dir}, by name
    number: int


def row(name, server, arguments, defect=None, ours=None, sends=None, environment=None, files=None):
    ROWS.append(Row(name, server, arguments, defect, ours, sends, environment or {}, files or {}, len(ROWS)))


# ---- one option at a time ----
row("host and port", "plain", "-H {host} -p {port}")
row("long names", "plain", "--hostname={host} --port={port}")
row("long names, values in the next word", "plain", "--hostname {host} --port {port}")
row("abbreviated long names", "plain", "--host {host} --po {port} --exp 220 --warn 9 --crit 10")
row("an ambiguous abbreviation", "plain", "{at} --auth LOGIN")
row("values attached", "plain", "-H{host} -p{port} -w9")
row("host as a word", "plain", "-p {port} {host}")
row("no host at all", "plain", "-p {port}")
row("no argument at all", "plain", "")
row("-H wins over a word", "plain", "{at} nosuchhost..invalid")
row("stop at the first word", "plain", "-p {port} {host} -e 999")
row("stop at --", "plain", "-p {port} -- {host}")
row("-p twice", "plain", "-p 1 -H {host} -p {port}")
row("localhost", "plain", "-H localhost -p {port}")
row("localhost by IPv4", "v4-door", "-4 -H localhost -p {port}")
row("IPv6", "v6", "{at}")
row("IPv6 in brackets", "v6", "-H [::1] -p {port}")
row("IPv6 forced", "v6", "-6 {at}")
row("IPv6 forced, long", "v6", "--use-ipv6 {at}")
row("IPv4 forced", "plain", "-4 {at}")
row("IPv4 forced, long", "plain", "--use-ipv4 {at}")
row("the last family wins", "plain", "-6 -4 {at}")
row("-6 with an IPv4 address", "plain", "-6 {at}")
row("-4 with an IPv6 address", "v6", "-4 {at}")
row("-6 behind an IPv4 address", "plain", "{at} -6")

# ---- expect ----
row("-e 220", "plain", "{at} -e 220")
row("-e a word of the greeting", "plain", "{at} -e ESMTP")
row("-e a word of the HELO reply", "plain", "{at} -e '250 mx.test'")
row("-e mismatch", "plain", "{at} -e 'Exim 4'")
row("-e mismatch, long", "plain", "{at} --expect 'Exim 4'")
row("-e empty", "plain", "{at} -e ''")
row("-e in a greeting of several lines", "greeting-lines", "{at} -e 'no spam'")
row("-e mismatch in a greeting of several lines", "greeting-lines", "{at} -e 'spam for all'")
row("-e and commands: mismatch", "plain", "{at} -e 'Exim 4' -f a@b.test -C NOOP")
row("-e of the EHLO reply inside TLS", "starttls", "{at} -S -e 250-PIPELINING")
row("-e mismatch inside TLS", "starttls", "{at} -S -e 'Exim 4'")
row("-e mismatch with |", "greeting-pipe", "{at} -e 220")

# ---- greetings ----
row("greeting of several lines", "greeting-lines", "{at}")
row("greeting 421", "greeting-421", "{at}")
row("greeting 554", "greeting-554", "{at}")
row("greeting 554, expected", "greeting-554", "{at} -e 554")
row("greeting 554 with 220 in its text", "greeting-554-text", "{at}")
row("greeting without a code", "greeting-no-code", "{at}")
row("greeting without a code, expected", "greeting-no-code", "{at} -e hello")
row("closed at once", "greeting-closed", "{at}")
row("reset at once", "greeting-reset", "{at}")
row("greeted, then closed", "greeting-then-closed", "{at}")
row("silence", "greeting-silent", "{at} -t 1")

# ---- hello ----
row("-F", "plain", "{at} -F probe.test")
row("--fqdn", "plain", "{at} --fqdn=probe.test")
row("HELO 500", "helo-500", "{at}")
row("HELO 550", "helo-550", "{at}")
row("HELO 421", "helo-421", "{at}")
row("HELO closed", "helo-closed", "{at}")
row("HELO reset", "helo-reset", "{at}")
row("HELO silent", "helo-silent", "{at} -t 1")
row("HELO garbage", "helo-garbage", "{at}")
row("220 only in the HELO reply", "helo-220", "{at}")
row("EHLO 500 with -S", "ehlo-500", "{at} -S")
row("EHLO 550 with -A", "helo-550", "{at} -A LOGIN -U user -P secret")
row("EHLO closed with -S", "helo-closed", "{at} -S")
row("-L", "lmtp", "{at} -L")
row("--lmtp", "lmtp", "{at} --lmtp")
row("-L at an SMTP server", "plain", "{at} -L")
row("no -L at an LMTP server", "lmtp", "{at}")

# ---- commands ----
row("-f", "plain", "{at} -f me@here.test")
row("-f in brackets", "plain", "{at} -f '<me@here.test>'")
row("-f empty", "plain", "{at} -f ''")
row("-f null sender", "plain", "{at} --from '<>'")
row("-f 550", "mail-550", "{at} -f me@here.test")
row("-f 451", "mail-451", "{at} -f me@here.test")
row("-f closed", "mail-closed", "{at} -f me@here.test")
row("-f reply of two lines", "mail-lines", "{at} -f me@here.test")
row("-C", "plain", "{at} -C NOOP")
row("-C refused, unchecked", "noop-502", "{at} -C NOOP")
row("-C and -R", "plain", "{at} -C NOOP -R '^250'")
row("-C and -R, long", "plain", "{at} --command=NOOP --response='^250'")
row("-C and -R mismatch", "noop-502", "{at} -C NOOP -R '^250'")
row("-C with |, -R mismatch", "vrfy-pipe", "{at} -C 'VRFY x' -R '^250'")
row("two -C and -R", "plain", "{at} -C NOOP -R '^250' -C 'VRFY x' -R '^500'")
row("two -C, mismatch in the first", "noop-502", "{at} -C NOOP -R '^250' -C 'RSET' -R '^250'")
row("two -C, mismatch in the second", "noop-502", "{at} -C RSET -R '^250' -C NOOP -R '^250'")
row("two -C, one -R", "noop-502", "{at} -C RSET -C NOOP -R '^250'")
row("-R alone", "plain", "{at} -R '^250'")
row("-R alternation", "noop-502", "{at} -C NOOP -R '^(250|502) '")
row("-R of the second line", "mail-lines", "{at} -C 'MAIL FROM:<a@b.test>' -R '^250 second$'")
row("-R that is no pattern", "plain", "{at} -C NOOP -R '('")
row("-R anywhere", "plain", "{at} -C NOOP -R 'o.*k'")
row("-R with a POSIX class", "plain", "{at} -C NOOP -R '^[[:digit:]]{3} '")
row("-C closed", "noop-closed", "{at} -C NOOP -R '^250'")
row("-C silent", "noop-silent", "{at} -C NOOP -t 1")
row("-f and -C inside TLS", "starttls", "{at} -S -f me@here.test -C NOOP -R 250")

# ---- QUIT ----
row("QUIT closed", "quit-closed", "{at}")
row("QUIT reset", "quit-reset", "{at}")
row("QUIT refused", "quit-500", "{at}")
row("gone before QUIT", "gone-before-quit", "{at} -C NOOP")
row("gone before QUIT, -q", "gone-before-quit", "{at} -C NOOP -q")
row("closed before QUIT", "closed-before-quit", "{at} -C NOOP")
row("-q", "plain", "{at} -q")
row("-q, long", "plain", "{at} --ignore-quit-failure")
row("a value after -q", "plain", "{at} -q 1 -w 5")
row("a value after -q, as ITL writes it", "plain", "-C NOOP -H {host} -S -p {port} -q 1 -t 5")
row("-q, then the host as a word", "plain", "-p {port} -q 127.0.0.1")

# ---- AUTH ----
row("-A LOGIN", "auth", "{at} -A LOGIN -U user -P secret")
row("-A LOGIN, long", "auth", "{at} --authtype LOGIN --authuser user --authpass secret")
row("-A LOGIN unlisted", "auth-unlisted", "{at} -A LOGIN -U user -P secret")
row("-A LOGIN inside TLS", "auth-tls", "{at} -S -A LOGIN -U user -P secret")
row("-A PLAIN", "auth", "{at} -A PLAIN -U user -P secret")
row("-A login", "auth", "{at} -A login -U user -P secret")
row("-A without -U", "auth", "{at} -A LOGIN -P secret")
row("-A without -P", "auth", "{at} -A LOGIN -U user")
row("-U and -P without -A", "auth", "{at} -U user -P secret")
row("AUTH 502", "auth-502", "{at} -A LOGIN -U user -P secret")
row("AUTH closed", "auth-closed", "{at} -A LOGIN -U user -P secret")
row("AUTH user refused", "auth-user-535", "{at} -A LOGIN -U user -P secret")
row("AUTH user closed", "auth-user-closed", "{at} -A LOGIN -U user -P secret")
row("AUTH password refused", "auth-535", "{at} -A LOGIN -U user -P secret")
row("AUTH password closed", "auth-password-closed", "{at} -A LOGIN -U user -P secret")
row("AUTH refused over a response mismatch", "auth-535", "{at} -C NOOP -R '^500' -A LOGIN -U user -P secret")
row("AUTH fine after a response mismatch", "auth", "{at} -C NOOP -R '^500' -A LOGIN -U user -P secret")

# ---- limits ----
row("-w and -c far away", "plain", "{at} -w 50 -c 60")
row("-w -c, long", "plain", "{at} --warning=50.5 --critical=60.25")
row("-w 0", "plain", "{at} -w 0")
row("-c 0", "plain", "{at} -c 0")
row("-w reached, -c not", "slow", "{at} -w 0.1 -c 60")
row("-c reached", "slow", "{at} -w 0.05 -c 0.1")
row("-c reached, no -w", "slow", "{at} -c 0.1")
row("-c below -w", "slow", "{at} -w 60 -c 0.1")
row("-w with a mismatch", "noop-502", "{at} -C NOOP -R ^250 -w 0 -c 0")
row("-wt and -ct", "plain", "{at} -wt 50 -ct 60")
row("-to", "greeting-silent", "{at} -to 1")
row("-w exponent", "plain", "{at} -w 5e1 -c 1e2")
row("-w many digits", "plain", "{at} -w 5.123456789 -c 60.0000001")
row("-w blank before", "plain", "{at} -w ' 5'")
row("-w 50.", "plain", "{at} -w 50. -c 100")
row("-w hexadecimal", "plain", "{at} -w 0x32")
row("-w inf", "plain", "{at} -w inf")
row("-w nan", "plain", "{at} -w nan")

# ---- timeouts ----
row("-t of a silent HELO", "helo-silent", "{at} --timeout 1")
row("-t of a silent command", "noop-silent", "{at} -C NOOP -t 1 -w 1")
row("-t of a silent STARTTLS", "starttls-silent", "{at} -S -t 1")
row("-t of a silent handshake", "handshake-silent", "{at} -S -t 1")
row("-t of a silent EHLO inside TLS", "tls-ehlo-silent", "{at} -S -t 1")
row("-t N:STATE", "greeting-silent", "{at} -t 1:WARNING")
row("-t N:number", "greeting-silent", "{at} -t 1:3")
row("-t 0", "plain", "{at} -t 0")
row("-t blank after", "plain", "{at} -t '9 '")

# ---- TLS ----
row("-S", "starttls", "{at} -S")
row("--starttls", "starttls", "{at} --starttls")
row("-S RSA", "starttls-rsa", "{at} -S")
row("-S TLS 1.2", "starttls-12", "{at} -S")
row("-S TLS 1.0", "starttls-10", "{at} -S")
row("-S missing", "plain", "{at} -S")
row("-S missing, -e mismatch", "plain", "{at} -S -e 'Exim 4'")
row("-S 454", "starttls-454", "{at} -S")
row("-S 502", "starttls-502", "{at} -S")
row("-S 502 with 220 in its text", "starttls-502-text", "{at} -S -t 1")
row("-S lower-case", "starttls-lower", "{at} -S")
row("-S closed", "starttls-closed", "{at} -S")
row("handshake alert", "handshake-alert", "{at} -S")
row("handshake text", "handshake-text", "{at} -S")
row("handshake closed", "handshake-closed", "{at} -S")
row("handshake reset", "handshake-reset", "{at} -S")
row("EHLO 500 inside TLS", "tls-ehlo-500", "{at} -S")
row("EHLO closed inside TLS", "tls-ehlo-closed", "{at} -S")
row("QUIT closed inside TLS", "tls-quit-closed", "{at} -S")
row("greeting 554 before TLS", "tls-greeting-554", "{at} -S")
row("-S at an implicit port", "implicit", "{at} -S -t 2")
row("no TLS asked of an implicit port", "implicit", "{at} -t 1")
row("-S other name", "cert-other-name", "{at} -S")
row("-S self-signed", "cert-self-signed", "{at} -S")
row("-S expired", "cert-expired", "{at} -S")
row("-L -S", "lmtp", "{at} -L -S")

# ---- certificates ----
row("-D 14", "starttls", "{at} -D 14")
row("-D 14, long", "starttls", "{at} --certificate=14")
row("-D 14 -S", "starttls", "{at} -D 14 -S")
row("-S -D 14,7", "starttls", "{at} -S -D 14,7")
row("-D warning", "cert-15", "{at} -S -D 30")
row("-D warning, below critical not", "cert-15", "{at} -S -D 30,7")
row("-D critical", "cert-5", "{at} -S -D 30,7")
row("-D equal to the days left", "cert-15", "{at} -S -D 14")
row("-D one less", "cert-15", "{at} -S -D 13")
row("-D critical equal to the days left", "cert-15", "{at} -S -D 30,14")
row("-D critical one less", "cert-15", "{at} -S -D 30,13")
row("-D critical above warning", "cert-15", "{at} -S -D 7,30")
row("-D 0", "starttls", "{at} -S -D 0")
row("-D expired", "cert-expired", "{at} -S -D 30,7")
row("-D expired, 0", "cert-expired", "{at} -S -D 0")
row("-D not yet valid", "cert-not-yet", "{at} -S -D 30,7")
row("-D no CN", "cert-no-cn", "{at} -S -D 30")
row("-D other name", "cert-other-name", "{at} -S -D 30")
row("-D self-signed", "cert-self-signed", "{at} -S -D 30")
row("-D and -e mismatch", "starttls", "{at} -S -D 30 -e 'Exim 4'")
row("-D and -w", "starttls", "{at} -S -D 30 -w 0")
row("-D warning and commands", "cert-15-mail-550", "{at} -S -D 30 -f me@here.test")
row("-D and -C mismatch", "starttls", "{at} -S -D 30 -C NOOP -R '^500'")
row("-D without STARTTLS offered", "plain", "{at} -D 30")
row("-D silent", "handshake-silent", "{at} -S -D 30 -t 1")
row("-D bad", "starttls", "{at} -D soon")
row("-D bad critical", "starttls", "{at} -D 30,soon")
row("-D negative", "starttls", "{at} -D -5")

# ---- 2.4 ----
row("-s", "implicit", "{at} -s")
row("--ssl", "implicit", "{at} --ssl")
row("--tls", "implicit", "{at} --tls")
row("-s -D", "implicit", "{at} -s -D 30,7")
row("-s -D expired", "implicit-expired", "{at} -s -D 30,7")
row("-r", "proxied", "{at} -r")
row("--proxy", "proxied", "{at} --proxy")
row("-s -r", "proxied-implicit", "{at} -s -r")
row("--sni", "starttls", "{at} -S --sni")
row("-s and -S", "implicit", "{at} -s -S")

# ---- connections ----
row("refused", "refuse", "{at}")
row("refused with -v", "refuse", "{at} -v")
row("refused with limits", "refuse", "{at} -w 5 -c 10")
row("refused with -S", "refuse", "{at} -S")
row("refused with -D", "refuse", "{at} -D 30")
row("no such Unix socket", "plain", "-H {dir}/nothing -p {port}")

# ---- names ----
row("a label of more than 63 octets", "plain", "-H " + "a" * 70 + ".invalid -p {port}")
row("an empty label", "plain", "-H bad..name -p {port}")
row("an empty name", "plain", "-H '' -p {port}")
row("a bad name as a word", "plain", "-p {port} bad..name")
row("a name with a blank", "plain", "-H 'mx test' -p {port}")

# ---- usage ----
row("-h", "plain", "-h")
row("--help", "plain", "--help")
row("-V", "plain", "-V")
row("--version", "plain", "--version")
row("-h behind a bad option", "plain", "-p x -h")
row("-V before a bad option", "plain", "-V -p x")
row("unknown letter", "plain", "{at} -Z")
row("unknown long name", "plain", "{at} --nothing")
row("-p without a value", "plain", "-H {host} -p")
row("--port without a value", "plain", "-H {host} --port")
row("a value for -S", "plain", "{at} --starttls=yes")
row("-p a word", "plain", "-H {host} -p smtp")
row("-p 0", "plain", "-H {host} -p 0")
row("-p negative", "plain", "-H {host} -p -1")
row("-p too large", "plain", "-H {host} -p 65536")
row("-p 99999999999", "plain", "-H {host} -p 99999999999")
row("-p with letters behind", "plain", "-H {host} -p 25x")
row("-w a word", "plain", "{at} -w soon")
row("-c a word", "plain", "{at} -c soon")
row("-w negative", "plain", "{at} -w -1")
row("-w empty", "plain", "{at} -w ''")
row("-w with a comma", "plain", "{at} -w 5,10")
row("-w unit", "plain", "{at} -w 5s")
row("-w range", "slow", "{at} -w 10:")
row("-w range 2", "plain", "{at} -w 0:10")
row("-w range 3", "plain", "{at} -w ~:10 -c @20:30")
row("-t a word", "plain", "{at} -t soon")
row("-t negative", "plain", "{at} -t -1")
row("-t fraction", "plain", "{at} -t 1.5")

# ---- verbose ----
row("-v", "plain", "{at} -v")
row("-v -f -C", "plain", "{at} -v -f a@b.test -C NOOP")
row("-vS", "starttls", "{at} -vS")
row("-vvS", "starttls", "{at} -vvS")
row("-v AUTH", "auth", "{at} -v -A LOGIN -U user -P secret")
row("-v -D", "starttls", "{at} -v -S -D 30")
row("-v -q QUIT fails", "gone-before-quit", "{at} -C NOOP -v -q")
row("-v QUIT closed", "quit-closed", "{at} -v")

# ---- as configurations write them ----
row("ITL smtp", "starttls", "-C NOOP -F probe.test -H {host} -R 250 -S -c 60 -e 220 -f me@here.test -p {port} -t 9 -w 50")
row("ITL smtp with -D", "starttls", "-D 30 -F probe.test -H {host} -S -p {port} -t 9")
row("Checkmk", "starttls",
    "-e 220 -p {port} -C NOOP -R 250 -f me@here.test -w 50.0000 -c 60.0000 -t 9 -S -F probe.test -4 -H {host}")
row("Checkmk AUTH", "auth", "-p {port} -w 50.0000 -c 60.0000 -A LOGIN -U user -P secret -H {host}")

# ---- --extra-opts ----
INI = """; a comment
[check_smtp]
hostname = {host}
port={port}
expect = ESMTP

# another
[mismatch]
hostname={host}
port={port}
expect=Exim 4
[short]
H={host}
p={port}
[flags]
hostname={host}
port={port}
starttls=
[bare]
starttls
[empty]
"""
row("--extra-opts", "plain", "--extra-opts", environment={"MP_CONFIG_FILE": "{dir}/a.ini"}, files={"a.ini": INI})
row("--extra-opts=@file", "plain", "--extra-opts=@{dir}/b.ini", files={"b.ini": INI})
row("--extra-opts=section@file", "plain", "--extra-opts=mismatch@{dir}/c.ini", files={"c.ini": INI})
row("--extra-opts, next word", "plain", "--extra-opts mismatch@{dir}/d.ini -v", files={"d.ini": INI})
row("--extra-opts, next word an option", "plain", "--extra-opts -e Sendmail", environment={"MP_CONFIG_FILE": "{dir}/e.ini"}, files={"e.ini": INI})
row("--extra-opts and argv", "plain", "-e 220 --extra-opts=mismatch@{dir}/f.ini", files={"f.ini": INI})
row("--extra-opts one letter", "plain", "--extra-opts=short@{dir}/g.ini", files={"g.ini": INI})
row("--extra-opts flag", "plain", "--extra-opts=flags@{dir}/h.ini", files={"h.ini": INI})
row("--extra-opts flag without =", "plain", "--extra-opts=bare@{dir}/i.ini", files={"i.ini": INI})
row("--extra-opts empty section", "plain", "--extra-opts=empty@{dir}/j.ini", files={"j.ini": INI})
row("--extra-opts no section", "plain", "--extra-opts=nothing@{dir}/k.ini", files={"k.ini": INI})
row("--extra-opts no file", "plain", "--extra-opts=@{dir}/nofile.ini")
row("--extra-opts no default file", "plain", "--extra-opts", environment={"NAGIOS_CONFIG_PATH": "{dir}/none"})
row("--extra-opts twice", "plain", "--extra-opts=@{dir}/l.ini --extra-opts=mismatch@{dir}/l.ini", files={"l.ini": INI})
row("--extra-opts garbage", "plain", "--extra-opts=@{dir}/m.ini", files={"m.ini": "hello\n[check_smtp]\n"})
row("--extra-opts NAGIOS_CONFIG_PATH", "plain", "--extra-opts", environment={"NAGIOS_CONFIG_PATH": "/nowhere:{dir}"}, files={"plugins.ini": INI})

# ---- locale ----
row("de_DE", "plain", "{at} -w 50 -c 60", environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE fraction", "plain", "{at} -w 0.5 -c 60.5", environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE comma", "plain", "{at} -w 0,5", environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE -D", "starttls", "{at} -S -D 30", environment={"LC_ALL": "de_DE.UTF-8"})
