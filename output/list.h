/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SP_OUTPUT(name): one line per output, in the order of --output's words in probe/options.def;
 * `const struct sp_output sp_output_NAME` ends output/NAME.c. */
SP_OUTPUT(text)
SP_OUTPUT(json)
SP_OUTPUT(jsonl)
SP_OUTPUT(nagios)
SP_OUTPUT(prometheus)
