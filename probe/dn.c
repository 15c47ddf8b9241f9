/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grammar (RFC 5280 §4.1.2.4):
 *
 *   Name      = SEQUENCE OF rdn
 *   rdn       = SET OF attribute                    ; at least one
 *   attribute = SEQUENCE { type OID, value ANY }    ; ANY is nearly always a string
 *
 * Text (RFC 4514): rdn *("," rdn) from the last to the first, attributes of one rdn joined by "+",
 * each "type=value" with a short name for the type and a string value, else "oid=#hex".
 */
#include "probe/dn.h"

#include "probe/limits.h"

#include <stdio.h>
#include <string.h>

struct attribute {
    struct sp_slice type;
    struct sp_der_value value;
};

/* Walks attributes; `first` is true for the first one of an RDN. */
struct walker {
    struct sp_der rdns, rdn;
    bool in_rdn;
};

enum step { STEP_ATTRIBUTE, STEP_END, STEP_BROKEN };

static void start_walk(struct walker *walker, struct sp_slice name)
{
    struct sp_der outer;
    struct sp_slice none = {NULL, 0};
    sp_der_init(&outer, name);
    sp_der_init(&walker->rdn, none);
    walker->in_rdn = false;
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &walker->rdns)) {
        sp_der_init(&walker->rdns, none);
    }
}

static enum step next_attribute(struct walker *walker, struct attribute *out, bool *out_first)
{
    struct sp_der attribute;
    struct sp_der_value type;
    *out_first = sp_der_done(&walker->rdn);
    if (*out_first) {
        if (sp_der_done(&walker->rdns)) {
            return STEP_END;
        }
        if (!sp_der_enter(&walker->rdns, SP_DER_SET, &walker->rdn)) {
            return STEP_BROKEN;
        }
    }
    if (!sp_der_enter(&walker->rdn, SP_DER_SEQUENCE, &attribute) ||
        !sp_der_expect(&attribute, SP_DER_OID, &type) || type.content.len == 0 ||
        !sp_der_read(&attribute, &out->value) || !sp_der_done(&attribute)) {
        return STEP_BROKEN;
    }
    out->type = type.content;
    return STEP_ATTRIBUTE;
}

bool sp_dn_valid(struct sp_slice name)
{
    struct sp_der outer, inner;
    sp_der_init(&outer, name);
    if (!sp_der_enter(&outer, SP_DER_SEQUENCE, &inner) || !sp_der_done(&outer)) {
        return false;
    }
    struct walker walker;
    struct attribute attribute;
    bool first;
    enum step step;
    start_walk(&walker, name);
    do {
        step = next_attribute(&walker, &attribute, &first);
    } while (step == STEP_ATTRIBUTE);
    return step == STEP_END;
}

bool sp_dn_empty(struct sp_slice name)
{
    struct walker walker;
    start_walk(&walker, name);
    return sp_der_done(&walker.rdns);
}

/* --- characters --------------------------------------------------------------------------------- */

/* Octets of one character in each kind of string; 0: not a string. UTF-8 says 1 for "varies". */
static size_t character_width(unsigned tag)
{
    switch (tag) {
    case SP_DER_UTF8_STRING:
    case SP_DER_NUMERIC_STRING:
    case SP_DER_PRINTABLE_STRING:
    case SP_DER_T61_STRING:
    case SP_DER_IA5_STRING:
    case SP_DER_VISIBLE_STRING: return 1;
    case SP_DER_BMP_STRING: return 2;
    case SP_DER_UNIVERSAL_STRING: return 4;
    default: return 0;
    }
}

/* RFC 3629 §4. Returns the octets of the character at `at`, 0 when there is none. */
static size_t read_utf8(const uint8_t *at, size_t left, uint32_t *out_character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] > 0xf4 || len == 0 || len > left) {
        return 0;
    }
    uint32_t character = len == 1 ? at[0] : at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0u) != 0x80) {
            return 0;
        }
        character = character << 6 | (at[i] & 0x3fu);
    }
    if (character < smallest[len] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff)) {
        return 0;
    }
    *out_character = character;
    return len;
}

/*
 * Reads the character at `pos` of a string and returns how many octets it takes; 0: these octets are
 * no character of that kind of string.
 */
static size_t read_character(const struct sp_der_value *value, size_t pos, uint32_t *out_character)
{
    const uint8_t *at = value->content.data + pos;
    size_t left = value->content.len - pos, width = character_width(value->tag);
    if (width == 0 || left < width) {
        return 0;
    }
    if (value->tag == SP_DER_UTF8_STRING) {
        return read_utf8(at, left, out_character);
    }
    uint32_t character = 0;
    for (size_t i = 0; i < width; i++) {
        character = character << 8 | at[i];
    }
    /* T61String is read as Latin-1: that is what CAs put there. The others are ASCII. */
    if ((width == 1 && character > 0x7f && value->tag != SP_DER_T61_STRING) ||
        character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) {
        return 0;
    }
    *out_character = character;
    return width;
}

/* ASCII in one of the kinds of string that have it as octets: nearly every name there is. */
static bool is_ascii(const struct sp_der_value *value)
{
    uint8_t all = 0;
    for (size_t i = 0; i < value->content.len; i++) {
        all |= value->content.data[i];
    }
    return all < 0x80 && character_width(value->tag) == 1;
}

static bool is_text(const struct sp_der_value *value)
{
    uint32_t character;
    if (is_ascii(value)) {
        return true;
    }
    if (character_width(value->tag) == 0) {
        return false;
    }
    for (size_t pos = 0; pos < value->content.len;) {
        size_t width = read_character(value, pos, &character);
        if (width == 0) {
            return false;
        }
        pos += width;
    }
    return true;
}

bool sp_dn_well_encoded(struct sp_slice name)
{
    struct walker walker;
    struct attribute attribute;
    bool first;
    start_walk(&walker, name);
    while (next_attribute(&walker, &attribute, &first) == STEP_ATTRIBUTE) {
        const unsigned tag = attribute.value.tag;
        if ((tag == SP_DER_UTF8_STRING || tag == SP_DER_BMP_STRING ||
             tag == SP_DER_UNIVERSAL_STRING) &&
            !is_text(&attribute.value)) {
            return false;
        }
    }
    return true;
}

/* --- comparing ---------------------------------------------------------------------------------- */

/* Gives the characters of a text in lower case, without outer spaces, inner runs as one space. */
struct folder {
    const struct sp_der_value *value;
    size_t pos;
    bool started, ascii;
};

static struct folder start_folding(const struct sp_der_value *value)
{
    return (struct folder){.value = value, .ascii = is_ascii(value)};
}

#define NO_CHARACTER UINT32_MAX

static uint32_t next_folded(struct folder *folder)
{
    bool space = false;
    uint32_t character = 0;
    while (folder->pos < folder->value->content.len) {
        size_t width = 1;
        if (folder->ascii) {
            character = folder->value->content.data[folder->pos];
        } else {
            width = read_character(folder->value, folder->pos, &character);
        }
        if (width == 0) {
            break; /* is_text was asked first, so this is not reached */
        }
        if (character == ' ' || (character >= '\t' && character <= '\r')) {
            space = true;
            folder->pos += width;
            continue;
        }
        if (space && folder->started) {
            return ' '; /* the character itself is read again by the next call */
        }
        folder->pos += width;
        folder->started = true;
        return character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character;
    }
    return NO_CHARACTER;
}

static bool equal_text(const struct sp_der_value *a, const struct sp_der_value *b)
{
    struct folder fa = start_folding(a), fb = start_folding(b);
    uint32_t ca, cb;
    do {
        ca = next_folded(&fa);
        cb = next_folded(&fb);
    } while (ca == cb && ca != NO_CHARACTER);
    return ca == cb;
}

static bool equal_attribute(const struct attribute *a, const struct attribute *b)
{
    if (!sp_slice_equal(a->type, b->type)) {
        return false;
    }
    if (sp_slice_equal(a->value.whole, b->value.whole)) {
        return true;
    }
    return is_text(&a->value) && is_text(&b->value) && equal_text(&a->value, &b->value);
}

/* The attributes of one RDN stand in the order of their octets in both names; a change of case that
 * moves one of several is not looked for: no CA does that. */
static bool compare(struct sp_slice name, struct sp_slice base, bool exact)
{
    struct walker wn, wb;
    struct attribute an, ab;
    bool first_n, first_b;
    start_walk(&wn, name);
    start_walk(&wb, base);
    for (;;) {
        enum step sb = next_attribute(&wb, &ab, &first_b);
        enum step sn = next_attribute(&wn, &an, &first_n);
        if (sb == STEP_BROKEN || sn == STEP_BROKEN) {
            return false;
        }
        if (sb == STEP_END) {
            /* `base` may only end where an RDN of `name` ends. */
            return sn == STEP_END || (!exact && first_n);
        }
        if (sn == STEP_END || first_n != first_b || !equal_attribute(&an, &ab)) {
            return false;
        }
    }
}

bool sp_dn_equal(struct sp_slice a, struct sp_slice b)
{
    return compare(a, b, true);
}

bool sp_dn_within(struct sp_slice name, struct sp_slice base)
{
    return compare(name, base, false);
}

/* FNV-1a over characters: the table is no target, because only trust anchors are in it. */
static uint32_t add_hash(uint32_t hash, uint32_t value)
{
    return (uint32_t)((hash ^ value) * UINT64_C(16777619));
}

static uint32_t hash_octets(uint32_t hash, struct sp_slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        hash = add_hash(hash, octets.data[i]);
    }
    return hash;
}

uint32_t sp_dn_hash(struct sp_slice name)
{
    struct walker walker;
    struct attribute attribute;
    bool first;
    uint32_t hash = 2166136261u;
    start_walk(&walker, name);
    while (next_attribute(&walker, &attribute, &first) == STEP_ATTRIBUTE) {
        hash = hash_octets(hash, attribute.type);
        if (!is_text(&attribute.value)) {
            hash = hash_octets(hash, attribute.value.whole);
            continue;
        }
        struct folder folder = start_folding(&attribute.value);
        for (uint32_t c = next_folded(&folder); c != NO_CHARACTER; c = next_folded(&folder)) {
            hash = add_hash(hash, c);
        }
    }
    return hash;
}

/* --- text --------------------------------------------------------------------------------------- */

struct writer {
    char *data;
    size_t len, size;
    bool full;
};

#define CUT_MARK "..."

/* All or nothing, so that no escape and no character is cut in two. */
static void put(struct writer *writer, const char *text, size_t len)
{
    if (writer->full || len > writer->size - writer->len) {
        writer->full = true;
        return;
    }
    memcpy(writer->data + writer->len, text, len);
    writer->len += len;
}

static void put_string(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_hex(struct writer *writer, const char *prefix, const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len && !writer->full; i++) {
        char text[8];
        int n = snprintf(text, sizeof text, "%s%02X", prefix, octets[i]);
        put(writer, text, (size_t)n);
    }
}

/* Characters that can change how the text around them looks: C0, C1, zero-width ones, marks of
 * direction, line separators, private use and noncharacters. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || (c >= 0xe000 && c <= 0xf8ff) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c & 0xfffe) == 0xfffe || c >= 0xe0000;
}

static size_t encode_utf8(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0u | c >> 6);
        out[1] = (uint8_t)(0x80u | (c & 0x3fu));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0u | c >> 12);
        out[1] = (uint8_t)(0x80u | (c >> 6 & 0x3fu));
        out[2] = (uint8_t)(0x80u | (c & 0x3fu));
        return 3;
    }
    out[0] = (uint8_t)(0xf0u | c >> 18);
    out[1] = (uint8_t)(0x80u | (c >> 12 & 0x3fu));
    out[2] = (uint8_t)(0x80u | (c >> 6 & 0x3fu));
    out[3] = (uint8_t)(0x80u | (c & 0x3fu));
    return 4;
}

/* `escaped`: RFC 4514 §2.4 wants these characters escaped; false for a bare common name. */
static void put_value(struct writer *writer, const struct sp_der_value *value, bool escaped)
{
    const struct sp_slice content = value->content;
    for (size_t pos = 0; pos < content.len && !writer->full;) {
        uint32_t c = 0;
        size_t width = read_character(value, pos, &c);
        uint8_t utf8[4];
        if (width == 0) {
            size_t left = content.len - pos, unit = character_width(value->tag);
            unit = unit < left ? unit : left;
            put_hex(writer, "\\", content.data + pos, unit);
            pos += unit;
            continue;
        }
        size_t len = encode_utf8(c, utf8);
        bool edge =
            (c == ' ' && (pos == 0 || pos + width == content.len)) || (c == '#' && pos == 0);
        bool special = c < 0x80 && c != 0 && strchr("\"+,;<>\\", (int)c) != NULL;
        if (is_unsafe(c)) {
            put_hex(writer, "\\", utf8, len);
        } else if (escaped && (edge || special)) {
            char text[2] = {'\\', (char)c};
            put(writer, text, 2);
        } else {
            put(writer, (const char *)utf8, len);
        }
        pos += width;
    }
}

/* RFC 4514 §3, and names in common use for types that it does not list. */
static const char *type_name(struct sp_slice type)
{
    static const struct {
        const char *oid;
        size_t len;
        const char *name;
    } names[] = {
        {"\x55\x04\x03", 3, "CN"},
        {"\x55\x04\x05", 3, "serialNumber"},
        {"\x55\x04\x06", 3, "C"},
        {"\x55\x04\x07", 3, "L"},
        {"\x55\x04\x08", 3, "ST"},
        {"\x55\x04\x09", 3, "STREET"},
        {"\x55\x04\x0a", 3, "O"},
        {"\x55\x04\x0b", 3, "OU"},
        {"\x55\x04\x11", 3, "postalCode"},
        {"\x55\x04\x61", 3, "organizationIdentifier"},
        {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "UID"},
        {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC"},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "emailAddress"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (type.len == names[i].len && memcmp(type.data, names[i].oid, type.len) == 0) {
            return names[i].name;
        }
    }
    return NULL;
}

static void put_attribute(struct writer *writer, const struct attribute *attribute)
{
    const char *name = type_name(attribute->type);
    char oid[64];
    if (name == NULL) {
        sp_der_oid_text(attribute->type, oid, sizeof oid);
    }
    put_string(writer, name != NULL ? name : oid);
    if (character_width(attribute->value.tag) != 0) {
        put_string(writer, "=");
        put_value(writer, &attribute->value, true);
    } else {
        put_string(writer, "=#");
        put_hex(writer, "", attribute->value.whole.data, attribute->value.whole.len);
    }
}

/* Writes one RDN, given by the DER of its SET. */
static void put_rdn(struct writer *writer, struct sp_slice set)
{
    struct walker walker;
    struct attribute attribute;
    bool first;
    start_walk(&walker, (struct sp_slice){NULL, 0});
    sp_der_init(&walker.rdns, set);
    while (!writer->full && next_attribute(&walker, &attribute, &first) == STEP_ATTRIBUTE) {
        if (!first) {
            put_string(writer, "+");
        }
        put_attribute(writer, &attribute);
    }
}

const char *sp_dn_text(struct sp_arena *arena, struct sp_slice name)
{
    /* A name with more RDNs than this shows the last ones of those kept; none in use has 30. */
    struct sp_slice rdns[64];
    size_t count = 0;
    struct walker walker;
    struct sp_der_value value;
    char text[SP_LIMIT_DN_TEXT];
    struct writer writer = {text, 0, sizeof text - sizeof CUT_MARK, false};
    start_walk(&walker, name);
    while (count < sizeof rdns / sizeof rdns[0] &&
           sp_der_expect(&walker.rdns, SP_DER_SET, &value)) {
        rdns[count++] = value.whole;
    }
    for (size_t i = count; i > 0 && !writer.full; i--) {
        put_rdn(&writer, rdns[i - 1]);
        if (i > 1) {
            put_string(&writer, ",");
        }
    }
    if (!sp_der_done(&walker.rdns)) {
        writer.full = true;
    }
    memcpy(text + writer.len, writer.full ? CUT_MARK : "", writer.full ? sizeof CUT_MARK : 1);
    return sp_arena_strdup(arena, text);
}

bool sp_dn_common_name(struct sp_arena *arena, struct sp_slice name, const char **out_text)
{
    struct walker walker;
    struct attribute attribute, last = {0};
    bool first;
    char text[SP_LIMIT_DN_TEXT];
    struct writer writer = {text, 0, sizeof text - sizeof CUT_MARK, false};
    *out_text = NULL;
    start_walk(&walker, name);
    while (next_attribute(&walker, &attribute, &first) == STEP_ATTRIBUTE) {
        if (attribute.type.len == 3 && memcmp(attribute.type.data, "\x55\x04\x03", 3) == 0) {
            last = attribute;
        }
    }
    if (last.type.len == 0 || character_width(last.value.tag) == 0) {
        return true;
    }
    put_value(&writer, &last.value, false);
    memcpy(text + writer.len, writer.full ? CUT_MARK : "", writer.full ? sizeof CUT_MARK : 1);
    *out_text = sp_arena_strdup(arena, text);
    return *out_text != NULL;
}

bool sp_dn_email(struct sp_slice name, unsigned index, struct sp_slice *out_value)
{
    static const char email[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
    struct walker walker;
    struct attribute attribute;
    bool first;
    start_walk(&walker, name);
    while (next_attribute(&walker, &attribute, &first) == STEP_ATTRIBUTE) {
        if (attribute.type.len != sizeof email - 1 ||
            memcmp(attribute.type.data, email, sizeof email - 1) != 0) {
            continue;
        }
        if (index-- == 0) {
            *out_value = attribute.value.content;
            return true;
        }
    }
    return false;
}
