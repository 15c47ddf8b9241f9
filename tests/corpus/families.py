# SPDX-License-Identifier: GPL-3.0-or-later
"""All families of cases, in the order of the table."""

import cases_ca
import cases_constraints
import cases_crypto
import cases_form
import cases_names
import cases_policies
import cases_trust


def make():
    return [
        cases_trust.trust(), cases_trust.order(), cases_trust.dates(), cases_trust.crossed(),
        cases_ca.authorities(), cases_ca.lengths(), cases_ca.extensions(), cases_ca.usages(),
        cases_constraints.constrained(), cases_names.hosts(), cases_names.subjects(),
        cases_crypto.strength(), cases_crypto.signatures(), cases_form.form(), cases_form.sizes(),
        cases_policies.policy(),
    ]
