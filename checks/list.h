/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SP_CHECK(name): one line per check, in the order in which they are asked. */
SP_CHECK(target)
SP_CHECK(connect)
SP_CHECK(banner)
SP_CHECK(ehlo)
SP_CHECK(starttls)
SP_CHECK(tls)
SP_CHECK(certificate)
SP_CHECK(protocol)
SP_CHECK(timing)
SP_CHECK(quit)
