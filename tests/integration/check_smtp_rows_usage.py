# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of against_check_smtp.py. How arguments are written: spellings, wrong values, ini files, locale."""

from check_smtp_row import FINE, LEAVES, NOPERF, RANGE, STDERR, VERSION, VFIRST, refused, row

# ---- one option at a time ----
row("host and port", "plain", "-H {host} -p {port}")
row("long names", "plain", "--hostname={host} --port={port}")
row("long names, values in the next word", "plain", "--hostname {host} --port {port}")
row("abbreviated long names", "plain", "--host {host} --po {port} --exp 220 --warn 9 --crit 10")
row("an ambiguous abbreviation", "plain", "{at} --auth LOGIN",
    defect=STDERR, ours=(3, ["check_smtp: option '--auth' is ambiguous", "Usage:"]))
row("values attached", "plain", "-H{host} -p{port} -w9")
row("host as a word", "plain", "-p {port} {host}")
row("no host at all", "plain", "-p {port}")
row("no argument at all", "plain", "")
row("-H wins over a word", "plain", "{at} nosuchhost..invalid")
row("stop at the first word", "plain", "-p {port} {host} -e 999")
row("stop at --", "plain", "-p {port} -- {host}")
row("-p twice", "plain", "-p 1 -H {host} -p {port}")
row("-H twice", "plain", "-H 127.0.0.9 -H {host} -p {port}")
row("-p with blanks", "plain", "-H {host} -p ' {port} '")
row("options twice: the last wins", "plain",
    "{at} -e 999 -e 220 -w 0 -w 50 -t 1 -t 9 -F a.test -F b.test -f x@a.test -f y@a.test")
row("localhost", "plain", "-H localhost -p {port}")
row("localhost by IPv4", "v4-door", "-4 -H localhost -p {port}")
row("IPv6", "v6", "{at}")
row("IPv6 in brackets", "v6", "-H [::1] -p {port}",
    defect="refuses an IPv6 address in brackets although connecting strips them", ours=FINE,
    sends=["line HELO {me}", "line QUIT"])
row("IPv6 forced", "v6", "-6 {at}")
row("IPv6 forced, long", "v6", "--use-ipv6 {at}")
row("IPv4 forced", "plain", "-4 {at}")
row("IPv4 forced, long", "plain", "--use-ipv4 {at}")
row("the last family wins", "plain", "-6 -4 {at}")
row("-6 with an IPv4 address", "plain", "-6 {at}")
row("-4 with an IPv6 address", "v6", "-4 {at}")
row("-6 behind an IPv4 address", "plain", "{at} -6",
    defect="-6 counts only for a -H behind it",
    ours=(3, ["check_smtp: Invalid hostname/address - 127.0.0.1", "Usage:"]))

# ---- names ----
row("a label of more than 63 octets", "plain", "-H " + "a" * 70 + ".invalid -p {port}")
row("an empty label", "plain", "-H bad..name -p {port}")
row("an empty name", "plain", "-H '' -p {port}")
row("a bad name as a word", "plain", "-p {port} bad..name")
row("a name with a blank", "plain", "-H 'mx test' -p {port}")

# ---- usage ----
row("-h", "plain", "-h",
    defect=VERSION,
    ours=(3, ["check_smtp vN (smtp-probe N)",
              "Checks a mail server with the command line of check_smtp.",
              "",
              "Usage:"]))
row("--help", "plain", "--help",
    defect=VERSION,
    ours=(3, ["check_smtp vN (smtp-probe N)",
              "Checks a mail server with the command line of check_smtp.",
              "",
              "Usage:"]))
row("-V", "plain", "-V",
    defect=VERSION, ours=(3, ["check_smtp vN (smtp-probe N)"]))
row("--version", "plain", "--version",
    defect=VERSION, ours=(3, ["check_smtp vN (smtp-probe N)"]))
row("-h behind a bad option", "plain", "-p x -h")
row("-V before a bad option", "plain", "-V -p x",
    defect=VERSION, ours=(3, ["check_smtp vN (smtp-probe N)"]))
row("unknown letter", "plain", "{at} -Z",
    defect=STDERR, ours=(3, ["check_smtp: invalid option -- 'Z'", "Usage:"]))
row("unknown long name", "plain", "{at} --nothing",
    defect=STDERR, ours=(3, ["check_smtp: option '--nothing' is unknown", "Usage:"]))
row("-p without a value", "plain", "-H {host} -p",
    defect=STDERR, ours=(3, ["check_smtp: option requires an argument -- 'p'", "Usage:"]))
row("--port without a value", "plain", "-H {host} --port",
    defect=STDERR, ours=(3, ["check_smtp: option '--port' requires an argument", "Usage:"]))
row("a value for -S", "plain", "{at} --starttls=yes",
    defect=STDERR, ours=(3, ["check_smtp: option '--starttls' doesn't allow an argument", "Usage:"]))
row("-p a word", "plain", "-H {host} -p smtp")
row("-p 0", "plain", "-H {host} -p 0")
row("-p negative", "plain", "-H {host} -p -1")
row("-p too large", "plain", "-H {host} -p 65536",
    defect="takes ports that do not exist and connects to another one",
    ours=(3, ["check_smtp: Port must be a positive integer", "Usage:"]))
row("-p 99999999999", "plain", "-H {host} -p 99999999999")
row("-p with letters behind", "plain", "-H {host} -p 25x")
row("-w a word", "plain", "{at} -w soon")
row("-c a word", "plain", "{at} -c soon")
row("-w negative", "plain", "{at} -w -1")
row("-w empty", "plain", "{at} -w ''")
row("-w with a comma", "plain", "{at} -w 5,10")
row("-w unit", "plain", "{at} -w 5s")
row("-w range", "slow", "{at} -w 10:",
    defect=RANGE, ours=(1, ["SMTP WARNING - N sec. response time|time=Ns;10:;;0.000000"]),
    sends=["line HELO {me}", "line QUIT"])
row("-w range 2", "plain", "{at} -w 0:10",
    defect=RANGE, ours=(0, ["SMTP OK - N sec. response time|time=Ns;0:10;;0.000000"]),
    sends=["line HELO {me}", "line QUIT"])
row("-w range 3", "plain", "{at} -w ~:10 -c @20:30",
    defect=RANGE, ours=(0, ["SMTP OK - N sec. response time|time=Ns;~:10;@20:30;0.000000"]),
    sends=["line HELO {me}", "line QUIT"])
row("-t a word", "plain", "{at} -t soon")
row("-t negative", "plain", "{at} -t -1")
row("-t fraction", "plain", "{at} -t 1.5")

# ---- verbose ----
row("-v", "plain", "{at} -v",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 221 2.0.0 bye|time=Ns;;;0.000000",
              "HELOCMD: HELO {me}",
              "received 220 mx.test ESMTP ready",
              "sent HELO {me}",
              "received 250 mx.test",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-v -f -C", "plain", "{at} -v -f a@b.test -C NOOP",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 221 2.0.0 bye|time=Ns;;;0.000000",
              "HELOCMD: HELO {me}",
              "FROM CMD: MAIL FROM:(a@b.test)",
              "received 220 mx.test ESMTP ready",
              "sent HELO {me}",
              "received 250 mx.test",
              "sent MAIL FROM:(a@b.test)",
              "received 250 2.0.0 ok",
              "sent NOOP",
              "received 250 2.0.0 ok",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-vS", "starttls", "{at} -vS",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 221 2.0.0 bye|time=Ns;;;0.000000",
              "HELOCMD: EHLO {me}",
              "received 220 mx.test ESMTP ready",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250-8BITMIME",
              "received 250 STARTTLS",
              "sent STARTTLS",
              "received 220 2.0.0 ready to start TLS",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250 8BITMIME",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-vvS", "starttls", "{at} -vvS",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 221 2.0.0 bye|time=Ns;;;0.000000",
              "HELOCMD: EHLO {me}",
              "received 220 mx.test ESMTP ready",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250-8BITMIME",
              "received 250 STARTTLS",
              "sent STARTTLS",
              "received 220 2.0.0 ready to start TLS",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250 8BITMIME",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-v AUTH", "auth", "{at} -v -A LOGIN -U user -P secret",
    defect="-v puts the dialogue before the status and shows the password",
    ours=(0, ["SMTP OK - N sec. response time, 221 2.0.0 bye|time=Ns;;;0.000000",
              "HELOCMD: EHLO {me}",
              "received 220 mx.test ESMTP ready",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-SIZE 1000",
              "received 250 AUTH PLAIN LOGIN",
              "sent AUTH LOGIN",
              "received 334 VXNlcm5hbWU6",
              "sent (hidden)",
              "received 334 UGFzc3dvcmQ6",
              "sent (hidden)",
              "received 235 2.7.0 welcome",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-v -D", "starttls", "{at} -v -S -D 30",
    defect="-v puts the dialogue before the status; -D prints no performance data",
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:",
              "HELOCMD: EHLO {me}",
              "received 220 mx.test ESMTP ready",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250-8BITMIME",
              "received 250 STARTTLS",
              "sent STARTTLS",
              "received 220 2.0.0 ready to start TLS",
              "sent EHLO {me}",
              "received 250-mx.test",
              "received 250-PIPELINING",
              "received 250-SIZE 10240000",
              "received 250-ENHANCEDSTATUSCODES",
              "received 250 8BITMIME",
              "sent QUIT",
              "received 221 2.0.0 bye"]))
row("-v -q QUIT fails", "gone-before-quit", "{at} -C NOOP -v -q",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 250 2.0.0 ok|time=Ns;;;0.000000",
              "HELOCMD: HELO {me}",
              "received 220 mx.test ESMTP ready",
              "sent HELO {me}",
              "received 250 mx.test",
              "sent NOOP",
              "received 250 2.0.0 ok",
              "sent QUIT"]),
    freeze="NOOP")
row("-v QUIT closed", "quit-closed", "{at} -v",
    defect=VFIRST,
    ours=(0, ["SMTP OK - N sec. response time, 250 mx.test|time=Ns;;;0.000000",
              "HELOCMD: HELO {me}",
              "received 220 mx.test ESMTP ready",
              "sent HELO {me}",
              "received 250 mx.test",
              "sent QUIT"]))

# ---- as configurations write them ----
row("Debian's mail.cfg without an argument", "plain", "{at} ''")
row("Debian's mail.cfg with a port", "plain", "-H {host} '-p {port}'")
row("Debian's mail.cfg with a limit", "plain", "{at} '-w 50'")
row("Debian's mail.cfg with two options in one word", "plain", "{at} '-w 50 -c 60'")
row("Debian's mail.cfg with a timeout", "plain", "{at} -4 '-t 9'")
row("Debian's mail.cfg with a text", "plain", "{at} '-e 220'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("Debian's mail.cfg with a sender", "plain", "{at} '-f me@here.test'",
    defect="puts the blank into the address",
    sends=["line HELO {me}", "line MAIL FROM:<me@here.test>", "line QUIT"])
row("Debian's mail.cfg with a name", "plain", "{at} '-F probe.test'",
    defect="says HELO with two blanks", sends=["line HELO probe.test", "line QUIT"])
row("options with their values in one word", "auth",
    "{at} '-C NOOP' '-R 2' '-A LOGIN' '-U user' '-P secret' '-c 60' '-w 50'")
row("Debian's mail.cfg with days", "cert-15", "{at} '-D 30,7'",
    defect=NOPERF,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;8:"]))
row("ITL smtp", "starttls",
    "-C NOOP -F probe.test -H {host} -R 250 -S -c 60 -e 220 -f me@here.test -p {port} -t 9 -w 50")
row("ITL smtp with -D", "starttls", "-D 30 -F probe.test -H {host} -S -p {port} -t 9",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
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
row("--extra-opts", "plain", "--extra-opts",
    defect="dies of a freed environment variable", ours=FINE, sends=["line HELO {me}", "line QUIT"],
    environment={"MP_CONFIG_FILE": "{dir}/a.ini"}, files={"a.ini": INI})
row("--extra-opts=@file", "plain", "--extra-opts=@{dir}/b.ini", files={"b.ini": INI})
row("--extra-opts=section@file", "plain", "--extra-opts=mismatch@{dir}/c.ini",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"], files={"c.ini": INI})
row("--extra-opts, next word", "plain", "--extra-opts mismatch@{dir}/d.ini -v",
    defect="-v puts the dialogue before the status; leaves without QUIT",
    ours=(1, [refused("220 mx.test ESMTP ready"),
              "250 mx.test",
              "HELOCMD: HELO {me}",
              "received 220 mx.test ESMTP ready",
              "sent HELO {me}",
              "received 250 mx.test",
              "sent QUIT",
              "received 221 2.0.0 bye"]),
    sends=["line HELO {me}", "line QUIT"], files={"d.ini": INI})
row("--extra-opts, next word an option", "plain", "--extra-opts -e Sendmail",
    defect="dies of a freed environment variable", ours=(1, [refused("220 mx.test ESMTP ready"), "250 mx.test"]),
    sends=["line HELO {me}", "line QUIT"], environment={"MP_CONFIG_FILE": "{dir}/e.ini"}, files={"e.ini": INI})
row("--extra-opts and argv", "plain", "-e 220 --extra-opts=mismatch@{dir}/f.ini", files={"f.ini": INI})
row("--extra-opts one letter", "plain", "--extra-opts=short@{dir}/g.ini",
    defect="hands the = on as a part of the value", ours=FINE, sends=["line HELO {me}", "line QUIT"],
    files={"g.ini": INI})
row("--extra-opts flag", "plain", "--extra-opts=flags@{dir}/h.ini", files={"h.ini": INI})
row("--extra-opts flag without =", "plain", "--extra-opts=bare@{dir}/i.ini",
    defect="does not say which file and line",
    ours=(3, ["Config file error: {dir}/i.ini:20: no \"=\" behind the option; a flag is written \"option=\""]),
    files={"i.ini": INI})
row("--extra-opts empty section", "plain", "--extra-opts=empty@{dir}/j.ini", files={"j.ini": INI})
row("--extra-opts no section", "plain", "--extra-opts=nothing@{dir}/k.ini", files={"k.ini": INI})
row("--extra-opts no file", "plain", "--extra-opts=@{dir}/nofile.ini",
    defect="does not say which file",
    ours=(3, ["Can't read config file: No such file or directory: {dir}/nofile.ini"]))
row("--extra-opts no default file", "plain", "--extra-opts", environment={"NAGIOS_CONFIG_PATH": "{dir}/none"})
row("--extra-opts twice", "plain", "--extra-opts=@{dir}/l.ini --extra-opts=mismatch@{dir}/l.ini",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"], files={"l.ini": INI})
row("--extra-opts garbage", "plain", "--extra-opts=@{dir}/m.ini",
    defect="does not say which file and line",
    ours=(3, ["Config file error: {dir}/m.ini:1: an option before the first [section]"]),
    files={"m.ini": "hello\n[check_smtp]\n"})
ODD = ("[check_ping]\nhostname=nowhere..invalid\n[ check_smtp ]  \n  hostname =  {host}   \n\tport={port}\n"
       "command=NOOP\nresponse=^250\ncommand = MAIL FROM:<a=b@c.test>   # no comment\nresponse=^250 2\n"
       "[check_smtp_too]\nport=1\n[check_smtp]\nwarning=50\n")
row("--extra-opts with blanks, = in a value, a section in two pieces", "plain", "--extra-opts=@{dir}/n.ini",
    files={"n.ini": ODD})
row("--extra-opts with two blanks before the =", "plain", "--extra-opts=@{dir}/u.ini -p {port}",
    defect="keeps a blank in the option's name", ours=FINE, sends=["line HELO {me}", "line QUIT"],
    files={"u.ini": "[check_smtp]\nhostname  = {host}\n"})
row("--extra-opts with CRLF", "plain", "--extra-opts=@{dir}/o.ini",
    files={"o.ini": "[check_smtp]\r\nhostname={host}\r\nport={port}\r\n"})
row("--extra-opts unknown option", "plain", "--extra-opts=@{dir}/p.ini",
    defect=STDERR, ours=(3, ["check_smtp: option '--nothing' is unknown", "Usage:"]),
    files={"p.ini": "[check_smtp]\nnothing=1\n"})
row("--extra-opts abbreviated option", "plain", "--extra-opts=@{dir}/q.ini",
    files={"q.ini": "[check_smtp]\nhost={host}\npor={port}\n"})
row("--extra-opts no line end", "plain", "--extra-opts=@{dir}/r.ini",
    files={"r.ini": "[check_smtp]\nhostname={host}\nport={port}"})
row("--extra-opts a value of many words", "plain", "--extra-opts=@{dir}/s.ini -p {port}",
    files={"s.ini": "[check_smtp]\nhostname={host}\nexpect=mx.test ESMTP ready\n"})
row("--extra-opts and other sections named alike", "plain", "--extra-opts=check@{dir}/t.ini -H {host} -p {port}",
    files={"t.ini": "[check_smtp]\nexpect=no\n[check]\nexpect=ESMTP\n"})
row("--extra-opts NAGIOS_CONFIG_PATH", "plain", "--extra-opts",
    environment={"NAGIOS_CONFIG_PATH": "/nowhere:{dir}"}, files={"plugins.ini": INI})

# ---- locale ----
row("de_DE", "plain", "{at} -w 50 -c 60",
    defect="writes numbers with a comma, which nobody reads",
    ours=(0, ["SMTP OK - N sec. response time|time=Ns;50.000000;60.000000;0.000000"]),
    environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE fraction", "plain", "{at} -w 0.5 -c 60.5",
    defect="a locale makes 0.5 no number",
    ours=(0, ["SMTP OK - N sec. response time|time=Ns;0.500000;60.500000;0.000000"]),
    sends=["line HELO {me}", "line QUIT"], environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE comma", "plain", "{at} -w 0,5",
    defect="a locale makes 0,5 a number", ours=(3, ["check_smtp: Warning time must be a positive", "Usage:"]),
    sends=[], environment={"LC_ALL": "de_DE.UTF-8"})
row("de_DE -D", "starttls", "{at} -S -D 30",
    defect="a locale changes the date; -D prints no performance data",
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]),
    environment={"LC_ALL": "de_DE.UTF-8"})
