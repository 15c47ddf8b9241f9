/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mechanisms, the strongest first: SP_SASL(the name of its struct sp_sasl_mech). */
SP_SASL(sp_sasl_gssapi)
