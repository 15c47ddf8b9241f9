# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of against_check_smtp.py. TLS, certificates, and options that check_smtp 2.4 added."""

from check_smtp_row import FINE, GREET, HELLO, NOPERF, OPENSSL, OURS, REASON, STOPS, UNKNOWN, refused, row, status

# ---- TLS ----
row("-S", "starttls", "{at} -S")
row("--starttls", "starttls", "{at} --starttls")
row("-S RSA", "starttls-rsa", "{at} -S")
row("-S TLS 1.2", "starttls-12", "{at} -S")
row("-S TLS 1.0", "starttls-10", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server refused our TLS versions (TLSv1.2 to TLSv1.3) with the alert protocol_version (70)",
              "CRITICAL - Cannot create SSL context."]))
row("-S missing", "plain", "{at} -S")
row("-S missing, -e mismatch", "plain", "{at} -S -e 'Exim 4'")
row("-S 454", "starttls-454", "{at} -S",
    defect=REASON,
    ours=(3, ["Server does not support STARTTLS",
              "STARTTLS was answered 454 4.7.0 TLS not available due to temporary reason"]))
row("-S 502", "starttls-502", "{at} -S",
    defect=REASON,
    ours=(3, ["Server does not support STARTTLS", "STARTTLS was answered 502 5.5.1 not implemented"]))
row("-S 502 with 220 in its text", "starttls-502-text", "{at} -S -t 1",
    defect="takes 220 anywhere in the reply to STARTTLS for its code and waits for TLS",
    ours=(3, ["Server does not support STARTTLS", "STARTTLS was answered 502 5.5.1 not implemented, see rule 220"]),
    sends=["line EHLO {me}", "line STARTTLS", "line QUIT"])
row("-S lower-case", "starttls-lower", "{at} -S",
    defect="wants capabilities in capital letters", ours=FINE,
    sends=["line EHLO {me}", "line STARTTLS", "tls-line EHLO {me}", "tls-line QUIT"])
row("octets behind the 220 of STARTTLS", "starttls-injected", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "14 octets of plain text came where the TLS handshake has to begin",
              "CRITICAL - Cannot create SSL context."]))
row("-S closed", "starttls-closed", "{at} -S",
    defect="does not say what the server answered; sends QUIT on a connection that the server has closed",
    ours=(3, ["Server does not support STARTTLS", "the server closed the connection"]),
    sends=["line EHLO {me}", "line STARTTLS"])
row("handshake alert", "handshake-alert", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server refused our offer (TLSv1.2 to TLSv1.3) with the alert handshake_failure (40), "
              "most likely because it takes none of our cipher suites or groups",
              "CRITICAL - Cannot create SSL context."]))
row("handshake text", "handshake-text", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server answered our ClientHello without TLS: \"500 5.5.1 what?\" (it looks like an SMTP error "
              "reply in plain text)",
              "CRITICAL - Cannot create SSL context."]))
row("handshake closed", "handshake-closed", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server closed the connection during the handshake, right after our ClientHello",
              "CRITICAL - Cannot create SSL context."]))
row("handshake reset", "handshake-reset", "{at} -S",
    defect="gives no reason",
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server reset the connection during the handshake",
              "CRITICAL - Cannot create SSL context."]))
row("EHLO 500 inside TLS", "tls-ehlo-500", "{at} -S",
    defect=HELLO, ours=(1, [status("WARNING", "invalid response received after EHLO, ")]))
row("EHLO closed inside TLS", "tls-ehlo-closed", "{at} -S")
row("QUIT closed inside TLS", "tls-quit-closed", "{at} -S")
row("greeting 554 before TLS", "tls-greeting-554", "{at} -S",
    defect=GREET, ours=(1, [refused("554 5.7.1 mx.test no service for you")]), sends=["line QUIT"])
row("-S at an implicit port", "implicit", "{at} -S -t 2")
row("no TLS asked of an implicit port", "implicit", "{at} -t 1")
row("-S other name", "cert-other-name", "{at} -S")
row("-S self-signed", "cert-self-signed", "{at} -S")
row("-S expired", "cert-expired", "{at} -S")
row("-S with a weak key", "cert-weak-key", "{at} -S")
row("-S signed with MD5", "cert-md5", "{at} -S")
row("-S all wrong", "cert-all-wrong", "{at} -S")
row("-S client certificate asked", "cert-wanted", "{at} -S")
row("-S client certificate required", "cert-required", "{at} -S",
    defect=OPENSSL,
    ours=(2, ["CRITICAL - Cannot make SSL connection.",
              "the server wants a client certificate and we have none (alert handshake_failure, 40)",
              "CRITICAL - Cannot create SSL context."]))
row("-S twice", "starttls", "-SS {at}")
row("-L -S", "lmtp", "{at} -L -S")

# ---- certificates ----
row("-D 14", "starttls", "{at} -D 14",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;15:;1:"]))
row("-D 14, long", "starttls", "{at} --certificate=14",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;15:;1:"]))
row("-D 14 -S", "starttls", "{at} -D 14 -S",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;15:;1:"]))
row("-S -D 14,7", "starttls", "{at} -S -D 14,7",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;15:;8:"]))
row("-D warning", "cert-15", "{at} -S -D 30",
    defect=NOPERF,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
row("-D warning, below critical not", "cert-15", "{at} -S -D 30,7",
    defect=NOPERF,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;8:"]))
row("-D critical", "cert-5", "{at} -S -D 30,7",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expires in 4 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;8:"]))
row("-D equal to the days left", "cert-15", "{at} -S -D 14",
    defect=NOPERF,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;15:;1:"]))
row("-D one less", "cert-15", "{at} -S -D 13",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;14:;1:"]))
row("-D critical equal to the days left", "cert-15", "{at} -S -D 30,14",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;15:"]))
row("-D critical one less", "cert-15", "{at} -S -D 30,13",
    defect=NOPERF,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;14:"]))
row("-D critical above warning", "cert-15", "{at} -S -D 7,30",
    defect="looks at the critical days only below the warning days; -D prints no performance data",
    ours=(2, ["CRITICAL - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;8:;31:"]))
row("-D 0", "starttls", "{at} -S -D 0",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;1:;1:"]))
row("-D 14,", "starttls", "{at} -S -D 14,",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;15:;1:"]))
row("-D empty", "starttls", "{at} -S -D ''",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;1:;1:"]))
row("-D less than a day", "cert-1", "{at} -S -D 30",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expires in 23 hours ({end})|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
row("-D less than a day, 0", "cert-1", "{at} -S -D 0",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expires in 23 hours ({end})|time=Ns;;;0.000000 cert_days=N;1:;1:"]))
row("-D with -A", "auth-tls", "{at} -S -D 30 -A LOGIN -U user -P secret",
    defect=STOPS,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]),
    sends=["line EHLO {me}",
           "line STARTTLS",
           "tls-line EHLO {me}",
           "tls-line AUTH LOGIN",
           "tls-line dXNlcg==",
           "tls-line c2VjcmV0",
           "tls-line QUIT"])
row("-D with -A refused", "auth-tls", "{at} -S -D 30 -A LOGIN -U user -P wrong",
    defect=STOPS,
    ours=(2, ["SMTP CRITICAL - invalid response received after authpass, N sec. response time|time=Ns;;;0.000000 "
              "cert_days=N;31:;1:",
              "OK - Certificate 'mx.test' will expire on {end}."]),
    sends=["line EHLO {me}",
           "line STARTTLS",
           "tls-line EHLO {me}",
           "tls-line AUTH LOGIN",
           "tls-line dXNlcg==",
           "tls-line d3Jvbmc=",
           "tls-line QUIT"])
row("-D warning and a time above -c", "cert-15", "{at} -S -D 30 -c 0",
    defect=STOPS,
    ours=(2, ["SMTP CRITICAL - N sec. response time|time=Ns;;0.000000;0.000000 cert_days=N;31:;1:",
              "WARNING - Certificate 'mx.test' expires in 14 day(s) ({end})."]))
row("-D expired", "cert-expired", "{at} -S -D 30,7",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expired on {end}.|time=Ns;;;0.000000 cert_days=N;31:;8:"]))
row("-D expired, 0", "cert-expired", "{at} -S -D 0",
    defect=NOPERF,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expired on {end}.|time=Ns;;;0.000000 cert_days=N;1:;1:"]))
row("-D not yet valid", "cert-not-yet", "{at} -S -D 30,7",
    defect="takes a certificate that is not yet valid",
    ours=(2, ["CRITICAL - Certificate 'mx.test' is not valid before {begin}.|time=Ns;;;0.000000 cert_days=N;31:;8:"]))
row("-D no CN", "cert-no-cn", "{at} -S -D 30",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'Unknown CN' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
row("-D other name", "cert-other-name", "{at} -S -D 30",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'other.invalid' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
row("-D self-signed", "cert-self-signed", "{at} -S -D 30",
    defect=NOPERF,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;1:"]))
row("-D and -e mismatch", "starttls", "{at} -S -D 30 -e 'Exim 4'",
    defect=STOPS,
    ours=(1, [refused("220 mx.test ESMTP ready"),
              "250-mx.test",
              "250-PIPELINING",
              "250-SIZE 10240000",
              "250-ENHANCEDSTATUSCODES",
              "250 8BITMIME",
              "OK - Certificate 'mx.test' will expire on {end}."]))
row("-D and -w", "starttls", "{at} -S -D 30 -w 0",
    defect=STOPS,
    ours=(1, ["SMTP WARNING - N sec. response time|time=Ns;0.000000;;0.000000 cert_days=N;31:;1:",
              "OK - Certificate 'mx.test' will expire on {end}."]))
row("-D warning and commands", "cert-15-mail-550", "{at} -S -D 30 -f me@here.test",
    defect=STOPS,
    ours=(1, ["WARNING - Certificate 'mx.test' expires in 14 day(s) ({end}).|time=Ns;;;0.000000 cert_days=N;31:;1:",
              "SMTP WARNING - invalid response received after MAIL, N sec. response time"]),
    sends=["line EHLO {me}",
           "line STARTTLS",
           "tls-line EHLO {me}",
           "tls-line MAIL FROM:<me@here.test>",
           "tls-line QUIT"])
row("-D and -C mismatch", "starttls", "{at} -S -D 30 -C NOOP -R '^500'",
    defect=STOPS,
    ours=(1, ["SMTP WARNING - Invalid response '250 2.0.0 ok' to command 'NOOP'",
              "OK - Certificate 'mx.test' will expire on {end}.",
              "SMTP WARNING - N sec. response time|time=Ns;;;0.000000 cert_days=N;31:;1:"]),
    sends=["line EHLO {me}", "line STARTTLS", "tls-line EHLO {me}", "tls-line NOOP", "tls-line QUIT"])
row("-D without STARTTLS offered", "plain", "{at} -D 30")
row("-D silent", "handshake-silent", "{at} -S -D 30 -t 1")
row("-D bad", "starttls", "{at} -D soon")
row("-D bad critical", "starttls", "{at} -D 30,soon")
row("-D negative", "starttls", "{at} -D -5")

# ---- 2.4 ----
row("-s", "implicit", "{at} -s",
    defect=UNKNOWN, ours=FINE, sends=["tls-line HELO {me}", "tls-line QUIT"])
row("--ssl", "implicit", "{at} --ssl",
    defect=UNKNOWN, ours=FINE, sends=["tls-line HELO {me}", "tls-line QUIT"])
row("--tls", "implicit", "{at} --tls",
    defect=UNKNOWN, ours=FINE, sends=["tls-line HELO {me}", "tls-line QUIT"])
row("-s -D", "implicit", "{at} -s -D 30,7",
    defect=UNKNOWN,
    ours=(0, ["OK - Certificate 'mx.test' will expire on {end}.|time=Ns;;;0.000000 cert_days=N;31:;8:"]),
    sends=["tls-line HELO {me}", "tls-line QUIT"])
row("-s -D expired", "implicit-expired", "{at} -s -D 30,7",
    defect=UNKNOWN,
    ours=(2, ["CRITICAL - Certificate 'mx.test' expired on {end}.|time=Ns;;;0.000000 cert_days=N;31:;8:"]),
    sends=["tls-line HELO {me}", "tls-line QUIT"])
row("-r", "proxied", "{at} -r",
    defect=UNKNOWN, ours=FINE, sends=["line PROXY TCP4 0.0.0.0 0.0.0.0 25 25", "line HELO {me}", "line QUIT"])
row("--proxy", "proxied", "{at} --proxy",
    defect=UNKNOWN, ours=FINE, sends=["line PROXY TCP4 0.0.0.0 0.0.0.0 25 25", "line HELO {me}", "line QUIT"])
row("-s -r", "proxied-implicit", "{at} -s -r",
    defect=UNKNOWN, ours=FINE,
    sends=["line PROXY TCP4 0.0.0.0 0.0.0.0 25 25", "tls-line HELO {me}", "tls-line QUIT"])
row("--sni", "starttls", "{at} -S --sni",
    defect=UNKNOWN, ours=FINE, sends=["line EHLO {me}", "line STARTTLS", "tls-line EHLO {me}", "tls-line QUIT"])
row("--sni with a name", "starttls", "-4 -H localhost -p {port} -S --sni",
    defect=UNKNOWN, ours=FINE,
    sends=["line EHLO {me}", "line STARTTLS", "sni=localhost", "tls-line EHLO {me}", "tls-line QUIT"])
row("-S with a name, no --sni", "starttls", "-4 -H localhost -p {port} -S")
row("-s and -S", "implicit", "{at} -s -S",
    defect=UNKNOWN, ours=(3, ["check_smtp: Set either -s/--ssl/--tls or -S/--starttls", "Usage:"]))
row("--strict", "starttls", "{at} -S --strict --server-name mx.test --ca-file {ca}",
    defect=OURS, ours=FINE,
    sends=["line EHLO {me}", "line STARTTLS", "sni=mx.test", "tls-line EHLO {me}", "tls-line QUIT"])
row("--strict, other name", "cert-other-name", "{at} -S --strict --server-name mx.test --ca-file {ca}",
    defect=OURS,
    ours=(2, [status("CRITICAL", "the certificate is not for mx.test but for other.invalid, another.invalid, ")]),
    sends=["line EHLO {me}", "line STARTTLS", "sni=mx.test", "tls-line EHLO {me}", "tls-line QUIT"])
row("--strict, self-signed", "cert-self-signed", "{at} -S --strict --server-name mx.test --ca-file {ca}",
    defect=OURS,
    ours=(2, ["SMTP CRITICAL - the server's certificate is signed by itself (\"mx.test\"), and not one of the "
              "trusted roots, N sec. response time|time=Ns;;;0.000000"]),
    sends=["line EHLO {me}", "line STARTTLS", "sni=mx.test", "tls-line EHLO {me}", "tls-line QUIT"])
row("--strict, expired, no -D", "cert-expired", "{at} -S --strict --server-name mx.test --ca-file {ca}",
    defect=OURS, ours=(2, [status("CRITICAL", "the server's certificate expired 2 days ago, on {end day}, ")]),
    sends=["line EHLO {me}", "line STARTTLS", "sni=mx.test", "tls-line EHLO {me}", "tls-line QUIT"])
row("--strict, AUTH without TLS", "auth", "{at} --strict -A LOGIN -U user -P secret",
    defect=OURS, ours=(2, [status("CRITICAL", "auth-requires-tls: nothing was sent without verified TLS, ")]),
    sends=["line EHLO {me}", "line QUIT"])
row("--strict, AUTH inside TLS", "auth-tls",
    "{at} -S --strict --server-name mx.test --ca-file {ca} -A LOGIN -U user -P secret",
    defect=OURS, ours=FINE,
    sends=["line EHLO {me}",
           "line STARTTLS",
           "sni=mx.test",
           "tls-line EHLO {me}",
           "tls-line AUTH LOGIN",
           "tls-line dXNlcg==",
           "tls-line c2VjcmV0",
           "tls-line QUIT"])
row("--password-file", "auth", "{at} -A LOGIN -U user --password-file {dir}/secret",
    defect=OURS, ours=FINE,
    sends=["line EHLO {me}", "line AUTH LOGIN", "line dXNlcg==", "line c2VjcmV0", "line QUIT"],
    files={"secret": "secret\n"})
