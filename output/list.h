/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SP_OUTPUT(name): one line per output. */
SP_OUTPUT(text)
SP_OUTPUT(json)
SP_OUTPUT(jsonl)
SP_OUTPUT(nagios)
SP_OUTPUT(prometheus)
