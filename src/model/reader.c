#include "model/reader.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "grad/ops.h"

enum { QUERIES = 4, AXES = 3, WAVES = 4, POSITION = AXES * WAVES * 2 + 2 };
#define NORM_EPS 1e-6f

typedef struct Linear {
    const Param *weight, *bias;
} Linear;

typedef struct Norm {
    const Param *weight, *bias;
} Norm;

typedef struct Block {
    Norm before, between;
    Linear q, k, v, o, up, down;
} Block;

struct Reader {
    ReaderConfig c;
    ReaderTemperature temperature;
    Eye *eye;
    Linear enter, place;
    Block *block;
    Norm norm;
    const Param *query;
    Linear key, value, mix, head[READ_HEADS], actor;
};

/* ---- construction ---------------------------------------------------------------------- */

typedef struct Builder {
    ParamSet *set;
    SoraStatus status;
} Builder;

static void declare(Builder *b, const char *name, ParamKind kind, ParamInit init, size_t rows,
                    size_t columns, const Param **out)
{
    size_t shape[2] = { rows, columns };
    if (b->status == SORA_OK)
        b->status = params_declare(b->set, name, kind, init, columns ? 2 : 1, shape, out);
}

/* `bias` false: none. `gain` 0: starts as nothing. */
static void linear(Builder *b, const char *name, ParamKind kind, size_t out, size_t in, float gain,
                   bool bias, Linear *l)
{
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    declare(b, full, kind, (ParamInit){ 0, gain / sqrtf((float)in) }, out, in, &l->weight);
    snprintf(full, sizeof full, "%s.bias", name);
    if (bias) declare(b, full, PARAM_OTHER, (ParamInit){ 0, 0 }, out, 0, &l->bias);
}

static void norm(Builder *b, const char *name, size_t width, Norm *n)
{
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    declare(b, full, PARAM_OTHER, (ParamInit){ 1, 0 }, width, 0, &n->weight);
    snprintf(full, sizeof full, "%s.bias", name);
    declare(b, full, PARAM_OTHER, (ParamInit){ 0, 0 }, width, 0, &n->bias);
}

static void build_block(Builder *b, const ReaderConfig *c, size_t i, Block *k)
{
    struct {
        const char *name;
        Linear *to;
        size_t out, in;
        float gain;
    } part[] = {
        { "q", &k->q, c->width, c->width, 1 },        { "k", &k->k, c->width, c->width, 1 },
        { "v", &k->v, c->width, c->width, 1 },        { "o", &k->o, c->width, c->width, 0 },
        { "up", &k->up, 2 * c->hidden, c->width, 1 }, { "down", &k->down, c->width, c->hidden, 0 }
    };
    char name[64];
    snprintf(name, sizeof name, "blocks.%zu.norm.0", i);
    norm(b, name, c->width, &k->before);
    snprintf(name, sizeof name, "blocks.%zu.norm.1", i);
    norm(b, name, c->width, &k->between);
    for (size_t p = 0; p < sizeof part / sizeof part[0]; p++) {
        snprintf(name, sizeof name, "blocks.%zu.%s", i, part[p].name);
        linear(b, name, PARAM_HIDDEN, part[p].out, part[p].in, part[p].gain, false, part[p].to);
    }
}

SoraStatus reader_new(const ReaderConfig *config, ParamSet *set, Arena *weights, Reader **out)
{
    Reader *r = arena_zero(weights, sizeof *r);
    size_t w = config->width;
    r->c = *config;
    r->temperature.presence[0] = 1;
    TRY(eye_new(&config->eye, set, weights, &r->eye));
    Builder b = { set, SORA_OK };
    linear(&b, "enter", PARAM_HIDDEN, w, eye_values(&config->eye), 1, true, &r->enter);
    linear(&b, "place", PARAM_OTHER, w, POSITION, 0.5f, false, &r->place);
    r->block = arena_zero(weights, config->layers * sizeof *r->block);
    for (size_t i = 0; i < config->layers; i++) build_block(&b, config, i, &r->block[i]);
    norm(&b, "pool.norm", w, &r->norm);
    declare(&b, "pool.query", PARAM_OTHER, (ParamInit){ 0, 1 }, QUERIES, w, &r->query);
    linear(&b, "pool.key", PARAM_HIDDEN, w, w, 1, true, &r->key);
    linear(&b, "pool.value", PARAM_HIDDEN, w, w, 1, true, &r->value);
    linear(&b, "mix", PARAM_HIDDEN, 2 * w, QUERIES * w, 1, true, &r->mix);
    for (int h = 0; h < READ_HEADS; h++) {
        char name[64];
        snprintf(name, sizeof name, "head.%s", reader_head_name(h));
        linear(&b, name, PARAM_OTHER, config->answers[h], 2 * w, 0.3f, true, &r->head[h]);
        r->temperature.head[h] = 1;
    }
    linear(&b, "head.actor", PARAM_OTHER, config->actors, 2 * w, 0.3f, true, &r->actor);
    *out = r;
    return b.status;
}

const ReaderConfig *reader_config(const Reader *r)
{
    return &r->c;
}

void reader_set_temperature(Reader *r, const ReaderTemperature *t)
{
    r->temperature = *t;
}

ReaderTemperature reader_temperature(const Reader *r)
{
    return r->temperature;
}

/* ---- packing --------------------------------------------------------------------------- */

static PatchGrid token_grid(const ReaderClip *k)
{
    return eye_grid(patch_grid(k->frames, k->height, k->width, EYE_PATCH));
}

size_t reader_tokens(size_t frames, size_t height, size_t width)
{
    return patch_tokens(token_grid(&(ReaderClip){ NULL, frames, height, width, 0 }));
}

/* Waves of the place in the picture and in the clip, each from end to end, and how long a latent
 * frame lasts. */
static float *put_positions(PatchGrid g, double fps, float *out)
{
    float frame_s = patch_frame_s(fps);
    for (size_t i = 0; i < patch_tokens(g); i++) {
        size_t at[AXES] = { i / g.width / g.height, i / g.width % g.height, i % g.width };
        size_t size[AXES] = { g.frames, g.height, g.width };
        for (int axis = 0; axis < AXES; axis++) {
            float place = (2 * (float)at[axis] + 1) / (float)size[axis] - 1;
            for (int k = 0; k < WAVES; k++) {
                *out++ = cosf(place * 1.5707963f * (float)(1 << k));
                *out++ = sinf(place * 1.5707963f * (float)(1 << k));
            }
        }
        *out++ = frame_s;
        *out++ = g.frames > 1;
    }
    return out;
}

void reader_pack(const ReaderClip *clips, size_t count, Arena *a, ReaderInput *out)
{
    PatchGrid *grid = arena_alloc(a, count * sizeof *grid);
    *out = (ReaderInput){ .clips = count, .start = arena_zero(a, (count + 1) * sizeof(size_t)) };
    for (size_t i = 0; i < count; i++) {
        grid[i] = patch_grid(clips[i].frames, clips[i].height, clips[i].width, EYE_PATCH);
        out->start[i + 1] = out->start[i] + patch_tokens(eye_grid(grid[i]));
    }
    out->eye = eye_layout(grid, count, a);
    size_t values = patch_values(EYE_PATCH);
    out->pixels = tensor_new_2d(a, TYPE_F32, out->eye->rows[0], values);
    out->position = tensor_new_2d(a, TYPE_F32, out->start[count], POSITION);
    float *pixels = out->pixels->data, *position = out->position->data;
    for (size_t i = 0; i < count; i++) {
        const ReaderClip *k = &clips[i];
        patch_pack(k->rgb, k->frames, k->height, k->width, EYE_PATCH, pixels);
        pixels += patch_tokens(grid[i]) * values;
        position = put_positions(eye_grid(grid[i]), k->frames > 1 ? k->fps : 0, position);
    }
}

/* ---- reading --------------------------------------------------------------------------- */

static Tensor *project(Tape *t, Tensor *x, const Linear *l, GemmActivation act, bool full)
{
    return op_linear(t, x, l->weight, l->bias, act, full);
}

static Tensor *normed(Tape *t, Tensor *x, const Norm *n)
{
    return op_layer_norm(t, x, n->weight, n->bias, NORM_EPS, false);
}

static Tensor *run_block(const Reader *r, Tape *t, const Block *b, const ReaderInput *in, Tensor *x)
{
    size_t each = r->c.width / r->c.heads;
    Tensor *y = normed(t, x, &b->before);
    Tensor *q = op_rms_norm(t, project(t, y, &b->q, GEMM_NONE, false), NULL, each, NORM_EPS, false);
    Tensor *k = op_rms_norm(t, project(t, y, &b->k, GEMM_NONE, false), NULL, each, NORM_EPS, false);
    Tensor *v = project(t, y, &b->v, GEMM_NONE, false);
    y = op_attention(t, q, k, v, r->c.heads, 2 / sqrtf((float)each), in->clips, in->start,
                     in->start);
    x = op_linear_residual(t, y, b->o.weight, NULL, x, NULL, NULL);
    y = op_swiglu(t, normed(t, x, &b->between), b->up.weight);
    return op_linear_residual(t, y, b->down.weight, NULL, x, NULL, NULL);
}

/* QUERIES looks at each clip's tokens, side by side: [clips, QUERIES * width]. */
static Tensor *look(const Reader *r, Tape *t, const ReaderInput *in, Tensor *x)
{
    Arena *a = tape_arena(t);
    size_t w = r->c.width, n = in->clips, each = w / r->c.heads;
    uint32_t *which = arena_alloc(a, n * QUERIES * sizeof *which);
    size_t *start = arena_alloc(a, (n + 1) * sizeof *start);
    for (size_t i = 0; i < n * QUERIES; i++) which[i] = (uint32_t)(i % QUERIES);
    for (size_t i = 0; i <= n; i++) start[i] = i * QUERIES;
    x = normed(t, x, &r->norm);
    Tensor *q =
        op_rms_norm(t, op_embedding(t, r->query, which, n * QUERIES), NULL, each, NORM_EPS, false);
    Tensor *k =
        op_rms_norm(t, project(t, x, &r->key, GEMM_NONE, false), NULL, each, NORM_EPS, false);
    Tensor *v = project(t, x, &r->value, GEMM_NONE, false);
    Tensor *y = op_attention(t, q, k, v, r->c.heads, 2 / sqrtf((float)each), n, start, in->start);
    return op_reshape(t, y, n, QUERIES * w);
}

void reader_forward(const Reader *r, Tape *t, const ReaderInput *in, ReaderLogits *out)
{
    Tensor *x = project(t, eye_forward(r->eye, t, in->pixels, in->eye), &r->enter, GEMM_NONE, true);
    x = op_add(t, x, project(t, in->position, &r->place, GEMM_NONE, true));
    for (size_t i = 0; i < r->c.layers; i++) x = run_block(r, t, &r->block[i], in, x);
    x = project(t, look(r, t, in, x), &r->mix, GEMM_GELU_TANH, false);
    for (int h = 0; h < READ_HEADS; h++) out->head[h] = project(t, x, &r->head[h], GEMM_NONE, true);
    out->actor = project(t, x, &r->actor, GEMM_NONE, true);
}

static void softmax(const float *x, size_t n, float temperature, float *y)
{
    float most = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) most = fmaxf(most, x[i]);
    for (size_t i = 0; i < n; i++) sum += y[i] = expf((x[i] - most) / temperature);
    for (size_t i = 0; i < n; i++) y[i] /= sum;
}

void reader_read(const Reader *r, const Compute *c, const ReaderInput *in, Arena *step,
                 Arena *out_arena, Reading *out)
{
    assert(step != out_arena);
    ArenaMark mark = arena_mark(step);
    ReaderLogits l;
    reader_forward(r, tape_new(step, c, GEMM_BF16, false), in, &l);
    for (size_t i = 0; i < in->clips; i++) {
        for (int h = 0; h < READ_HEADS; h++) {
            size_t n = r->c.answers[h];
            out[i].head[h] = arena_alloc(out_arena, n * sizeof(float));
            softmax((const float *)l.head[h]->data + i * n, n, r->temperature.head[h],
                    out[i].head[h]);
        }
        size_t n = r->c.actors;
        out[i].actor = arena_alloc(out_arena, n * sizeof(float));
        softmax((const float *)l.actor->data + i * n, n, 1, out[i].actor);
    }
    arena_rewind(step, mark);
}

size_t reading_best(const Reader *r, const Reading *x, ReadHead head)
{
    size_t best = 0;
    for (size_t i = 1; i < r->c.answers[head]; i++)
        if (x->head[head][i] > x->head[head][best]) best = i;
    return best;
}

size_t reading_actors(const Reader *r, const Reading *x, size_t count, uint16_t *out)
{
    count = size_min(count, r->c.actors);
    for (size_t n = 0; n < count; n++) {
        size_t best = r->c.actors;
        for (size_t i = 0; i < r->c.actors; i++) {
            bool taken = false;
            for (size_t j = 0; j < n; j++) taken |= out[j] == i;
            if (!taken && (best == r->c.actors || x->actor[i] > x->actor[best])) best = i;
        }
        out[n] = (uint16_t)best;
    }
    return count;
}

/* Of probabilities, so that they have a logit. */
static const float SMALLEST = 1e-4f;

/* One softmax holds all actors of a clip, so that each of two gets half of it: what speaks against
 * an actor is what the others leave over. */
float reading_presence(const Reader *r, const Reading *x, size_t actor)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n =
        reading_actors(r, x, size_min(FACTS_ACTORS_MAX, reading_best(r, x, READ_COUNT) + 1), best);
    float own = x->actor[actor], left = 1 - own;
    for (size_t i = 0, others = 0; i < n && others + 1 < n; i++)
        if (best[i] != actor) left -= x->actor[best[i]], others++;
    float p = fminf(fmaxf(own / (own + fmaxf(SMALLEST, left)), SMALLEST), 1 - SMALLEST);
    const float *line = r->temperature.presence;
    return 1 / (1 + expf(-(line[0] * logf(p / (1 - p)) + line[1])));
}

void reading_facts(const Reader *r, const Reading *x, Facts *out)
{
    uint16_t actor[FACTS_ACTORS_MAX];
    *out = (Facts){ .scene = (Scene)reading_best(r, x, READ_SCENE),
                    .time = (DayTime)reading_best(r, x, READ_TIME),
                    .weather = (Weather)reading_best(r, x, READ_WEATHER),
                    .camera = (Camera)reading_best(r, x, READ_CAMERA) };
    size_t count = size_min(reading_best(r, x, READ_COUNT) + 1, FACTS_ACTORS_MAX);
    count = reading_actors(r, x, count, actor);
    for (; out->actors < count; out->actors++) {
        ActorFacts *a = &out->actor[out->actors];
        *a = (ActorFacts){ .actor = actor[out->actors], .events = 1 };
        a->event[0] = (Event){ .action = ACT_STAND, .start = 0, .end = 1 };
    }
    if (!out->actors) return;
    out->actor[0].size = out->actors == 1 ? (Size)reading_best(r, x, READ_SIZE) : SIZE_NORMAL;
    out->actor[0].event[0].action = (Action)reading_best(r, x, READ_ACTION);
}
