#include "pipeline/wan_text.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "model/text_clean.h"

#define CAMERA_SHAKES "镜头晃动，"
#define SCENE_CHANGES "镜头切换，"
#define NEGATIVE                                                                                                                                 \
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，" \
    "低质量，JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，"      \
    "毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走"

const char *wan_text_negative(WanFamily f)
{
    if (f == WAN_I2V) return CAMERA_SHAKES NEGATIVE;
    return f == WAN_FLF2V ? SCENE_CHANGES CAMERA_SHAKES NEGATIVE : NEGATIVE;
}

typedef struct Encoder {
    const Umt5 *text;
    const Tokenizer *tokenizer;
    uint32_t end; /* the id that ends a prompt */
} Encoder;

static SoraStatus tokenize(const Encoder *e, const char *prompt, Arena *step, uint32_t *id,
                           size_t *count, bool *cut)
{
    char *clean;
    TokenizerIds ids;
    TRY(text_clean(prompt, step, &clean));
    TRY(tokenizer_encode(e->tokenizer, clean, strlen(clean), step, &ids));
    for (size_t i = 0; i < ids.count; i++)
        if (ids.id[i] >= umt5_words(e->text))
            return err_set(SORA_E_FORMAT,
                           "the tokenizer has a token %u, the text encoder knows %zu", ids.id[i],
                           umt5_words(e->text));
    *cut = ids.count > UMT5_TOKENS_MAX - 1;
    *count = size_min(ids.count, UMT5_TOKENS_MAX - 1);
    memcpy(id, ids.id, *count * sizeof *id);
    id[(*count)++] = e->end;
    return SORA_OK;
}

static SoraStatus check_finite(const Tensor *x, const char *prompt)
{
    const float *v = x->data;
    for (size_t i = 0; i < tensor_count(x); i++)
        if (!isfinite(v[i]))
            return err_set(SORA_E_NUMBER, "the text encoder makes %g of \"%.40s\"", (double)v[i],
                           prompt);
    return SORA_OK;
}

static SoraStatus encode_one(const Encoder *e, const Compute *c, GemmPrecision precision,
                             const char *prompt, Arena *step, Arena *a, Tensor **out, bool *cut)
{
    uint32_t id[UMT5_TOKENS_MAX];
    size_t start[2] = { 0, 0 };
    TRY(tokenize(e, prompt, step, id, &start[1], cut));
    *out = tensor_new_2d(a, TYPE_F32, start[1], umt5_width(e->text));
    umt5_forward(e->text, c, precision, id, start, 1, step, (*out)->data, NULL);
    TRY(pool_status(c->pool));
    return check_finite(*out, prompt);
}

SoraStatus wan_text_encode(const WanBundle *b, const Compute *c, GemmPrecision precision,
                           const char *const *prompt, size_t count, Arena *a, Tensor **states,
                           size_t *cut)
{
    WanPart part;
    Umt5 *text;
    Tokenizer *tokenizer;
    TRY(wan_open_text(b, &part, &text, &tokenizer));
    Encoder e = { text, tokenizer, 1 };
    SoraStatus s = SORA_OK;
    Arena *step = arena_new("text", 0);
    if (!step) s = err_set(SORA_E_MEMORY, "no memory to encode the prompt");
    if (s == SORA_OK && !tokenizer_find(tokenizer, "</s>", &e.end))
        s = err_set(SORA_E_FORMAT, "the tokenizer has no piece </s>, which ends a prompt");
    *cut = 0;
    for (size_t i = 0; i < count && s == SORA_OK; i++) {
        bool longer = false;
        s = encode_one(&e, c, precision, prompt[i], step, a, &states[i], &longer);
        *cut += longer;
    }
    arena_free(step);
    wan_part_close(&part);
    return s;
}
