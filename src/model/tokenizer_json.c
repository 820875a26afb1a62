/* tokenizer.json of Hugging Face, as far as Unigram models use it. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "model/tokenizer_parts.h"

typedef struct Reader {
    const char *name;
    Arena *a;
    Tokenizer *t;
} Reader;

static SoraStatus damaged(const Reader *r, const char *what)
{
    return err_set(SORA_E_FORMAT, "%s is no tokenizer.json of a Unigram model: %s", r->name, what);
}

static SoraStatus unsupported(const Reader *r, const char *what, const char *type)
{
    return err_set(SORA_E_UNSUPPORTED, "%s has a %s of type %.100s, which cannot be followed",
                   r->name, what, type ? type : "(none)");
}

static bool is_true(const Json *x)
{
    return x && x->kind == JSON_IS_BOOL && x->boolean;
}

static bool is_type(const Json *x, const char *type)
{
    const char *is = json_text(x, "type");
    return is && strcmp(is, type) == 0;
}

/* ---- pieces ------------------------------------------------------------------------------- */

static SoraStatus read_pieces(Reader *r, const Json *model)
{
    const Json *vocab = json_get(model, "vocab"), *unknown = json_get(model, "unk_id");
    void *piece;
    if (!vocab || vocab->kind != JSON_IS_ARRAY || !vocab->count || vocab->count >= INT32_MAX)
        return damaged(r, "it has no list of pieces");
    if (!unknown || unknown->kind != JSON_IS_INTEGER || unknown->integer < 0 ||
        (size_t)unknown->integer >= vocab->count)
        return damaged(r, "it has no piece for what it does not know");
    TRY(arena_try(r->a, vocab->count * sizeof(Piece), &piece));
    r->t->piece = piece;
    for (size_t i = 0; i < vocab->count; i++) {
        const Json *x = &vocab->item[i];
        bool sound = x->kind == JSON_IS_ARRAY && x->count == 2 &&
                     x->item[0].kind == JSON_IS_STRING &&
                     (x->item[1].kind == JSON_IS_REAL || x->item[1].kind == JSON_IS_INTEGER);
        if (!sound) return damaged(r, "a piece is not a text with a number");
        const char *text = x->item[0].string;
        if (strlen(text) > 1 << 16) return damaged(r, "a piece has more than 65536 bytes");
        r->t->piece[i] =
            (Piece){ text, (uint32_t)strlen(text), PIECE_NORMAL, (float)x->item[1].number };
    }
    r->t->count = vocab->count;
    r->t->unknown = (uint32_t)unknown->integer;
    r->t->piece[r->t->unknown].kind = PIECE_UNKNOWN;
    r->t->byte_fallback = is_true(json_get(model, "byte_fallback"));
    return SORA_OK;
}

static SoraStatus read_added(Reader *r, const Json *list)
{
    HfRules *hf = &r->t->hf;
    if (!list || list->kind != JSON_IS_ARRAY) return SORA_OK;
    hf->added = arena_zero(r->a, (list->count + 1) * sizeof *hf->added);
    for (size_t i = 0; i < list->count; i++) {
        const Json *x = &list->item[i], *id = json_get(x, "id");
        const char *text = json_text(x, "content");
        if (!text || !*text || !id || id->kind != JSON_IS_INTEGER || id->integer < 0 ||
            id->integer > INT32_MAX)
            return damaged(r, "an added token has no text or no id");
        hf->added[hf->added_count++] = (AddedToken){ text,
                                                     strlen(text),
                                                     (uint32_t)id->integer,
                                                     is_true(json_get(x, "lstrip")),
                                                     is_true(json_get(x, "rstrip")),
                                                     is_true(json_get(x, "single_word")) };
    }
    return SORA_OK;
}

/* ---- normalizer --------------------------------------------------------------------------- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static SoraStatus read_charsmap(Reader *r, const char *text)
{
    size_t n = strlen(text), bytes = 0;
    unsigned char *y;
    void *mem;
    uint32_t bits = 0;
    int have = 0;
    TRY(arena_try(r->a, n / 4 * 3 + 4, &mem));
    y = mem;
    for (size_t i = 0; i < n && text[i] != '='; i++) {
        int v = base64_value(text[i]);
        if (v < 0) return damaged(r, "precompiled_charsmap is not in base64");
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        y[bytes++] = (unsigned char)(bits >> have);
    }
    return charsmap_read((Slice){ y, bytes }, r->name, r->a, &r->t->charsmap);
}

static SoraStatus read_replace(Reader *r, const Json *x, HfStep *step)
{
    const Json *pattern = json_get(x, "pattern");
    const char *regex = json_text(pattern, "Regex");
    step->from = json_text(pattern, "String");
    step->to = json_text(x, "content");
    step->kind = regex ? HF_SPACES : HF_REPLACE;
    if (regex && strcmp(regex, " {2,}") != 0)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s replaces the pattern '%.100s', only ' {2,}' is known", r->name, regex);
    if (!step->to || (!regex && (!step->from || !*step->from)))
        return damaged(r, "it replaces something that it does not name");
    return SORA_OK;
}

static SoraStatus read_normalizer(Reader *r, const Json *x)
{
    HfRules *hf = &r->t->hf;
    if (!x || x->kind == JSON_IS_NULL) return SORA_OK;
    const Json *list = is_type(x, "Sequence") ? json_get(x, "normalizers") : NULL;
    const Json *item = list ? list->item : x;
    for (size_t i = 0, n = list ? list->count : 1; i < n; i++, item++) {
        HfStep *step = &hf->step[hf->steps];
        if (hf->steps++ == HF_STEPS_MAX) return damaged(r, "it normalises in too many steps");
        if (is_type(item, "Precompiled")) {
            const char *map = json_text(item, "precompiled_charsmap");
            step->kind = HF_CHARSMAP;
            if (map) TRY(read_charsmap(r, map));
        } else if (is_type(item, "Strip")) {
            *step = (HfStep){ .kind = HF_STRIP,
                              .left = is_true(json_get(item, "strip_left")),
                              .right = is_true(json_get(item, "strip_right")) };
        } else if (is_type(item, "Replace")) {
            TRY(read_replace(r, item, step));
        } else {
            return unsupported(r, "normalizer", json_text(item, "type"));
        }
    }
    return SORA_OK;
}

/* ---- words -------------------------------------------------------------------------------- */

static SoraStatus read_metaspace(Reader *r, const Json *x)
{
    HfRules *hf = &r->t->hf;
    const char *space = json_text(x, "replacement"), *scheme = json_text(x, "prepend_scheme");
    const Json *prefix = json_get(x, "add_prefix_space"), *split = json_get(x, "split");
    if (!space || !*space) return damaged(r, "Metaspace has no sign for a space");
    hf->space = space;
    hf->split = !split || is_true(split);
    hf->prepend = HF_PREPEND_ALWAYS;
    if (prefix && !is_true(prefix)) hf->prepend = HF_PREPEND_NEVER;
    if (scheme && strcmp(scheme, "first") == 0) hf->prepend = HF_PREPEND_FIRST;
    if (scheme && strcmp(scheme, "never") == 0) hf->prepend = HF_PREPEND_NEVER;
    return SORA_OK;
}

static SoraStatus read_words(Reader *r, const Json *x)
{
    const Json *list = is_type(x, "Sequence") ? json_get(x, "pretokenizers") : NULL;
    const Json *item = list ? list->item : x;
    for (size_t i = 0, n = list ? list->count : 1; i < n; i++, item++) {
        if (is_type(item, "Metaspace"))
            TRY(read_metaspace(r, item));
        else if (is_type(item, "WhitespaceSplit") && !r->t->hf.space)
            r->t->hf.split_spaces = true;
        else
            return unsupported(r, "pre_tokenizer", json_text(item, "type"));
    }
    return r->t->hf.space ? SORA_OK : damaged(r, "it has no Metaspace");
}

SoraStatus tokenizer_read_json(Slice text, const char *name, Arena *a, Tokenizer **out)
{
    Reader r = { name, a, arena_zero(a, sizeof *r.t) };
    const Json *root;
    TRY(json_parse((const char *)text.bytes, text.size, name, a, &root));
    const Json *model = json_get(root, "model");
    if (!model || model->kind != JSON_IS_OBJECT) return damaged(&r, "it has no model");
    if (!is_type(model, "Unigram")) return unsupported(&r, "model", json_text(model, "type"));
    r.t->hf.on = true;
    TRY(read_pieces(&r, model));
    TRY(read_added(&r, json_get(root, "added_tokens")));
    TRY(read_normalizer(&r, json_get(root, "normalizer")));
    TRY(read_words(&r, json_get(root, "pre_tokenizer")));
    *out = r.t;
    return tokenizer_index(r.t, name, a);
}
