# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of against_check_smtp.py. What is said in the dialogue, and what it comes to."""

from check_smtp_row import BREAK, CLOSED, FINE, GREET, HELLO, HEX, LEAVES, MAIL, TAGS, VFIRST, refused, row, status

# ---- expect ----
row("-e 220", "plain", "{at} -e 220")
row("-e a word of the greeting", "plain", "{at} -e ESMTP")
row("-e a word of the HELO reply", "plain", "{at} -e '250 mx.test'")
row("-e mismatch", "plain", "{at} -e 'Exim 4'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e mismatch, long", "plain", "{at} --expect 'Exim 4'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e empty", "plain", "{at} -e ''")
row("-e in a greeting of several lines", "greeting-lines", "{at} -e 'no spam'")
row("-e mismatch in a greeting of several lines", "greeting-lines", "{at} -e 'spam for all'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e and commands: mismatch", "plain", "{at} -e 'Exim 4' -f a@b.test -C NOOP",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e of the EHLO reply inside TLS", "starttls", "{at} -S -e 250-PIPELINING")
row("-e mismatch inside TLS", "starttls", "{at} -S -e 'Exim 4'",
    defect=LEAVES, sends=["line EHLO {me}", "line STARTTLS", "tls-line EHLO {me}", "tls-line QUIT"])
row("-e of the EHLO reply before TLS", "starttls", "{at} -S -e STARTTLS",
    defect=LEAVES, sends=["line EHLO {me}", "line STARTTLS", "tls-line EHLO {me}", "tls-line QUIT"])
row("-e of the EHLO reply, -A", "auth", "{at} -e 'AUTH PLAIN LOGIN' -A LOGIN -U user -P secret")
row("-e of the EHLO reply, no -A", "auth", "{at} -e 'AUTH PLAIN LOGIN'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e in small letters", "plain", "{at} -e esmtp",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e with a pattern", "plain", "{at} -e '220.*ready'",
    defect=LEAVES, sends=["line HELO {me}", "line QUIT"])
row("-e mismatch with |", "greeting-pipe", "{at} -e 220",
    defect="a server's | begins performance data; goes on after a greeting that is a refusal",
    ours=(1, [refused("500 a ! b=1 and more")]), sends=["line QUIT"])

# ---- greetings ----
row("greeting of several lines", "greeting-lines", "{at}")
row("greeting 421", "greeting-421", "{at}",
    defect="says that nothing came although the server gave its reason",
    ours=(1, [refused("421 4.3.2 mx.test shutting down")]), sends=[])
row("greeting 554", "greeting-554", "{at}",
    defect=GREET, ours=(1, [refused("554 5.7.1 mx.test no service for you")]), sends=["line QUIT"])
row("greeting 554, expected", "greeting-554", "{at} -e 554",
    defect=GREET, sends=["line QUIT"])
row("greeting 554 with 220 in its text", "greeting-554-text", "{at}",
    defect="takes 220 anywhere in the text for the code", ours=(1, [refused("554 5.7.1 see rule 220")]),
    sends=["line QUIT"])
row("greeting without a code", "greeting-no-code", "{at}",
    defect=GREET, ours=(1, [refused("hello there")]), sends=[])
row("greeting without a code, expected", "greeting-no-code", "{at} -e hello",
    defect=GREET, sends=[])
row("greeting behind a blank line", "greeting-blank", "{at}",
    defect="takes a line without a code for the greeting",
    ours=(1, ["Invalid SMTP response received from host on port {port}:", "220 mx.test ESMTP"]), sends=[])
row("lines without CR", "bare-lf", "{at}")
row("codes without text", "codes-only", "{at}")
row("more than the greeting", "early-talker", "{at}")
row("a greeting octet by octet", "greeting-dribbled", "{at}")
row("a greeting without end", "greeting-endless-lines", "{at}")
row("a greeting line without end", "greeting-endless-line", "{at}")
row("a greeting that goes on and on", "greeting-slow-endless", "{at} -t 1")
row("closed at once", "greeting-closed", "{at}")
row("reset at once", "greeting-reset", "{at}")
row("greeted, then closed", "greeting-then-closed", "{at}")
row("silence", "greeting-silent", "{at} -t 1")

# ---- hello ----
row("-F", "plain", "{at} -F probe.test")
row("--fqdn", "plain", "{at} --fqdn=probe.test")
row("-F empty", "plain", "{at} -F ''",
    defect="says HELO without a name", sends=["line HELO {me}", "line QUIT"])
row("-F with a blank", "plain", "{at} -F 'a b'",
    defect="says HELO with two words",
    ours=(3, ["check_smtp: The name of -F is too long or has blanks or control characters", "Usage:"]), sends=[])
row("-F an address", "plain", "{at} -F '[192.0.2.1]'")
row("HELO 500", "helo-500", "{at}",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after HELO, ")]))
row("HELO 550", "helo-550", "{at}",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after HELO, ")]))
row("HELO 421", "helo-421", "{at}",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after HELO, ")]),
    sends=["line HELO {me}"])
row("HELO closed", "helo-closed", "{at}")
row("HELO reset", "helo-reset", "{at}")
row("HELO silent", "helo-silent", "{at} -t 1")
row("HELO garbage", "helo-garbage", "{at}",
    defect=HELLO, ours=(1, [refused("220 mx.test ESMTP ready"), "hello yourself"]), sends=["line HELO {me}"])
row("HELO with two codes", "helo-mixed", "{at}",
    defect=HELLO,
    ours=(1, [refused("220 mx.test ESMTP ready"),
              "250-mx.test",
              "251 not the same"]),
    sends=["line HELO {me}"])
row("HELO with a reply of more than 8 KiB", "helo-long", "{at}",
    defect="takes a reply of more than 8 KiB for a broken connection", ours=FINE,
    sends=["line HELO {me}", "line QUIT"])
row("-F with a line break", "plain", "{at} -F 'a.test\r\nRSET'",
    defect=BREAK,
    ours=(3, ["check_smtp: The name of -F is too long or has blanks or control characters", "Usage:"]), sends=[])
row("220 only in the HELO reply", "helo-220", "{at}",
    defect="takes 220 anywhere in the reply to the hello for the greeting's code",
    ours=(1, [refused("250 mx.test odd")]), sends=["line QUIT"])
row("EHLO 500 with -S", "ehlo-500", "{at} -S")
row("EHLO 550 with -A", "helo-550", "{at} -A LOGIN -U user -P secret",
    defect=HELLO, ours=(2, [status("CRITICAL", "invalid response received after EHLO, ")]),
    sends=["line EHLO {me}", "line QUIT"])
row("EHLO closed with -S", "helo-closed", "{at} -S")
row("-L", "lmtp", "{at} -L")
row("--lmtp", "lmtp", "{at} --lmtp")
row("-L at an SMTP server", "plain", "{at} -L",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after LHLO, ")]))
row("no -L at an LMTP server", "lmtp", "{at}",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after HELO, ")]))

# ---- commands ----
row("-f", "plain", "{at} -f me@here.test")
row("-f in brackets", "plain", "{at} -f '<me@here.test>'")
row("-f empty", "plain", "{at} -f ''")
row("-f null sender", "plain", "{at} --from '<>'")
row("-f with a blank", "plain", "{at} -f '\"a b\"@here.test'")
row("-f with a line break", "plain", "{at} -f 'a@b.test\r\nRSET'",
    defect=BREAK,
    ours=(3, ["check_smtp: The address of -f is too long or has control characters", "Usage:"]),
    sends=[])
row("-f 550", "mail-550", "{at} -f me@here.test",
    defect=MAIL, ours=(1, [status("WARNING", "invalid response received after MAIL, ")]))
row("-f 451", "mail-451", "{at} -f me@here.test",
    defect=MAIL, ours=(1, [status("WARNING", "invalid response received after MAIL, ")]))
row("-f closed", "mail-closed", "{at} -f me@here.test",
    defect=MAIL, ours=(1, [status("WARNING", "recv() failed after MAIL, ")]),
    sends=["line HELO {me}", "line MAIL FROM:<me@here.test>"])
row("-f reply of two lines", "mail-lines", "{at} -f me@here.test")
row("-C", "plain", "{at} -C NOOP")
row("-C refused, unchecked", "noop-502", "{at} -C NOOP")
row("-C and -R", "plain", "{at} -C NOOP -R '^250'")
row("-C and -R, long", "plain", "{at} --command=NOOP --response='^250'")
row("-C with a line break", "plain", "{at} -C 'NOOP\r\nRSET'",
    defect=BREAK,
    ours=(3, ["check_smtp: A command of -C has a line end or another control character in it; write one -C for "
              "each line", "Usage:"]),
    sends=[])
row("-C of more than 254 octets", "plain", "{at} -C 'NOOP " + 300 * "x" + "'",
    defect="cuts commands at 255 octets and reads beyond them",
    sends=["line HELO {me}", "line NOOP " + 300 * "x", "line QUIT"])
row("-C empty", "plain", "{at} -C ''")
row("-C twice, two -R, a third -C", "noop-502", "{at} -C RSET -C NOOP -C RSET -R ^250 -R ^502")
row("-C and -R mismatch", "noop-502", "{at} -C NOOP -R '^250'")
row("-C with |, -R mismatch", "vrfy-pipe", "{at} -C 'VRFY x' -R '^250'",
    defect="a server's | begins performance data, its tags go to the web page",
    ours=(1, ["SMTP WARNING - Invalid response '252 a ! b=1;2;3 (tag)' to command 'VRFY x'", status("WARNING")]))
row("two -C and -R", "plain", "{at} -C NOOP -R '^250' -C 'VRFY x' -R '^500'")
row("two -C, mismatch in the first", "noop-502", "{at} -C NOOP -R '^250' -C 'RSET' -R '^250'",
    defect="a later match takes an earlier mismatch back",
    ours=(1, ["SMTP WARNING - Invalid response '502 5.5.1 no NOOP here' to command 'NOOP'", status("WARNING")]))
row("two -C, mismatch in the second", "noop-502", "{at} -C RSET -R '^250' -C NOOP -R '^250'")
row("two -C, one -R", "noop-502", "{at} -C RSET -C NOOP -R '^250'")
row("-R alone", "plain", "{at} -R '^250'")
row("-R alternation", "noop-502", "{at} -C NOOP -R '^(250|502) '")
row("-R of the second line", "mail-lines", "{at} -C 'MAIL FROM:<a@b.test>' -R '^250 second$'")
row("-R of the first line, up to its end", "mail-lines", "{at} -C 'MAIL FROM:<a@b.test>' -R '^250-first$'",
    defect=TAGS,
    ours=(1, ["SMTP WARNING - Invalid response '250-first",
              "250 second' to command 'MAIL FROM:(a@b.test)'",
              status("WARNING")]))
row("-R over both lines", "mail-lines", "{at} -C 'MAIL FROM:<a@b.test>' -R 'first.*second'",
    defect=TAGS,
    ours=(1, ["SMTP WARNING - Invalid response '250-first",
              "250 second' to command 'MAIL FROM:(a@b.test)'",
              status("WARNING")]))
row("-R empty", "plain", "{at} -C NOOP -R ''")
row("-R in small letters", "plain", "{at} -C NOOP -R OK")
row("-C QUIT", "plain", "{at} -C QUIT -R ^221")
row("a whole mail's envelope", "plain",
    "{at} -f me@here.test -C 'RCPT TO:<you@there.test>' -R ^250 -C RSET -R ^250 -C VRFY")
row("-C before -f", "plain", "{at} -C RSET -f me@here.test")
row("-R that is no pattern", "plain", "{at} -C NOOP -R '('",
    defect="ends with 255, and only after it has talked to the server",
    ours=(3, ["Could Not Compile Regular Expression - (: Unmatched ( or \\("]), sends=[])
row("-R anywhere", "plain", "{at} -C NOOP -R 'o.*k'")
row("-R with a POSIX class", "plain", "{at} -C NOOP -R '^[[:digit:]]{3} '")
row("-C closed", "noop-closed", "{at} -C NOOP -R '^250'",
    defect="compares -R with the reply to the command before",
    ours=(1, [status("WARNING", "recv() failed after NOOP, ")]), sends=["line HELO {me}", "line NOOP"])
row("-C silent", "noop-silent", "{at} -C NOOP -t 1")
row("-f and -C inside TLS", "starttls", "{at} -S -f me@here.test -C NOOP -R 250")

# ---- QUIT ----
row("QUIT closed", "quit-closed", "{at}")
row("QUIT reset", "quit-reset", "{at}")
row("QUIT refused", "quit-500", "{at}")
row("QUIT silent", "quit-silent", "{at} -t 3",
    defect="a server that has done its work is CRITICAL because it does not say goodbye", ours=FINE)
row("QUIT silent, above -c", "quit-silent", "{at} -t 3 -c 0.1",
    defect="a server that has done its work is CRITICAL because it does not say goodbye",
    ours=(2, ["SMTP CRITICAL - N sec. response time|time=Ns;;0.100000;0.000000"]))
row("QUIT slow, its time counts", "quit-slow", "{at} -w 0.1 -c 60")
row("gone before QUIT", "gone-before-quit", "{at} -C NOOP", freeze="NOOP")
row("gone before QUIT, -q", "gone-before-quit", "{at} -C NOOP -q", freeze="NOOP")
row("closed before QUIT", "closed-before-quit", "{at} -C NOOP")
row("-q", "plain", "{at} -q")
row("-q, long", "plain", "{at} --ignore-quit-failure")
row("a value after -q", "plain", "{at} -q 1 -w 5",
    defect="stops at the value that Icinga's smtp command writes behind -q",
    ours=(0, ["SMTP OK - N sec. response time|time=Ns;5.000000;;0.000000"]))
row("a value after -q, as ITL writes it", "starttls", "-C NOOP -H {host} -S -p {port} -q 1 -t 5")
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
row("-A with an empty user", "auth", "{at} -A LOGIN -U '' -P secret")
row("-U and -P without -A", "auth", "{at} -U user -P secret")
row("AUTH 502", "auth-502", "{at} -A LOGIN -U user -P secret")
row("AUTH closed", "auth-closed", "{at} -A LOGIN -U user -P secret",
    defect=CLOSED, sends=["line EHLO {me}", "line AUTH LOGIN"])
row("AUTH user refused", "auth-user-535", "{at} -A LOGIN -U user -P secret")
row("AUTH user closed", "auth-user-closed", "{at} -A LOGIN -U user -P secret",
    defect=CLOSED, sends=["line EHLO {me}", "line AUTH LOGIN", "line dXNlcg=="])
row("AUTH password refused", "auth-535", "{at} -A LOGIN -U user -P secret")
row("AUTH password closed", "auth-password-closed", "{at} -A LOGIN -U user -P secret",
    defect=CLOSED, sends=["line EHLO {me}", "line AUTH LOGIN", "line dXNlcg==", "line c2VjcmV0"])
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
row("-w hexadecimal", "plain", "{at} -w 0x32",
    defect=HEX, ours=(3, ["check_smtp: Warning time must be a positive", "Usage:"]), sends=[])
row("-w inf", "plain", "{at} -w inf",
    defect=HEX, ours=(3, ["check_smtp: Warning time must be a positive", "Usage:"]), sends=[])
row("-w -0", "plain", "{at} -w -0",
    defect="shows a limit of minus zero", ours=(1, ["SMTP WARNING - N sec. response time|time=Ns;0.000000;;0.000000"]))
row("-w half a number", "plain", "{at} -w 1e",
    defect=HEX, ours=(3, ["check_smtp: Warning time must be a positive", "Usage:"]), sends=[])
row("-w with a plus", "plain", "{at} -w +50 -c 060")
row("-w nan", "plain", "{at} -w nan")

# ---- timeouts ----
row("-t of a silent HELO", "helo-silent", "{at} --timeout 1")
row("-t is for all steps together", "steps-slow", "{at} -t 1")
row("-t of a silent command", "noop-silent", "{at} -C NOOP -t 1 -w 1")
row("-t of a silent STARTTLS", "starttls-silent", "{at} -S -t 1")
row("-t of a silent handshake", "handshake-silent", "{at} -S -t 1")
row("-t of a silent EHLO inside TLS", "tls-ehlo-silent", "{at} -S -t 1")
row("-t N:STATE", "greeting-silent", "{at} -t 1:WARNING",
    defect="knows no state for a timeout, nagios-plugins does",
    ours=(1, ["WARNING - Socket timeout after 1 seconds"]))
row("-t N:number", "greeting-silent", "{at} -t 1:3",
    defect="knows no state for a timeout, nagios-plugins does",
    ours=(3, ["UNKNOWN - Socket timeout after 1 seconds"]))
row("-t 0", "plain", "{at} -t 0")
row("-t blank after", "plain", "{at} -t '9 '")
row("-t empty", "plain", "{at} -t ''")
row("-t a dash", "plain", "{at} -t -",
    defect=HEX, ours=(3, ["check_smtp: Timeout interval must be a positive integer", "Usage:"]), sends=[])

# ---- connections ----
row("refused", "refuse", "{at}")
row("refused with -v", "refuse", "{at} -v",
    defect=VFIRST,
    ours=(2, ["connect to address 127.0.0.1 and port {port}: Connection refused",
              "HELOCMD: HELO {me}",
              "SMTP CRITICAL - N sec. response time, |time=Ns;;;0.000000"]))
row("refused with limits", "refuse", "{at} -w 5 -c 10")
row("refused with -S", "refuse", "{at} -S")
row("refused with -D", "refuse", "{at} -D 30")
row("no answer to the connection", "blackhole", "{at} -t 1")
row("no answer to the connection, -S -D", "blackhole", "{at} -t 1 -S -D 30")
row("no such Unix socket", "plain", "-H {dir}/nothing -p {port}",
    defect="refuses the Unix sockets of its own help",
    ours=(2, ["connect to file socket {dir}/nothing: No such file or directory", status("CRITICAL")]))
