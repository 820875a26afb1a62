#include "model/text_encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/e5.h"
#include "tensor/safetensors.h"

struct TextEncoder {
    Safetensors file;
    E5 *e5;
};

/* Tokens that go through the network together: what a large batch needs in working memory. */
enum { TOGETHER = 4096 };

SoraStatus text_encoder_open(const char *path, const Compute *c, Arena *weights, TextEncoder **out)
{
    (void)c;
    TextEncoder *e = arena_zero(weights, sizeof *e);
    TRY(safetensors_open(path, weights, &e->file));
    SoraStatus status = SORA_OK;
    if (e5_fits(&e->file))
        status = e5_load(&e->file, path, weights, &e->e5);
    else
        status = err_set(SORA_E_FORMAT,
                         "%s holds no text encoder that can be run (none of its tensors is "
                         "embeddings.word_embeddings.weight)",
                         path);
    if (status != SORA_OK) {
        safetensors_close(&e->file);
        return status;
    }
    *out = e;
    return SORA_OK;
}

void text_encoder_close(TextEncoder *e)
{
    if (e) safetensors_close(&e->file);
}

size_t text_encoder_bytes(const TextEncoder *e)
{
    return e->file.map.size;
}

size_t text_encoder_width(const TextEncoder *e)
{
    return e5_width(e->e5);
}

size_t text_encoder_tokens_max(const TextEncoder *e)
{
    (void)e;
    return E5_TOKENS_MAX;
}

static SoraStatus fits(const TextEncoder *e, const char *prompt, size_t bytes, Arena *step,
                       bool *out)
{
    TokenizerIds ids;
    bool cut = false;
    SoraStatus s =
        e5_tokens(e->e5, arena_printf(step, "%.*s", (int)bytes, prompt), step, &ids, &cut);
    *out = !cut;
    return s;
}

SoraStatus text_encoder_reads(const TextEncoder *e, const char *prompt, Arena *step, size_t *bytes)
{
    enum { TOKEN_BYTES_MAX = 64 };                /* no token is longer */
    size_t n = strlen(prompt), low = 0, high = n; /* low fits */
    if (high > E5_TOKENS_MAX * TOKEN_BYTES_MAX) high = E5_TOKENS_MAX * TOKEN_BYTES_MAX;
    for (size_t at = high;; at = (low + high) / 2) {
        bool good;
        while (at && at < n && (prompt[at] & 0xC0) == 0x80) at--;
        if (at <= low) break;
        ArenaMark mark = arena_mark(step);
        SoraStatus s = fits(e, prompt, at, step, &good);
        arena_rewind(step, mark);
        TRY(s);
        if (good)
            low = at;
        else
            high = at;
    }
    *bytes = low;
    return SORA_OK;
}

/* The ids of all prompts, packed, in `step`; fills out->start and out->cut. */
static SoraStatus tokenize(const TextEncoder *e, const char *const *prompts, size_t count,
                           Arena *step, TextStates *out, uint32_t **id)
{
    *id = arena_alloc(step, (count * E5_TOKENS_MAX + 1) * sizeof **id);
    for (size_t i = 0; i < count; i++) {
        ArenaMark mark = arena_mark(step);
        TokenizerIds ids;
        bool cut = false;
        SoraStatus status = e5_tokens(e->e5, prompts[i], step, &ids, &cut);
        if (status == SORA_OK) {
            memcpy(*id + out->start[i], ids.id, ids.count * sizeof **id);
            out->start[i + 1] = out->start[i] + ids.count;
            out->cut += cut;
        }
        arena_rewind(step, mark);
        TRY(status);
    }
    return SORA_OK;
}

/* The mean of the rows, of length 1. */
static void pool(const float *state, size_t rows, size_t width, float *out)
{
    double squares = 0;
    for (size_t j = 0; j < width; j++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++) sum += state[i * width + j];
        out[j] = (float)(sum / (double)rows);
        squares += (double)out[j] * out[j];
    }
    float scale = squares > 0 ? (float)(1 / sqrt(squares)) : 0;
    for (size_t j = 0; j < width; j++) out[j] *= scale;
}

/* Runs prompts in groups of at most TOGETHER tokens. */
static void run_groups(const TextEncoder *e, const Compute *c, const uint32_t *id, size_t count,
                       Arena *step, const TextStates *out)
{
    size_t width = text_encoder_width(e);
    size_t *start = arena_alloc(step, (count + 1) * sizeof *start);
    for (size_t first = 0, n; first < count; first += n) {
        size_t base = out->start[first];
        start[0] = 0;
        for (n = 0; first + n < count; n++) {
            size_t tokens = out->start[first + n + 1] - base;
            if (n && tokens > TOGETHER) break;
            start[n + 1] = tokens;
        }
        e5_forward(e->e5, c, id + base, start, n, step, (float *)out->states->data + base * width);
    }
}

SoraStatus text_encode(const TextEncoder *e, const Compute *c, const char *const *prompts,
                       size_t count, Arena *step, Arena *out_arena, TextStates *out)
{
    size_t width = text_encoder_width(e);
    ArenaMark mark = arena_mark(step);
    uint32_t *id;
    *out = (TextStates){ .start = arena_zero(out_arena, (count + 1) * sizeof *out->start) };
    SoraStatus status = tokenize(e, prompts, count, step, out, &id);
    if (status == SORA_OK) {
        out->states = tensor_new_2d(out_arena, TYPE_F32, out->start[count], width);
        out->pooled = tensor_new_2d(out_arena, TYPE_F32, count, width);
        out->words = tensor_new_2d(out_arena, TYPE_F32, out->start[count], width);
        run_groups(e, c, id, count, step, out);
        e5_words(e->e5, c, id, out->start[count], out->words->data);
        const float *state = out->states->data;
        float *pooled = out->pooled->data;
        for (size_t i = 0; i < count; i++)
            pool(state + out->start[i] * width, out->start[i + 1] - out->start[i], width,
                 pooled + i * width);
        status = pool_status(c->pool);
    }
    if (step != out_arena) arena_rewind(step, mark);
    return status;
}
