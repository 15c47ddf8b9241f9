/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From libyaml's events to the tree. Events, not its document: an alias is then seen as one, and a file
 * that is too deep or too large is given up before it is all in memory. */
#include "prometheus/yaml.h"

#include "probe/host.h"
#include "probe/limits.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or mapping that is not at its end yet. */
struct frame {
    struct sp_yaml_node *node;
    struct sp_yaml_item *items;
    size_t size;
    const struct sp_yaml_node *key; /* of the value that comes next */
};

struct anchor {
    const char *name;
    const struct sp_yaml_node *node;
};

struct builder {
    struct sp_yaml *yaml;
    struct frame frames[SP_LIMIT_YAML_DEPTH];
    size_t depth;
    size_t weight; /* of all nodes so far */
    struct anchor anchors[SP_LIMIT_YAML_ANCHORS];
    size_t anchor_count;
};

static struct sp_yaml_node *make_node(struct builder *builder, enum sp_yaml_kind kind,
                                      yaml_mark_t mark)
{
    struct sp_yaml_node *node = sp_arena_alloc(builder->yaml->arena, sizeof *node);
    if (node == NULL) {
        sp_yaml_no_memory(builder->yaml);
        return NULL;
    }
    *node = (struct sp_yaml_node){.kind = kind,
                                  .line = (unsigned)mark.line + 1,
                                  .column = (unsigned)mark.column + 1,
                                  .weight = 1};
    return node;
}

/* An error at a mark that has no node. Always false. */
static bool refuse_at(struct builder *builder, yaml_mark_t mark, const char *message)
{
    struct sp_yaml_node place = {.line = (unsigned)mark.line + 1,
                                 .column = (unsigned)mark.column + 1};
    sp_yaml_error(builder->yaml, &place, "%s", message);
    return false;
}

/* --- values ------------------------------------------------------------------------------------- */

static bool append_item(struct builder *builder, struct frame *frame,
                        const struct sp_yaml_node *value)
{
    struct sp_yaml_node *node = frame->node;
    if (node->count == frame->size) {
        size_t size = frame->size > 0 ? frame->size * 2 : 4;
        struct sp_yaml_item *items = sp_arena_array(builder->yaml->arena, size, sizeof *items);
        if (items == NULL)
            return sp_yaml_no_memory(builder->yaml);
        if (node->count > 0)
            memcpy(items, frame->items, node->count * sizeof *items);
        frame->items = items;
        frame->size = size;
        node->items = items;
    }
    frame->items[node->count++] = (struct sp_yaml_item){.key = frame->key, .value = value};
    frame->key = NULL;
    node->weight += value->weight;
    return true;
}

/* Puts a finished value, or one that begins, where the tree wants the next one. `place` is where it
 * stands in the file, which for an alias is not where the value stands. */
static bool add_value(struct builder *builder, const struct sp_yaml_node *value, yaml_mark_t place)
{
    if (builder->depth == 0) {
        builder->yaml->root = value;
        return true;
    }
    struct frame *frame = &builder->frames[builder->depth - 1];
    if (frame->node->kind == SP_YAML_LIST || frame->key != NULL)
        return append_item(builder, frame, value);
    if (value->kind != SP_YAML_SCALAR)
        return refuse_at(builder, place,
                         "a key must be text; text that begins with { or [ needs quotes");
    frame->key = value;
    return true;
}

/* Aliases count with all that they stand for, so that nobody who walks the tree walks for long. */
static bool add_weight(struct builder *builder, size_t weight, yaml_mark_t place)
{
    if (weight > SP_LIMIT_YAML_NODES - builder->weight)
        return refuse_at(builder, place, "the file has too many values; split it");
    builder->weight += weight;
    return true;
}

/* --- anchors ------------------------------------------------------------------------------------ */

static bool add_anchor(struct builder *builder, const char *name, const struct sp_yaml_node *node)
{
    if (name == NULL)
        return true;
    for (size_t i = 0; i < builder->anchor_count; i++) {
        if (strcmp(builder->anchors[i].name, name) == 0) {
            if (builder->yaml->foreign) { /* YAML means the newest */
                builder->anchors[i].node = node;
                return true;
            }
            sp_yaml_error(builder->yaml, node, "the anchor &%s is there twice (first on line %u)",
                          name, builder->anchors[i].node->line);
            return true;
        }
    }
    if (builder->anchor_count == SP_LIMIT_YAML_ANCHORS) {
        sp_yaml_error(builder->yaml, node, "there are more than %u anchors", SP_LIMIT_YAML_ANCHORS);
        return false;
    }
    const char *copy = sp_arena_strdup(builder->yaml->arena, name);
    if (copy == NULL)
        return sp_yaml_no_memory(builder->yaml);
    builder->anchors[builder->anchor_count++] = (struct anchor){.name = copy, .node = node};
    return true;
}

static bool is_open(const struct builder *builder, const struct sp_yaml_node *node)
{
    for (size_t i = 0; i < builder->depth; i++) {
        if (builder->frames[i].node == node)
            return true;
    }
    return false;
}

static bool add_alias(struct builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct sp_yaml_node *node = NULL;
    for (size_t i = 0; i < builder->anchor_count && node == NULL; i++) {
        if (strcmp(builder->anchors[i].name, name) == 0)
            node = builder->anchors[i].node;
    }
    if (node == NULL)
        return refuse_at(builder, event->start_mark,
                         "there is no anchor of this name; text that begins with * needs quotes");
    if (is_open(builder, node))
        return refuse_at(builder, event->start_mark, "this alias stands inside of what it means");
    return add_weight(builder, node->weight, event->start_mark) &&
           add_value(builder, node, event->start_mark);
}

/* --- scalars, lists, mappings ------------------------------------------------------------------- */

static bool check_tag(struct builder *builder, const yaml_char_t *tag, yaml_mark_t mark)
{
    if (tag != NULL && !builder->yaml->foreign)
        refuse_at(
            builder, mark,
            "tags such as !!str are not used here; leave the tag out, or put text that begins "
            "with ! in quotes");
    return true;
}

static bool add_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    struct sp_yaml_node *node = make_node(builder, SP_YAML_SCALAR, event->start_mark);
    if (node == NULL)
        return false;
    if (memchr(text, '\0', len) != NULL && !builder->yaml->foreign)
        sp_yaml_error(builder->yaml, node, "the text holds a NUL character; remove the \\0");
    node->text = sp_arena_strndup(builder->yaml->arena, text, strnlen(text, len));
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (node->text == NULL)
        return sp_yaml_no_memory(builder->yaml);
    return check_tag(builder, event->data.scalar.tag, event->start_mark) &&
           add_anchor(builder, (const char *)event->data.scalar.anchor, node) &&
           add_weight(builder, 1, event->start_mark) && add_value(builder, node, event->start_mark);
}

static bool begin_frame(struct builder *builder, const yaml_event_t *event)
{
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag =
        is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    const yaml_char_t *anchor =
        is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    struct sp_yaml_node *node =
        make_node(builder, is_list ? SP_YAML_LIST : SP_YAML_MAP, event->start_mark);
    if (node == NULL)
        return false;
    if (builder->depth == SP_LIMIT_YAML_DEPTH)
        return refuse_at(builder, event->start_mark, "lists and mappings are nested too deep");
    struct frame *above = builder->depth > 0 ? &builder->frames[builder->depth - 1] : NULL;
    if (above != NULL && above->node->kind == SP_YAML_MAP && above->key == NULL)
        return add_value(builder, node, event->start_mark);
    if (!check_tag(builder, tag, event->start_mark) ||
        !add_anchor(builder, (const char *)anchor, node) ||
        !add_weight(builder, 1, event->start_mark))
        return false;
    builder->frames[builder->depth++] = (struct frame){.node = node};
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct sp_yaml_item *x = *(const struct sp_yaml_item *const *)a;
    const struct sp_yaml_item *y = *(const struct sp_yaml_item *const *)b;
    int order = strcmp(x->key->text, y->key->text);
    return order != 0 ? order : (x > y) - (x < y);
}

/* A key that is there again is told and left out, so that whoever reads the tree meets each key once. */
static bool drop_duplicates(struct builder *builder, struct frame *frame)
{
    char quoted[SP_QUOTE_SIZE];
    struct sp_yaml_node *map = frame->node;
    struct sp_arena *arena = builder->yaml->arena;
    const struct sp_yaml_item **sorted = sp_arena_array(arena, map->count, sizeof *sorted);
    const struct sp_yaml_item **first = sp_arena_array(arena, map->count, sizeof *first);
    size_t kept = 0;
    if (sorted == NULL || first == NULL)
        return sp_yaml_no_memory(builder->yaml);
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &frame->items[i];
    qsort(sorted, map->count, sizeof(*sorted), compare_keys);
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_item *before = i > 0 ? first[sorted[i - 1] - frame->items] : NULL;
        bool again = before != NULL && strcmp(before->key->text, sorted[i]->key->text) == 0;
        first[sorted[i] - frame->items] = again ? before : sorted[i];
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_node *key = frame->items[i].key;
        if (first[i] != &frame->items[i])
            sp_yaml_error(
                builder->yaml, key, "the key %s is there twice (first on line %u); remove one",
                sp_quote(quoted, sizeof quoted, key->text, strlen(key->text)), first[i]->key->line);
    }
    for (size_t i = 0; i < map->count; i++) {
        if (first[i] == &frame->items[i])
            frame->items[kept++] = frame->items[i];
    }
    map->count = kept;
    return true;
}

/* Takes the keys of `from` that `frame` has not; weights were counted with the alias. */
static bool merge_map(struct builder *builder, struct frame *frame, const struct sp_yaml_node *from)
{
    if (from->kind != SP_YAML_MAP) {
        sp_yaml_error(builder->yaml, from, "only mappings can be merged by <<");
        return true;
    }
    if (frame->node->count + from->count > SP_LIMIT_YAML_MERGED) {
        sp_yaml_error(builder->yaml, frame->node, "more than %u keys are merged into this mapping",
                      SP_LIMIT_YAML_MERGED);
        return false;
    }
    for (size_t i = 0; i < from->count; i++) {
        if (sp_yaml_find(frame->node, from->items[i].key->text) != NULL)
            continue;
        frame->key = from->items[i].key;
        if (!append_item(builder, frame, from->items[i].value))
            return false;
    }
    return true;
}

/* "<<": in another program's file its mapping, or list of mappings, is merged. */
static bool resolve_merge(struct builder *builder, struct frame *frame)
{
    struct sp_yaml_node *map = frame->node;
    const struct sp_yaml_node *from = NULL;
    size_t kept = 0, weight = map->weight;
    for (size_t i = 0; i < map->count; i++) {
        const struct sp_yaml_node *key = map->items[i].key;
        if (!key->plain || strcmp(key->text, "<<") != 0) {
            frame->items[kept++] = map->items[i];
        } else if (!builder->yaml->foreign) {
            sp_yaml_error(builder->yaml, key,
                          "merge keys (<<) are not used here; write the keys out");
            frame->items[kept++] = map->items[i];
        } else {
            from = map->items[i].value;
        }
    }
    map->count = kept;
    for (size_t i = 0; from != NULL && from->kind == SP_YAML_LIST && i < from->count; i++) {
        const struct sp_yaml_node *one = from->items[i].value;
        if (!merge_map(builder, frame, one))
            return false;
    }
    if (from != NULL && from->kind != SP_YAML_LIST && !merge_map(builder, frame, from))
        return false;
    map->weight = weight;
    return true;
}

static bool end_frame(struct builder *builder, yaml_mark_t mark)
{
    struct frame *frame = &builder->frames[builder->depth - 1];
    struct sp_yaml_node *node = frame->node;
    if (node->kind == SP_YAML_MAP && node->count > 0 &&
        (!drop_duplicates(builder, frame) || !resolve_merge(builder, frame)))
        return false;
    builder->depth--;
    return add_value(builder, node, mark);
}

static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return builder->yaml->root == NULL ||
               refuse_at(builder, event->start_mark,
                         "a second document begins here; keep one in a file");
    case YAML_ALIAS_EVENT: return add_alias(builder, event);
    case YAML_SCALAR_EVENT: return add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return begin_frame(builder, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return end_frame(builder, event->start_mark);
    default: return true;
    }
}

/* --- what libyaml can't read -------------------------------------------------------------------- */

/* The line and column of an octet. */
static yaml_mark_t find_place(const char *text, size_t len, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset && i < len; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text[i] & 0xC0u) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* The octet at a mark, or 0. */
static char find_octet(const char *text, size_t len, yaml_mark_t mark)
{
    const char *end = text + len;
    for (size_t line = 0; line < mark.line; line++) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        if (next == NULL)
            return '\0';
        text = next + 1;
    }
    for (size_t column = 0; text < end; text++) {
        if (((unsigned char)*text & 0xC0u) != 0x80 && column++ == mark.column)
            return *text;
    }
    return '\0';
}

/* What people did who got this message. */
static const char *find_hint(const yaml_parser_t *parser, char octet)
{
    static const struct {
        const char *words, *hint;
    } hints[] = {
        {"while scanning an alias", "text that begins with * needs quotes"},
        {"while scanning an anchor", "text that begins with & needs quotes"},
        {"while parsing a tag", "text that begins with ! needs quotes"},
        {"while scanning a tag", "text that begins with ! needs quotes"},
        {"mapping values are not allowed",
         "text with a colon needs quotes, and the keys of one mapping stand in one column"},
        {"did not find expected key", "the keys of one mapping stand in one column"},
        {"did not find expected '-' indicator", "the entries of one list stand in one column"},
        {"could not find expected ':'", "a key has a colon and a space behind it"},
        {"block sequence entries are not allowed", "a list begins on a line of its own"},
        {"did not find expected ',' or", "a [ or { has no end, or a comma is missing"},
        {"did not find expected node content", "a value is missing here, or a [ or { has no end"},
        {"found unexpected end of stream", "a quote has no end"},
        {"unknown escape character", "in double quotes a backslash is written \\\\"},
        {"%YAML", "remove this line"},
    };
    if (octet == '\t')
        return "indent with spaces, not with tabs";
    if (octet == '@' || octet == '`' || octet == '%')
        return "text that begins with this character needs quotes";
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if ((parser->problem != NULL && strstr(parser->problem, hints[i].words) != NULL) ||
            (parser->context != NULL && strstr(parser->context, hints[i].words) != NULL))
            return hints[i].hint;
    }
    return NULL;
}

static bool refuse_syntax(struct builder *builder, const yaml_parser_t *parser, const char *text,
                          size_t len)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return sp_yaml_no_memory(builder->yaml);
    if (parser->error == YAML_READER_ERROR) {
        yaml_mark_t mark = find_place(text, len, parser->problem_offset);
        bool control = parser->problem != NULL && strstr(parser->problem, "control") != NULL;
        return refuse_at(builder, mark,
                         control ? "a control character stands here; remove it"
                                 : "this is not UTF-8; save the file as UTF-8");
    }
    char octet = find_octet(text, len, parser->problem_mark);
    const char *hint = find_hint(parser, octet);
    /* What has no end is shown where it begins. */
    yaml_mark_t mark =
        octet == '\0' && parser->context != NULL ? parser->context_mark : parser->problem_mark;
    struct sp_yaml_node place = {.line = (unsigned)mark.line + 1,
                                 .column = (unsigned)mark.column + 1};
    sp_yaml_error(builder->yaml, &place, "%s%s%s%s%s",
                  parser->context != NULL ? parser->context : "",
                  parser->context != NULL ? ": " : "",
                  parser->problem != NULL ? parser->problem : "the YAML can't be read",
                  hint != NULL ? "; " : "", hint != NULL ? hint : "");
    return false;
}

/* False: what no YAML file has. Steps over an UTF-8 byte order mark. */
static bool check_octets(struct builder *builder, const char **text, size_t *len)
{
    if (*len >= 2 && (memcmp(*text, "\xFF\xFE", 2) == 0 || memcmp(*text, "\xFE\xFF", 2) == 0))
        return refuse_at(builder, (yaml_mark_t){0}, "the file is UTF-16; save it as UTF-8");
    if (*len >= 3 && memcmp(*text, "\xEF\xBB\xBF", 3) == 0) {
        *text += 3;
        *len -= 3;
    }
    const char *nul = *len > 0 ? memchr(*text, '\0', *len) : NULL;
    if (nul != NULL)
        return refuse_at(builder, find_place(*text, *len, (size_t)(nul - *text)),
                         "a NUL octet stands here; this is no text file");
    return true;
}

static bool parse_events(struct builder *builder, yaml_parser_t *parser, const char *text,
                         size_t len)
{
    bool done = false, good = true;
    while (good && !done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return refuse_syntax(builder, parser, text, len);
        good = take_event(builder, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return good;
}

/* A file without anything is what "~" is (YAML 1.2.2 §9.2). */
static bool add_nothing(struct builder *builder)
{
    struct sp_yaml_node *node = make_node(builder, SP_YAML_SCALAR, (yaml_mark_t){0});
    if (node == NULL)
        return false;
    node->text = "";
    node->plain = true;
    builder->yaml->root = node;
    return true;
}

bool sp_yaml_parse(struct sp_yaml *yaml, const char *text, size_t len)
{
    yaml_parser_t parser;
    struct builder *builder = NULL;
    bool good = false;

    if (yaml->arena == NULL)
        yaml->arena = sp_arena_new(SP_LIMIT_YAML_ARENA);
    if (yaml->arena == NULL || (builder = calloc(1, sizeof *builder)) == NULL)
        return sp_yaml_no_memory(yaml);
    builder->yaml = yaml;
    yaml->root = NULL;
    if (!check_octets(builder, &text, &len))
        goto done;
    if (!yaml_parser_initialize(&parser)) {
        sp_yaml_no_memory(yaml);
        goto done;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    good = parse_events(builder, &parser, text, len);
    yaml_parser_delete(&parser);
    if (good && yaml->root == NULL)
        good = add_nothing(builder);
done:
    free(builder);
    if (!good)
        yaml->root = NULL;
    return good;
}
