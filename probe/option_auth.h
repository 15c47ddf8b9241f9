/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about logging in: how their values are read, and what they mean together. */
#ifndef SP_PROBE_OPTION_AUTH_H
#define SP_PROBE_OPTION_AUTH_H

#include "probe/option_kinds.h"

#include <stdbool.h>
#include <stddef.h>

/* Names of mechanisms, "auto" or "none", into a struct sp_words. Mechanisms add up. */
bool sp_setting_mechanisms(const struct sp_setting *set);
/* Pairs STAGE=CODE, into expect_replies of the options. They add up. */
bool sp_setting_replies(const struct sp_setting *set);
/* Number of an open descriptor. */
bool sp_setting_fd(const struct sp_setting *set);

/* Whether somebody who gives an option of this name means to give a secret itself, which none takes. */
bool sp_option_would_be_secret(const char *name);
/* False after --auth none. */
bool sp_options_may_log_in(const struct sp_options *options);
/* The long name of the option that says where a secret is; NULL: none. */
const char *sp_options_secret(const struct sp_options *options);
/* Whether a login with these options can't do without a password or token. */
bool sp_options_need_secret(const struct sp_options *options);
/* Whether those who log in, and with what, agree with one another. False: error[0..size) says why. To be
 * asked of the options of one endpoint: a target line may name another user than the command line. */
bool sp_options_check_login(const struct sp_options *options, char *error, size_t size);

#endif
