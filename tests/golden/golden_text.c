/* Cleaning of prompts, tokenizers, the text encoder and the image encoder of Wan. */
#include <stdio.h>
#include <string.h>

#include "golden_kinds.h"

#include "model/clip_image.h"
#include "model/text_clean.h"
#include "model/tokenizer.h"
#include "model/umt5.h"
#include "model/weights.h"

enum { TABLE_MAX = 16 << 20, BLOCKS_MAX = 64 };

static SoraStatus read_rows(Golden *g, const char *file, const Json **root)
{
    Slice text;
    if (!file) return err_set(SORA_E_FORMAT, "the case names no file");
    TRY(file_read(golden_path(g, file), TABLE_MAX, g->a, &text));
    /* C texts and our JSON hold no zero characters: another one that is removed stands for it */
    for (char *at = (char *)text.bytes; (at = strstr(at, "\\u0000"));) at[5] = '1';
    return json_parse((const char *)text.bytes, text.size, file, g->a, root);
}

static SoraStatus run_clean(Golden *g)
{
    const Json *root;
    TRY(read_rows(g, json_text(g->spec, "file"), &root));
    for (size_t i = 0; i < root->count; i++) {
        const char *input = json_text(&root->item[i], "input");
        const char *want = json_text(&root->item[i], "expected");
        char *got;
        if (!input) return err_set(SORA_E_FORMAT, "row %zu has no input", i);
        TRY(text_clean(input, g->a, &got));
        golden_expect(g, want && strcmp(got, want) == 0, "row %zu: \"%s\", not \"%s\"", i, got,
                      want ? want : "?");
    }
    return SORA_OK;
}

/* ---- tokenizers -------------------------------------------------------------------------------
 */

static void check_ids(Golden *g, size_t row, const char *key, const Json *want,
                      const TokenizerIds *got, uint32_t eos, size_t most)
{
    size_t n = got->count + 1 > most ? most : got->count + 1;
    bool same = want && want->count == n;
    for (size_t i = 0; same && i < n; i++) {
        uint32_t id = i == n - 1 ? eos : got->id[i];
        same = (uint32_t)want->item[i].integer == id;
    }
    golden_expect(g, same, "row %zu: %s are others (%zu of %zu)", row, key, n,
                  want ? want->count : 0);
}

static SoraStatus run_tokenizer(Golden *g)
{
    const Json *root, *w = json_get(g->spec, "weights");
    const Json *eos = json_get(json_get(g->spec, "config"), "eos");
    const char *path[2] = { json_text(w, "spm"), json_text(w, "hf") };
    Tokenizer *t[2] = { NULL, NULL };
    TRY(read_rows(g, json_text(g->spec, "file"), &root));
    for (int k = 0; k < 2; k++) {
        Slice bytes;
        if (!path[k]) continue;
        TRY(file_read(golden_path(g, path[k]), TABLE_MAX, g->a, &bytes));
        TRY(k ? tokenizer_read_json(bytes, path[k], g->a, &t[k])
              : tokenizer_read_spiece(bytes, path[k], g->a, &t[k]));
    }
    uint32_t end = eos ? (uint32_t)eos->integer : 1;
    for (size_t i = 0; i < root->count; i++) {
        const Json *row = &root->item[i];
        const char *input = json_text(row, "input"), *cleaned = json_text(row, "cleaned");
        TokenizerIds ids;
        char *own;
        if (!input) continue;
        TRY(tokenizer_encode(t[0], input, strlen(input), g->a, &ids));
        check_ids(g, i, "ids", json_get(row, "ids"), &ids, end, SIZE_MAX);
        TRY(text_clean(input, g->a, &own));
        golden_expect(g, cleaned && strcmp(own, cleaned) == 0, "row %zu: cleaned \"%s\"", i, own);
        TRY(tokenizer_encode(t[0], own, strlen(own), g->a, &ids));
        check_ids(g, i, "ids of the cleaned text", json_get(row, "ids_of_cleaned_max64"), &ids, end,
                  64);
        if (!t[1] || !json_get(row, "ids_hf_json")) continue;
        TRY(tokenizer_encode(t[1], input, strlen(input), g->a, &ids));
        check_ids(g, i, "ids by tokenizer.json", json_get(row, "ids_hf_json"), &ids, end, SIZE_MAX);
    }
    return SORA_OK;
}

/* ---- umT5 --------------------------------------------------------------------------------------
 */

static SoraStatus read_ids(Golden *g, uint32_t **id, size_t *count)
{
    const Tensor *ids, *mask;
    TRY(golden_input(g, "ids", &ids));
    TRY(golden_input(g, "mask", &mask));
    if (!ids || ids->type != TYPE_I64) return err_set(SORA_E_FORMAT, "the case has no ids");
    *id = arena_alloc(g->a, tensor_count(ids) * sizeof **id);
    *count = 0;
    for (size_t i = 0; i < tensor_count(ids); i++)
        if (!mask || ((int64_t *)mask->data)[i])
            (*id)[(*count)++] = (uint32_t)((int64_t *)ids->data)[i];
    return SORA_OK;
}

static SoraStatus encode_text(Golden *g, const Umt5 *e, bool stored)
{
    uint32_t *id = NULL;
    size_t start[2] = { 0, 0 };
    float *block[BLOCKS_MAX];
    TRY(read_ids(g, &id, &start[1]));
    if (umt5_layers(e) > BLOCKS_MAX) return err_set(SORA_E_UNSUPPORTED, "too many layers");
    size_t n = start[1] * umt5_width(e);
    for (size_t i = 0; i < start[1]; i++)
        if (id[i] >= umt5_words(e)) return err_set(SORA_E_FORMAT, "id %u is no word", id[i]);
    for (size_t i = 0; i < umt5_layers(e); i++) block[i] = arena_alloc(g->a, n * sizeof(float));
    float *out = arena_alloc(g->a, n * sizeof *out);
    umt5_forward(e, g->compute, g->precision, id, start, 1, g->step, out, block);
    if (stored) return golden_check(g, "out_gguf", out, n);
    for (size_t i = 0; i < umt5_layers(e); i++) {
        char name[32];
        snprintf(name, sizeof name, "block%zu", i);
        TRY(golden_check(g, name, block[i], n));
    }
    return golden_check(g, "out", out, n);
}

/* Of the quantised file only f32 is stored. */
static SoraStatus run_umt5(Golden *g)
{
    const char *path;
    Weights *w;
    Umt5 *e;
    bool stored = g->layout && strcmp(g->layout, "gguf") == 0;
    TRY(golden_weights(g, NULL, &path));
    TRY(weights_open(path, g->a, &w));
    EncoderFile file = { weights_lookup, w, path, g->a };
    SoraStatus s =
        umt5_fits(&file) ? umt5_load(&file, &e) : err_set(SORA_E_FORMAT, "%s holds no umT5", path);
    if (s == SORA_OK && stored && g->precision == GEMM_BF16)
        golden_expect(g, true, "it loads");
    else if (s == SORA_OK)
        s = encode_text(g, e, stored);
    weights_close(w);
    return s;
}

/* ---- CLIP --------------------------------------------------------------------------------------
 */

static SoraStatus encode_image(Golden *g, const ClipImage *e)
{
    const Tensor *image;
    float *block[BLOCKS_MAX];
    TRY(golden_input(g, "image", &image));
    if (!image || image->rank != 3) return err_set(SORA_E_FORMAT, "the case has no image");
    if (clip_image_blocks(e) > BLOCKS_MAX) return err_set(SORA_E_UNSUPPORTED, "too many layers");
    size_t n = clip_image_tokens(e) * clip_image_width(e);
    size_t pixels = 3 * clip_image_size(e) * clip_image_size(e);
    for (size_t i = 0; i < clip_image_blocks(e); i++)
        block[i] = arena_alloc(g->a, n * sizeof(float));
    ClipImageTrace trace = { .pixels = arena_alloc(g->a, pixels * sizeof(float)),
                             .normed = arena_alloc(g->a, n * sizeof(float)),
                             .block = block };
    float *out = arena_alloc(g->a, n * sizeof *out);
    size_t size[2] = { image->shape[1], image->shape[2] };
    clip_image_encode(e, g->compute, g->precision, image->data, size, g->step, out, &trace);
    TRY(golden_check(g, "pixel_values", trace.pixels, pixels));
    TRY(golden_check(g, "pre_norm", trace.normed, n));
    for (size_t i = 0; i < clip_image_blocks(e); i++) {
        char name[32];
        snprintf(name, sizeof name, "block%zu", i);
        TRY(golden_check(g, name, block[i], n));
    }
    return golden_check(g, "out", out, n);
}

static SoraStatus run_clip(Golden *g)
{
    const char *path;
    Weights *w;
    ClipImage *e;
    const Json *heads = json_get(json_get(g->spec, "config"), "heads");
    TRY(golden_weights(g, NULL, &path));
    TRY(weights_open(path, g->a, &w));
    EncoderFile file = { weights_lookup, w, path, g->a };
    SoraStatus s = clip_image_load(&file, heads ? (size_t)heads->integer : 0, &e);
    if (s == SORA_OK) s = encode_image(g, e);
    weights_close(w);
    return s;
}

const GoldenKind golden_text_clean = { "text-clean", run_clean, false, false };
const GoldenKind golden_tokenizer = { "tokenizer", run_tokenizer, false, false };
const GoldenKind golden_umt5 = { "umt5", run_umt5, true, true };
const GoldenKind golden_clip = { "clip", run_clip, true, true };
