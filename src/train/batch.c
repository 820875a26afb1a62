#include "train/batch.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "model/motion.h"

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
    uint8_t *given; /* [tokens, PATCH_FRAMES] */
    uint8_t *room;  /* [count, room_bytes] to find motion in */
    size_t room_bytes;
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

/* What is given of a token of motion: places whose frame is given, and the one it is compared with.
 */
static void give_motion(const uint8_t *given, PatchGrid g, size_t f, uint8_t out[PATCH_FRAMES])
{
    size_t per = g.height * g.width, place;
    for (size_t k = 0; k < PATCH_FRAMES; k++) {
        size_t latent = patch_latent_of(motion_from(patch_frame_at(f, k)), &place);
        out[k] = 1;
        for (size_t i = 0; i < per; i++)
            out[k] &= given[(f * per + i) * PATCH_FRAMES + k] &
                      given[(latent * per + i) * PATCH_FRAMES + place];
    }
}

/* Of so many tokens of pixels' weight one of motion has that of one. */
enum { MOTION_SHARE = 8 };

typedef struct Spot {
    size_t sequence, latent, token; /* token: of the latent frame */
    float t;
} Spot;

/* How much the error of a token counts. */
static float focus_of(const Maker *m, const Spot *p)
{
    PatchGrid g = m->layout->sequence[p->sequence].grid;
    size_t pixels = g.height * g.width;
    if (p->token == pixels) return (float)pixels / MOTION_SHARE;
    if (!(m->o->subject > 0)) return 1;
    size_t at = p->latent * pixels + p->token;
    return 1 + m->o->subject * subject_share(&m->examples[p->sequence], g, at);
}

static void make_token(const Maker *m, const Spot *p, size_t per, const uint8_t *given,
                       uint64_t noise_seed)
{
    float noise[4096];
    size_t values = m->c->out_values, i = p->latent * per + p->token;
    size_t n = m->layout->start[p->sequence] + i;
    PatchGrid g = m->layout->sequence[p->sequence].grid;
    bool all = given[0] && given[1] && given[2] && given[3];
    float left = fmaxf(1 - p->t, BATCH_CLAMP);
    rng_fill_normal(noise, i * values, values, noise_seed);
    noise_token(m, m->out->target + n * values, given, p->t, noise,
                m->tokens + n * m->c->in_values);
    m->out->weight[n] = all ? 0 : focus_of(m, p) / (left * left);
    m->token_row[n] = (uint32_t)(m->row_start[p->sequence] + (all ? g.frames : p->latent));
}

/* Targets of latent frame f, and what is given of its token of motion. */
static void pack_frame(const Maker *m, size_t s, size_t f, size_t per, const uint8_t *given,
                       uint8_t motion_given[PATCH_FRAMES])
{
    PatchGrid g = m->layout->sequence[s].grid;
    const Clip *c = &m->examples[s].clip;
    const uint8_t *place[PATCH_FRAMES];
    size_t pixels = g.height * g.width;
    float *target = m->out->target + (m->layout->start[s] + f * per) * m->c->out_values;
    patch_places(c->rgb, c->frames, c->height, c->width, f, place);
    patch_pack_latent(place, c->height, c->width, m->c->patch, target);
    if (per == pixels) return;
    motion_pack(c->rgb, c->frames, c->height, c->width, c->fps, m->c->patch, f,
                m->room + s * m->room_bytes, target + pixels * m->c->out_values);
    give_motion(given, g, f, motion_given);
}

static void make_sequence(void *ctx, size_t s, int worker)
{
    (void)worker;
    const Maker *m = ctx;
    const DitSequence *sequence = &m->layout->sequence[s];
    PatchGrid g = sequence->grid;
    size_t pixels = g.height * g.width, per = dit_frame_tokens(m->c, sequence);
    uint64_t seed = rng_split(m->o->seed, m->o->first + s),
             noise_seed = rng_split(seed, DRAW_NOISE);
    float t[256];
    uint8_t *given = m->given + m->layout->start[s] * PATCH_FRAMES, motion[PATCH_FRAMES];
    Levels l = { t, given };
    levels_draw(g.frames > 1 ? &m->o->clips : &m->o->images, rng_split(seed, DRAW_LEVELS), g, &l);
    m->shortcut[s] = draw_shortcut(m->o, seed, g.frames, t);
    for (size_t f = 0; f <= g.frames; f++) {
        m->timestep[m->row_start[s] + f] = f < g.frames ? 1000 * (1 - t[f]) : 0;
        m->row_sequence[m->row_start[s] + f] = (uint32_t)s;
        m->step[m->row_start[s] + f] = f < g.frames ? m->shortcut[s] : 0;
    }
    for (size_t f = 0; f < g.frames; f++) {
        pack_frame(m, s, f, per, given, motion);
        for (size_t i = 0; i < per; i++) {
            Spot spot = { s, f, i, t[f] };
            const uint8_t *own = i < pixels ? given + (f * pixels + i) * PATCH_FRAMES : motion;
            make_token(m, &spot, per, own, noise_seed);
        }
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
        sequence[s].frame_s = patch_frame_s(clip->frames > 1 ? clip->fps : 0);
        row_start[s] = rows;
        rows += sequence[s].grid.frames + 1;
    }
    DitLayout *l = dit_layout(c, sequence, count, a);
    Tensor *tokens = tensor_new_2d(a, TYPE_F32, l->tokens, c->in_values);
    size_t room = 0;
    for (size_t s = 0; s < count && c->motion; s++)
        room = size_max(room, motion_room(examples[s].clip.height, examples[s].clip.width));
    *out = (Batch){ .target = arena_alloc(a, l->tokens * c->out_values * sizeof(float)),
                    .weight = arena_alloc(a, l->tokens * sizeof(float)) };
    Maker m = { .c = c,
                .examples = examples,
                .o = o,
                .layout = l,
                .row_start = row_start,
                .tokens = tokens->data,
                .given = arena_alloc(a, l->tokens * PATCH_FRAMES),
                .room = arena_alloc(a, count * room),
                .room_bytes = room,
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
                             .words = text->words,
                             .text_start = text->start,
                             .pooled = text->pooled,
                             .recompute = o->recompute };
    if (o->keep < 1 && c->layers > 2) out->input.route = make_route(c, l, o, a);
}
