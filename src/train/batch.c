#include "train/batch.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

enum { DRAW_LEVELS = 1, DRAW_NOISE, DRAW_ROUTE, DRAW_SHORTCUT };

/* One noisy row a latent frame and one row for what is given, in every sequence. */
typedef struct Maker {
    const DitConfig *c;
    const Example *examples;
    const BatchOptions *o;
    const DitLayout *layout;
    const size_t *row_start; /* [count] first conditioning row */
    float *tokens, *timestep, *step;
    uint8_t *shortcut;
    uint32_t *row_sequence, *token_row;
    Batch *out;
} Maker;

/* Given frames of a token stay clean; the rest is mixed with noise. */
static void noise_token(const Maker *m, const float *clean, const uint8_t *given, float t,
                        const float *noise, float *token)
{
    size_t per_frame = m->c->out_values / PATCH_FRAMES;
    for (size_t k = 0; k < PATCH_FRAMES; k++)
        for (size_t i = k * per_frame; i < (k + 1) * per_frame; i++)
            token[i] = given[k] ? clean[i] : t * clean[i] + (1 - t) * noise[i];
    for (size_t k = 0; k < PATCH_FRAMES; k++) token[m->c->out_values + k] = (float)given[k];
}

/* A step of 2^k from a level of its own grid, the same in all frames: what few steps are made of.
 * Returns k, 0 for a sequence that learns the flow. */
static uint8_t draw_shortcut(const BatchOptions *o, uint64_t seed, size_t frames, float *t)
{
    seed = rng_split(seed, DRAW_SHORTCUT);
    if (!(rng_uniform(seed, 0) < (double)o->shortcut)) return 0;
    size_t k = 1 + rng_below(seed, 1, SHORTCUT_LEVELS);
    size_t at = rng_below(seed, 2, SHORTCUT_STEPS >> k) << k;
    for (size_t f = 0; f < frames; f++) t[f] = (float)at / SHORTCUT_STEPS;
    return (uint8_t)k;
}

static float overlap(float low, float high, float left, float right)
{
    return fmaxf(0, fminf(high, right) - fmaxf(low, left));
}

/* The share of a token's place that a subject covers, in the frame where it covers most. */
static float subject_share(const Example *e, PatchGrid g, size_t token)
{
    float rows = (float)g.height, columns = (float)g.width, most = 0;
    size_t latent = token / (g.height * g.width);
    float y = (float)(token / g.width % g.height) / rows, x = (float)(token % g.width) / columns;
    size_t first = latent ? PATCH_FRAMES * latent - PATCH_FRAMES + 1 : 0;
    for (size_t f = first; f <= PATCH_FRAMES * latent && f < e->clip.frames; f++)
        for (size_t i = 0; i < e->subjects; i++) {
            const Box *b = &e->subject[f * e->subjects + i];
            most = fmaxf(most, overlap(x, x + 1 / columns, b->left, b->right) *
                                   overlap(y, y + 1 / rows, b->top, b->bottom));
        }
    return most * rows * columns;
}

static void make_sequence(void *ctx, size_t s, int worker)
{
    (void)worker;
    const Maker *m = ctx;
    PatchGrid g = m->layout->sequence[s].grid;
    const Clip *clip = &m->examples[s].clip;
    size_t values = m->c->out_values, first = m->layout->start[s], per = g.height * g.width;
    uint64_t seed = rng_split(m->o->seed, m->o->first + s),
             noise_seed = rng_split(seed, DRAW_NOISE);
    float t[256], noise[4096];
    uint8_t *given =
        (uint8_t *)(m->out->weight + first); /* the weights overwrite it as they come */
    Levels l = { t, given };
    levels_draw(g.frames > 1 ? &m->o->clips : &m->o->images, rng_split(seed, DRAW_LEVELS), g, &l);
    m->shortcut[s] = draw_shortcut(m->o, seed, g.frames, t);
    patch_pack(clip->rgb, clip->frames, clip->height, clip->width, m->c->patch,
               m->out->target + first * values);
    for (size_t f = 0; f <= g.frames; f++) {
        m->timestep[m->row_start[s] + f] = f < g.frames ? 1000 * (1 - t[f]) : 0;
        m->row_sequence[m->row_start[s] + f] = (uint32_t)s;
        m->step[m->row_start[s] + f] = f < g.frames ? m->shortcut[s] : 0;
    }
    for (size_t i = 0; i < patch_tokens(g); i++) {
        uint8_t mask[PATCH_FRAMES];
        memcpy(mask, given + i * PATCH_FRAMES, sizeof mask);
        bool all = mask[0] && mask[1] && mask[2] && mask[3];
        size_t f = i / per, n = first + i;
        rng_fill_normal(noise, i * values, values, noise_seed);
        noise_token(m, m->out->target + n * values, mask, t[f], noise,
                    m->tokens + n * m->c->in_values);
        float left = fmaxf(1 - t[f], BATCH_CLAMP);
        float focus = m->o->subject > 0 ? m->o->subject * subject_share(&m->examples[s], g, i) : 0;
        m->out->weight[n] = all ? 0 : (1 + focus) / (left * left);
        m->token_row[n] = (uint32_t)(m->row_start[s] + (all ? g.frames : f));
    }
}

/* A random share of every sequence's tokens, in order, the same for every run. */
static DitRoute *make_route(const DitConfig *c, const DitLayout *l, const BatchOptions *o, Arena *a)
{
    DitRoute *r = arena_zero(a, sizeof *r);
    uint32_t *token = arena_alloc(a, l->tokens * sizeof *token);
    r->token = token;
    r->first = 1;
    r->last = c->layers - 1;
    r->start = arena_zero(a, (l->sequences + 1) * sizeof *r->start);
    for (size_t s = 0; s < l->sequences; s++) {
        uint64_t seed = rng_split(rng_split(o->seed, o->first + s), DRAW_ROUTE);
        size_t n = l->start[s + 1] - l->start[s], want = (size_t)(o->keep * (float)n + 0.5f);
        for (size_t i = 0, left = size_max(1, want); i < n && left; i++) /* Knuth's algorithm S */
            if (rng_below(seed, i, n - i) < left) {
                token[r->kept++] = (uint32_t)(l->start[s] + i);
                left--;
            }
        r->start[s + 1] = r->kept;
    }
    return r;
}

void batch_make(const DitConfig *c, const Compute *compute, const Example *examples, size_t count,
                const TextStates *text, const BatchOptions *o, Arena *a, Batch *out)
{
    DitSequence *sequence = arena_zero(a, count * sizeof *sequence);
    size_t *row_start = arena_alloc(a, count * sizeof *row_start), rows = 0;
    for (size_t s = 0; s < count; s++) {
        const Clip *clip = &examples[s].clip;
        sequence[s].grid = patch_grid(clip->frames, clip->height, clip->width, c->patch);
        sequence[s].frame_s = clip->frames > 1 ? PATCH_FRAMES / (float)clip->fps : 0;
        row_start[s] = rows;
        rows += sequence[s].grid.frames + 1;
    }
    DitLayout *l = dit_layout(c, sequence, count, a);
    Tensor *tokens = tensor_new_2d(a, TYPE_F32, l->tokens, c->in_values);
    *out = (Batch){ .target = arena_alloc(a, l->tokens * c->out_values * sizeof(float)),
                    .weight = arena_alloc(a, l->tokens * sizeof(float)) };
    Maker m = { .c = c,
                .examples = examples,
                .o = o,
                .layout = l,
                .row_start = row_start,
                .tokens = tokens->data,
                .out = out };
    m.shortcut = arena_zero(a, count);
    m.step = arena_alloc(a, rows * sizeof *m.step);
    m.timestep = arena_alloc(a, rows * sizeof *m.timestep);
    m.row_sequence = arena_alloc(a, rows * sizeof *m.row_sequence);
    m.token_row = arena_alloc(a, l->tokens * sizeof *m.token_row);
    parallel_for(compute->pool, count, make_sequence, &m);
    out->shortcut = m.shortcut;
    out->row_start = row_start;
    for (size_t i = 0; i < l->tokens; i++) {
        out->weight_sum += out->weight[i];
        out->predicted += out->weight[i] > 0;
    }
    out->input = (DitInput){ .layout = l,
                             .tokens = tokens,
                             .rows = rows,
                             .timestep = m.timestep,
                             .step = o->shortcut > 0 ? m.step : NULL,
                             .row_sequence = m.row_sequence,
                             .token_row = m.token_row,
                             .text = text->states,
                             .text_start = text->start,
                             .pooled = text->pooled,
                             .recompute = o->recompute };
    if (o->keep < 1 && c->layers > 2) out->input.route = make_route(c, l, o, a);
}
