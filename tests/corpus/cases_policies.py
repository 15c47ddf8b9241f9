# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate policies (RFC 5280 §6.1) where every policy will do, but one may be demanded."""

from case import Family, leaf, middle, root
from certificate import (ANY_POLICY, authority, inhibit_any, policies, policy_constraints,
                         policy_mappings, server)

ONE, TWO, THREE = "1.3.6.1.4.1.55555.1", "1.3.6.1.4.1.55555.2", "1.3.6.1.4.1.55555.3"


def policy():
    family = Family("policies", "Certificate policies")
    add = family.add

    def line(word, expect, *steps, mx=None, self_issued=(), **more):
        """CAs with these extensions from the root down, and a leaf."""
        chain, issuer = [], root()
        for index, step in enumerate(steps):
            same = {"subject_der": issuer.subject} if index in self_issued else {}
            issuer = authority(f"Policy {index}", issuer, ext={
                str(number): one for number, one in enumerate(step)}, **same)
            chain.insert(0, issuer)
        add(word, [server(issuer, ext={"cp": mx}), *chain], [root()], expect, **more)

    must = policy_constraints(require=0)
    add("critical-in-leaf", [server(middle(), ext={"cp": policies(ONE, critical=True)}), middle()],
        [root()])
    add("any-in-leaf", [server(middle(), ext={"cp": policies(ANY_POLICY)}), middle()], [root()])
    add("none", [leaf(), middle()], [root()])
    line("different-not-demanded", "", [policies(ONE)], mx=policies(TWO))
    line("demanded-and-there", "", [must, policies(ONE)], mx=policies(ONE))
    line("demanded-leaf-has-none", "invalid@0", [must, policies(ONE)])
    line("demanded-leaf-has-another", "invalid@0", [must, policies(ONE)], mx=policies(TWO))
    line("demanded-ca-has-none", "invalid@1", [must], mx=policies(ONE))
    line("demanded-ca-has-any", "", [must, policies(ANY_POLICY)], mx=policies(ONE))
    line("demanded-leaf-has-any", "", [must, policies(ONE)], mx=policies(ANY_POLICY))
    line("demanded-one-of-two", "", [must, policies(ONE, TWO)], mx=policies(TWO, THREE))
    line("demanded-by-the-lower", "", [policies(ONE)], [must, policies(ONE)], mx=policies(ONE))
    line("demanded-by-the-lower-upper-differs", "invalid@1", [policies(TWO)],
         [must, policies(ONE)], mx=policies(ONE))
    line("demanded-by-the-lower-upper-has-none", "invalid@2", [], [must, policies(ONE)],
         mx=policies(ONE))
    later = policy_constraints(require=2)
    line("demanded-later-than-the-path", "", [later, policies(ONE)])
    line("demanded-just-in-the-path", "invalid@0", [policy_constraints(require=1), policies(ONE)],
         [policies(ONE)])
    line("demanded-self-issued-does-not-count", "", [policy_constraints(require=2), policies(ONE)],
         [policies(ONE)], self_issued=(1,))
    leaf_demand = [server(middle(), ext={"must": must}), middle()]
    add("demanded-by-the-leaf", leaf_demand, [root()], "invalid@1")
    line("demanded-by-nobody", "", [policies(ONE)], mx=policies(ONE))
    line("any-inhibited", "invalid@0", [must, policies(ONE), inhibit_any(0)],
         mx=policies(ANY_POLICY))
    line("any-inhibited-later", "", [must, policies(ONE), inhibit_any(1)], mx=policies(ANY_POLICY))
    line("any-inhibited-other-there", "", [must, policies(ONE), inhibit_any(0)],
         mx=policies(ANY_POLICY, ONE))
    line("any-inhibited-not-demanded", "", [policies(ONE), inhibit_any(0)], mx=policies(ANY_POLICY))
    line("any-inhibited-self-issued", "", [must, policies(ONE), inhibit_any(0)],
         [policies(ANY_POLICY)], mx=policies(ONE), self_issued=(1,))
    line("mapped", "", [must, policies(ONE), policy_mappings((ONE, TWO))], mx=policies(TWO))
    line("mapped-leaf-has-the-old-one", "invalid@0", [must, policies(ONE),
                                                      policy_mappings((ONE, TWO))],
         mx=policies(ONE))
    line("mapping-not-allowed", "invalid@1", [policy_constraints(require=0, inhibit=0),
                                              policies(ONE)],
         [policies(ONE), policy_mappings((ONE, TWO))], mx=policies(TWO))
    line("mapping-not-allowed-not-demanded", "", [policy_constraints(inhibit=0), policies(ONE)],
         [policies(ONE), policy_mappings((ONE, TWO))], mx=policies(TWO))
    line("mapping-from-any", "invalid@1 invalid@0", [must, policies(ONE), policy_mappings(
        (ANY_POLICY, TWO))], mx=policies(TWO))
    line("mapping-to-any", "invalid@1 invalid@0", [must, policies(ONE), policy_mappings(
        (ONE, ANY_POLICY))], mx=policies(TWO))
    line("any-below-does-not-widen", "invalid@0", [must, policies(ONE)], [policies(ANY_POLICY)],
         mx=policies(TWO))
    line("any-below-keeps", "", [must, policies(ONE)], [policies(ANY_POLICY)], mx=policies(ONE))
    line("mapped-one-that-is-not-there", "invalid@0", [must, policies(ONE),
                                                       policy_mappings((THREE, TWO))],
         mx=policies(TWO))
    line("mapped-from-any-above", "", [must, policies(ANY_POLICY), policy_mappings((ONE, TWO))],
         mx=policies(TWO))
    line("mapped-twice", "", [must, policies(ONE), policy_mappings((ONE, TWO))],
         [policies(TWO), policy_mappings((TWO, THREE))], mx=policies(THREE))
    line("mapped-not-demanded", "", [policies(ONE), policy_mappings((ONE, TWO))], mx=policies(ONE))
    line("constraints-not-critical", "invalid@0", [policy_constraints(require=0, critical=False),
                                                   policies(ONE)])
    line("constraints-empty", "invalid@1", [policy_constraints()])
    line("policy-twice-in-one-certificate", "invalid@0", [policies(ONE)],
         mx=policies(ONE, ONE))
    line("policies-empty", "invalid@0", [policies(ONE)], mx=policies())
    many = [f"{ONE}.{i}" for i in range(30)]
    line("30-policies-mapped-to-each-other", "", [must, policies(*many), policy_mappings(
        *((one, other) for one in many[:5] for other in many[:5]))], mx=policies(*many))
    many = [f"{ONE}.{i}" for i in range(300)]
    line("300-policies-not-demanded", "", [policies(*many)], mx=policies(*many))
    line("300-policies-demanded", "invalid@-1", [must, policies(*many)], mx=policies(*many),
         detail="more policies than the 32 that we compare")
    return family
