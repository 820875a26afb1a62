/* What the network sees of a clip on its way, and what it says. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "pipeline/generate_parts.h"

/* The past of a rolling window is shown with a little noise, as the network was trained to see
 * frames at levels of their own; so errors of one frame are not taken for truth in the next. */
static const float PAST_SIGMA = 0.04f;

enum { DRAW_PAST = 0x70617374 };

SoraStatus generate_prompted(const Run *r, const char *prompt, bool alone, Prompted *out)
{
    const GenerateOptions *o = r->o;
    *out = (Prompted){ .run = r, .count = alone ? 1 : o->later_count + 1 };
    const char **list = arena_alloc(r->a, out->count * sizeof *list);
    list[0] = prompt;
    for (size_t k = 1; k < out->count; k++) list[k] = o->later[k - 1].text;
    TRY(text_encode(r->b->text, r->c, list, out->count, r->step, r->a, &out->text));
    out->mirrored = out->text;
    if (alone || !generate_can_mirror(o)) return SORA_OK;
    return text_encode(r->b->text, r->c, &o->mirrored, 1, r->step, r->a, &out->mirrored);
}

/* ---- words ----------------------------------------------------------------------------- */

/* The prompt of a latent frame: that of the middle of its time. */
static size_t prompt_of(const Prompted *p, size_t frame)
{
    const GenerateOptions *o = p->run->o;
    double now = frame ? ((double)(frame * PATCH_FRAMES) - 1.5) / o->fps : 0;
    size_t k = 0;
    while (k + 1 < p->count && o->later[k].from_s <= now) k++;
    return k;
}

/* The prompts of the window: each is read by the tokens of its own frames. */
typedef struct Texts {
    size_t count;
    uint32_t *of_frame; /* [window] */
    size_t *token, *start;
    Tensor *states, *words, *pooled;
} Texts;

static void copy_rows(const Tensor *from, size_t first, size_t rows, const Tensor *to, size_t at)
{
    size_t width = tensor_width(from);
    memcpy((float *)to->data + at * width, (const float *)from->data + first * width,
           rows * width * sizeof(float));
}

static void copy_states(const TextStates *from, size_t k, Texts *to, size_t at)
{
    size_t first = from->start[k], rows = from->start[k + 1] - first;
    copy_rows(from->states, first, rows, to->states, to->start[at]);
    if (to->words) copy_rows(from->words, first, rows, to->words, to->start[at]);
    if (to->pooled) copy_rows(from->pooled, k, 1, to->pooled, at);
    to->start[at + 1] = to->start[at] + rows;
}

static Texts texts_of_window(const Prompted *p)
{
    const Run *r = p->run;
    const TextStates *text = r->mirror ? &p->mirrored : &p->text;
    Arena *a = r->step;
    size_t window = r->window, width = tensor_width(text->states), rows = 0;
    size_t *which = arena_alloc(a, window * sizeof *which);
    Texts t = { .of_frame = arena_alloc(a, window * sizeof *t.of_frame),
                .token = arena_alloc(a, (window + 1) * sizeof *t.token),
                .start = arena_zero(a, (window + 1) * sizeof *t.start) };
    for (size_t f = 0; f < window; f++) {
        size_t k = prompt_of(p, r->base + f);
        if (!t.count || which[t.count - 1] != k) {
            t.token[t.count] = f * r->per;
            which[t.count++] = k;
            rows += text->start[k + 1] - text->start[k];
        }
        t.of_frame[f] = (uint32_t)(t.count - 1);
    }
    t.token[t.count] = window * r->per;
    t.states = tensor_new_2d(a, TYPE_F32, rows, width);
    if (r->b->config.words) t.words = tensor_new_2d(a, TYPE_F32, rows, width);
    if (text->pooled) t.pooled = tensor_new_2d(a, TYPE_F32, t.count, width);
    for (size_t i = 0; i < t.count; i++) copy_states(text, which[i], &t, i);
    return t;
}

/* ---- pixels ---------------------------------------------------------------------------- */

/* What one latent frame of the window is, and how clean. */
typedef struct Seen {
    size_t slot;
    float sigma;
    bool past;   /* made in this run and done: shown with a little noise */
    bool anchor; /* the window's first: stands for the last of its four frames alone */
} Seen;

static Seen see(const Run *r, size_t slot, const double *sigma)
{
    bool past = r->window < r->grid.frames && sigma[slot] <= 0 && !r->held[r->base + slot];
    return (Seen){ slot, past ? PAST_SIGMA : (float)sigma[slot], past, slot == 0 && r->base > 0 };
}

static void see_token(const Run *r, const Seen *s, size_t at, const float *z, float *token,
                      uint8_t *given)
{
    size_t values = r->values, one = values / PATCH_FRAMES, i = s->slot * r->per + at;
    memcpy(token, z + i * values, values * sizeof *z);
    memcpy(given, r->given + i * PATCH_FRAMES, PATCH_FRAMES);
    if (s->anchor && at == r->pixels) /* nothing has moved before it */
        memset(token, 0, values * sizeof *z);
    else if (s->anchor)
        for (size_t k = 0; k < PATCH_FRAMES; k++) {
            memcpy(token + k * one, z + (i + 1) * values - one, one * sizeof *z);
            given[k] = given[PATCH_FRAMES - 1];
        }
    if (s->past) {
        uint64_t seed = rng_split(r->o->seed, DRAW_PAST);
        size_t first = (r->base * r->per + i) * values;
        for (size_t j = 0; j < values; j++) {
            float noise = (float)rng_normal(seed, first + j);
            if (!given[j / one]) token[j] += s->sigma * (noise - token[j]);
        }
    }
    for (size_t k = 0; k < PATCH_FRAMES; k++) token[values + k] = given[k];
}

/* Rows of conditioning: one a latent frame, and behind them one a prompt, level 0, for what is
 * given whole. */
static void fill_input(const Run *r, const Texts *t, const float *z, const double *sigma,
                       const double *timestep, DitInput *in)
{
    size_t width = r->b->config.in_values;
    float *row = (float *)in->timestep, *size = (float *)in->step;
    uint32_t *text = (uint32_t *)in->row_sequence, *token_row = (uint32_t *)in->token_row;
    for (size_t k = 0; k < t->count; k++) {
        row[r->window + k] = 0;
        text[r->window + k] = (uint32_t)k;
    }
    for (size_t f = 0; f < r->window; f++) {
        Seen s = see(r, f, sigma);
        row[f] = s.past ? 1000 * PAST_SIGMA : (float)timestep[f];
        text[f] = t->of_frame[f];
        if (size) size[f] = log2f((float)SHORTCUT_STEPS / (float)r->o->steps);
        for (size_t i = 0; i < r->per; i++) {
            uint8_t given[PATCH_FRAMES];
            size_t n = f * r->per + i;
            see_token(r, &s, i, z, (float *)in->tokens->data + n * width, given);
            bool whole = !memchr(given, 0, PATCH_FRAMES);
            token_row[n] = (uint32_t)(whole ? r->window + t->of_frame[f] : f);
        }
    }
}

/* Velocities from what the network made of the window. */
static void put_velocity(const Run *r, const float *z, const float *x, const double *sigma,
                         float *v)
{
    const DitConfig *config = &r->b->config;
    size_t count = r->per * r->values;
    for (size_t f = 0; f < r->window; f++) {
        float scale = 1 / fmaxf((float)sigma[f], 0.05f); /* the clamp of training */
        for (size_t i = f * count; i < (f + 1) * count; i++)
            v[i] = config->predicts_clean ? (z[i] - x[i]) * scale : x[i];
    }
}

static void predict_straight(const Prompted *p, const float *z, const double *sigma,
                             const double *timestep, float *v)
{
    const Run *r = p->run;
    ArenaMark mark = arena_mark(r->step);
    Texts t = texts_of_window(p);
    size_t rows = r->window + t.count, tokens = r->layout->tokens;
    DitInput in = { .layout = r->layout,
                    .tokens = tensor_new_2d(r->step, TYPE_F32, tokens, r->b->config.in_values),
                    .rows = rows,
                    .timestep = arena_alloc(r->step, rows * sizeof(float)),
                    .step = r->o->fast ? arena_zero(r->step, rows * sizeof(float)) : NULL,
                    .row_sequence = arena_alloc(r->step, rows * sizeof(uint32_t)),
                    .token_row = arena_alloc(r->step, tokens * sizeof(uint32_t)),
                    .text = t.states,
                    .words = t.words,
                    .text_start = t.start,
                    .pooled = t.pooled,
                    .texts = t.count,
                    .text_token = t.token,
                    .skip = p->skip };
    fill_input(r, &t, z, sigma, timestep, &in);
    Tape *tape = tape_new(r->step, r->c, r->o->precision, false);
    put_velocity(r, z, dit_forward(r->b->dit, tape, &in)->data, sigma, v);
    arena_rewind(r->step, mark);
}

SoraStatus generate_predict(void *prompted, const float *z, const double *sigma,
                            const double *timestep, float *v)
{
    const Prompted *p = prompted;
    const Run *r = p->run;
    ArenaMark mark = arena_mark(r->step);
    if (r->mirror) z = generate_mirror(r, z);
    if (r->look != LOOK_ASIDE) predict_straight(p, z, sigma, timestep, v);
    if (r->look != LOOK_STRAIGHT) {
        Prompted moved = *p;
        moved.run = r->aside;
        generate_step_aside(r, z);
        float *made =
            arena_alloc(r->step, r->aside->window * r->aside->per * r->values * sizeof *v);
        predict_straight(&moved, r->aside->z, sigma, timestep, made);
        generate_step_back(r, made, r->look == LOOK_BOTH, v);
    }
    if (r->mirror) memcpy(v, generate_mirror(r, v), r->window * r->per * r->values * sizeof *v);
    arena_rewind(r->step, mark);
    return pool_status(r->c->pool);
}
