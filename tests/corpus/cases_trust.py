# SPDX-License-Identifier: GPL-3.0-or-later
"""Who vouches for whom: anchors, the order of the message, dates, and more than one way."""

import certificate
import der
from case import Family, leaf, middle, other, root
from certificate import DAY, HOST, NOW, authority, server


def trust():
    family = Family("trust", "Trust")
    add = family.add
    add("good", [leaf(), middle()], [root()])
    add("good-with-root", [leaf(), middle(), root()], [root()])
    add("good-direct", [server(root())], [root()])
    add("untrusted-root", [leaf(), middle()], [other()], "not-trusted@1")
    add("untrusted-root-sent", [leaf(), middle(), root()], [other()], "not-trusted@2")
    add("untrusted-direct", [server(root())], [other()], "chain-incomplete@0")
    add("self-signed", [server()], [root()], "self-signed@0")
    add("self-signed-ca", [authority(f"CN={HOST}", ext={
        "san": certificate.alternative(certificate.dns(HOST)),
        "ku": certificate.usage("digitalSignature keyCertSign")})], [root()], "self-signed@0")
    mine = server()
    add("self-signed-trusted", [mine], [mine])
    add("self-signed-wrong-signature", [server(flip=True)], [root()], "self-signed@0 invalid@0")
    add("self-signed-expired-wrong-host", [server(begin=NOW - 90 * DAY, end=NOW - DAY,
                                                  names=["other.example"])],
        [root()], "expired@0 host-mismatch@0 self-signed@0")
    add("missing-intermediate", [leaf()], [root()], "chain-incomplete@0")
    deep = authority("Deep CA", middle())
    add("missing-one-of-two", [server(deep), deep], [root()], "not-trusted@1")
    add("missing-the-lower-of-two", [server(deep), middle()], [root()],
        "chain-incomplete@0 chain-order@1")
    add("intermediate-is-anchor", [leaf(), middle()], [middle()])
    add("intermediate-is-anchor-not-sent", [leaf()], [middle()])
    add("leaf-is-anchor", [leaf(), middle()], [leaf()])
    add("two-anchors", [leaf(), middle()], [other(), root()])
    fake = authority("Example Root")
    add("forged-root-sent", [server(fake), fake], [root()], "not-trusted@1")
    add("forged-root-not-sent", [server(fake)], [root()], "chain-incomplete@0")
    add("forged-root-no-key-ids", [server(fake, ext={"aki": None})], [root()], "invalid@0")
    add("anchor-of-same-name-first", [leaf(), middle()], [fake, root()])
    add("leaf-issued-by-leaf", [server(leaf(), "CN=www"), leaf(), middle()], [root()],
        "invalid@1 invalid@1")
    bad_root = authority("Bad Signature Root", flip=True)
    add("anchor-with-wrong-signature", [server(bad_root)], [bad_root])
    return family


def order():
    family = Family("order", "Order and company of the certificates sent")
    add = family.add
    upper = authority("Upper", root())
    lower = authority("Lower", upper)
    mx = server(lower)
    add("good", [mx, lower, upper], [root()])
    add("swapped", [mx, upper, lower], [root()], "chain-order@-1")
    add("root-before-intermediate", [leaf(), root(), middle()], [root()], "chain-order@-1")
    add("root-in-the-middle", [mx, lower, root(), upper], [root()], "chain-order@-1")
    add("extra-root", [leaf(), middle(), other()], [root()], "chain-order@2")
    add("extra-in-the-middle", [leaf(), other(), middle()], [root()], "chain-order@1")
    add("extra-leaf", [leaf(), middle(), server(other())], [root()], "chain-order@2")
    add("extra-expired", [leaf(), middle(), server(other(), end=NOW - DAY)], [root()],
        "chain-order@2")
    add("extra-unknown-critical", [leaf(), middle(), authority("O=Other,CN=Odd", other(), ext={
        "odd": certificate.UNKNOWN_CRITICAL})], [root()], "chain-order@2")
    add("leaf-twice", [leaf(), leaf(), middle()], [root()], "chain-order@1")
    add("intermediate-twice", [leaf(), middle(), middle()], [root()], "chain-order@2")
    add("all-twice", [leaf(), middle(), leaf(), middle()], [root()],
        "chain-order@2 chain-order@3", detail="was sent 2 times")
    add("root-twice", [leaf(), middle(), root(), root()], [root()], "chain-order@3")
    add("leaf-last", [middle(), leaf()], [root()], "host-mismatch@0 invalid@0 chain-order@1")
    return family


def dates():
    family = Family("dates", "Dates")
    add = family.add
    old = {"begin": NOW - 90 * DAY, "end": NOW - 12 * DAY}
    new = {"begin": NOW + DAY, "end": NOW + 90 * DAY}
    for word, span in (("expired", old), ("not-yet-valid", new)):
        ca, anchor = authority("CA", root(), **span), authority("Dated Root", **span)
        add(f"{word}-leaf", [server(middle(), **span), middle()], [root()], f"{word}@0")
        add(f"{word}-intermediate", [server(ca), ca], [root()], f"{word}@1")
        add(f"{word}-root", [server(anchor)], [anchor], f"{word}@-1")
        add(f"{word}-leaf-and-intermediate", [server(ca, **span), ca], [root()],
            f"{word}@0 {word}@1")
        below = authority("Below", ca)
        add(f"{word}-upper-intermediate", [server(below), below, ca], [root()], f"{word}@2")
    mixed = authority("Mixed", root(), **new)
    add("expired-leaf-of-future-intermediate", [server(mixed, **old), mixed], [root()],
        "expired@0 not-yet-valid@1")
    add("expired-leaf-of-unknown-root", [server(other(), **old)], [root()],
        "expired@0 chain-incomplete@0")
    end_now, begin_now = server(middle(), end=NOW), server(middle(), begin=NOW)
    add("last-second", [end_now, middle()], [root()])
    add("one-second-late", [end_now, middle()], [root()], "expired@0", now=NOW + 1)
    add("first-second", [begin_now, middle()], [root()])
    add("one-second-early", [begin_now, middle()], [root()], "not-yet-valid@0", now=NOW - 1)
    add("one-instant", [server(middle(), begin=NOW, end=NOW), middle()], [root()])
    add("end-before-begin", [server(middle(), begin=NOW + DAY, end=NOW - DAY), middle()], [root()],
        "expired@0 not-yet-valid@0 invalid@0")
    add("end-before-begin-inside", [server(middle(), begin=NOW - DAY, end=NOW - 2 * DAY), middle()],
        [root()], "expired@0 invalid@0")
    for year in (2049, 2050, 2051, 9999):
        stop = int((year - 1970) * 365.2425 * DAY) - 2 * DAY
        add(f"until-{year}", [server(middle(), end=stop), middle()], [root()])
    add("until-the-last-second", [server(middle(), validity=der.time(NOW - DAY) +
                                         der.generalized_time("99991231235959Z")), middle()],
        [root()])
    past, future = der.time(NOW - DAY), der.time(NOW + DAY)
    forms = {
        "generalized-before-2050": (past, der.generalized_time("20270101000000Z"), ""),
        "utc-1950": (der.utc_time("500101000000Z"), future, ""),
        "generalized-1949": (der.generalized_time("19490101000000Z"), future, ""),
        "utc-49-is-2049": (past, der.utc_time("490101000000Z"), ""),
        "utc-50-is-1950": (past, der.utc_time("500101000000Z"), "expired@0 invalid@0"),
        "utc-without-seconds": (past, der.utc_time("2701010000Z"), "invalid@0"),
        "utc-with-offset": (past, der.utc_time("270101000000+0100"), "invalid@0"),
        "generalized-fraction": (past, der.generalized_time("20510101000000.5Z"), "invalid@0"),
        "generalized-offset": (past, der.generalized_time("20510101000000+0100"), "invalid@0"),
        "generalized-local": (past, der.generalized_time("20510101000000"), "invalid@0"),
        "month-13": (past, der.utc_time("271301000000Z"), "invalid@0"),
        "february-29": (past, der.utc_time("280229000000Z"), ""),
        "february-30": (past, der.utc_time("280230000000Z"), "invalid@0"),
        "leap-second": (past, der.utc_time("270630235960Z"), "invalid@0"),
        "empty-time": (past, der.utc_time(""), "invalid@0"),
        "letters": (past, der.utc_time("27O101000000Z"), "invalid@0"),
    }
    for word, (before, after, expect) in forms.items():
        add(word, [server(middle(), validity=before + after), middle()], [root()], expect)
    return family


def mixed_paths(add, twin_old):
    """Good and bad ways of different lengths, and faults that no other way mends."""
    mid, past = middle(), {"begin": NOW - 90 * DAY, "end": NOW - DAY}
    cross = authority("Example Root", other(), key=root().key)
    dead = server(mid, **past)
    add("expired-leaf-beside-cross-sign", [dead, mid, cross], [root(), other()], "expired@0")
    add("expired-leaf-and-only-way", [dead, twin_old], [other()], "expired@0 expired@1")
    aged = authority("Aged Root", **past)
    longer = authority("Aged Root", other(), key=aged.key)
    add("good-way-longer-than-expired-anchor", [server(aged), longer], [aged, other()])
    add("good-way-longer-than-expired-anchor-sent", [server(aged), aged, longer], [aged, other()],
        "")
    short = authority("Short", root(), key=mid.key, subject_der=mid.subject, **past)
    add("good-way-longer-than-expired-twin", [leaf(), short, authority(
        "Example Intermediate", upper := authority("Upper", root()), key=mid.key), upper], [root()])
    renamed = authority("Renamed CA", root(), key=mid.key)
    add("same-key-two-names", [leaf(), renamed, mid], [root()], "chain-order@1")
    add("same-key-wrong-name-only", [leaf(), renamed], [root()], "chain-incomplete@0 chain-order@1")


def crossed():
    family = Family("paths", "More than one way")
    add = family.add
    mid = middle()
    span = {"begin": NOW - 90 * DAY, "end": NOW - DAY}
    again = {"key": root().key}
    cross = authority("Example Root", other(), **again)
    cross_old = authority("Example Root", other(), **again, **span)
    add("cross-signed-root", [leaf(), mid, cross], [other()])
    add("cross-signed-root-both-known", [leaf(), mid, cross], [other(), root()])
    add("cross-sign-not-needed", [leaf(), mid, cross], [root()])
    add("expired-cross-sign-beside-root", [leaf(), mid, cross_old], [root()])
    add("expired-cross-sign-beside-both", [leaf(), mid, cross_old], [other(), root()])
    add("expired-cross-sign-only-way", [leaf(), mid, cross_old], [other()], "expired@2")
    twin = authority("Example Intermediate", other(), key=mid.key)
    twin_old = authority("Example Intermediate", other(), key=mid.key, **span)
    add("two-intermediates-one-key", [leaf(), twin, mid], [root()])
    add("two-intermediates-other-order", [leaf(), mid, twin], [root()])
    add("expired-twin-first", [leaf(), twin_old, mid], [root(), other()])
    add("expired-twin-behind", [leaf(), mid, twin_old], [root(), other()])
    add("twin-to-unknown-root", [leaf(), mid, twin_old], [other()], "expired@2")
    impostor = authority("Example Intermediate", root())
    add("same-name-other-key-first", [leaf(), impostor, mid], [root()], "chain-order@1")
    add("same-name-other-key-behind", [leaf(), mid, impostor], [root()], "chain-order@2")
    blind = server(mid, ext={"aki": None})
    add("same-name-other-key-no-key-ids", [blind, impostor, mid], [root()], "chain-order@1")
    add("same-name-other-key-only", [blind, impostor], [root()], "invalid@0")
    renamed = authority("Renamed Root", key=root().key)
    add("same-key-other-name", [leaf(), mid], [renamed], "not-trusted@1")
    new_root = authority("Example Root", begin=NOW - DAY)
    link = authority("Example Root", root(), key=new_root.key)
    add("root-key-rollover", [server(new_root), link], [root()])
    back = authority("Example Root", new_root, key=root().key)
    add("root-key-rollover-back", [leaf(), mid, back], [new_root])
    old_root = authority("Old Root", **span)
    fresh = authority("Old Root", key=old_root.key)
    add("expired-root-beside-renewed", [server(old_root)], [old_root, fresh])
    add("renewed-root-sent-expired-known", [server(old_root), fresh], [old_root], "expired@-1")
    add("expired-root-sent-renewed-known", [server(old_root), old_root], [fresh])
    a_self = authority("Loop A")
    b_by_a = authority("Loop B", a_self)
    a_by_b = authority("Loop A", b_by_a, key=a_self.key)
    add("loop", [server(a_by_b), a_by_b, b_by_a], [root()], "not-trusted@2")
    add("loop-with-a-way-out", [server(a_by_b), a_by_b, b_by_a], [a_self])
    a_by_root = authority("Loop A", root(), key=a_self.key)
    add("loop-beside-a-way", [server(a_by_b), a_by_b, b_by_a, a_by_root], [root()])
    maze = [authority(f"Maze {i}") for i in range(4)]
    crossings = [authority(f"Maze {i}", maze[j], key=maze[i].key)
                 for i in range(4) for j in range(4) if i != j]
    exit_ = authority("Maze 3", root(), key=maze[3].key)
    add("maze-without-a-way-out", [server(maze[0]), *crossings], [root()], "not-trusted@4 invalid@-1",
        detail="goes in a circle")
    add("maze-with-a-way-out", [server(maze[0]), *crossings, exit_], [root()])
    narrow = authority("Example Intermediate", root(), key=mid.key, ext={
        "nc": certificate.constraints(permitted=[certificate.dns("other.example")])})
    add("constrained-twin-first", [leaf(), narrow, mid], [root()])
    wrong_use = authority("Example Intermediate", root(), key=mid.key, ext={
        "eku": certificate.purposes("emailProtection")})
    add("twin-for-mail-first", [leaf(), wrong_use, mid], [root()])
    weak = authority("Example Intermediate", root(), key=mid.key, digest="sha1")
    add("weak-twin-first", [leaf(), weak, mid], [root()])
    broken = authority("Example Intermediate", root(), key=mid.key, flip=True)
    add("twin-with-wrong-signature-first", [leaf(), broken, mid], [root()])
    no_ca = authority("Example Intermediate", root(), key=mid.key, ext={
        "bc": certificate.basic(ca=False)})
    add("twin-that-is-no-ca-first", [leaf(), no_ca, mid], [root()])
    twins = [authority("Example Intermediate", root(), end=NOW - i * DAY, key=mid.key)
             for i in range(1, 10)]
    add("nine-expired-twins-first", [leaf(), *twins, mid], [root()])
    strangers = [authority("Example Intermediate", root()) for _ in range(12)]
    mixed_paths(add, twin_old)
    add("twelve-of-the-same-name-first", [blind, *strangers, mid], [root()],
        " ".join(f"chain-order@{i}" for i in range(1, 13)))
    return family
