/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mechanisms, the strongest first: SP_SASL(the name of its struct sp_sasl_mech). */
SP_SASL(sp_sasl_gssapi)
SP_SASL(sp_sasl_scram_sha512_plus)
SP_SASL(sp_sasl_scram_sha256_plus)
SP_SASL(sp_sasl_scram_sha512)
SP_SASL(sp_sasl_scram_sha256)
SP_SASL(sp_sasl_scram_sha1_plus)
SP_SASL(sp_sasl_scram_sha1)
