#include "model/reader.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "grad/ops.h"
#include "model/bundle.h"

enum { QUERIES = 4, HEADS = 4, ANSWERS_MAX = 64, ACTORS_MAX = 4096 };

static const char *const head_name[READ_HEADS] = { "scene", "time",   "weather", "camera",
                                                   "count", "action", "size",    "likeness" };

typedef struct Linear {
    const Param *weight, *bias;
} Linear;

struct Reader {
    ReaderConfig c;
    Dit *body;
    const Param *query, *norm_weight, *norm_bias;
    Linear key, value, mix, head[READ_HEADS], actor;
};

ReaderConfig reader_config_default(size_t actors)
{
    DitConfig body = dit_config_default();
    body.width = 192, body.heads = 3, body.layers = 5, body.hidden = 384;
    body.bottleneck = 0;
    body.out_values = 192;
    body.text_width = 0, body.patch = 0;
    body.text_pooled = body.text_norm = body.step_input = false;
    return (ReaderConfig){ .body = body,
                           .answers = { SCENE_COUNT, TIME_COUNT, WEATHER_COUNT, CAMERA_COUNT,
                                        FACTS_ACTORS_MAX, ACT_COUNT, SIZE_COUNT, 2 },
                           .actors = actors };
}

/* ---- configuration --------------------------------------------------------------------- */

char *reader_config_write(const ReaderConfig *c, Arena *a)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    json_put_text(&w, "body", dit_config_write(&c->body, a));
    json_put_integer(&w, "actors", (int64_t)c->actors);
    for (int h = 0; h < READ_HEADS; h++)
        json_put_integer(&w, head_name[h], (int64_t)c->answers[h]);
    json_end(&w, '}');
    return w.text;
}

static SoraStatus read_count(const Json *root, const char *name, size_t most, size_t *out)
{
    const Json *x = json_get(root, name);
    if (!x || x->kind != JSON_IS_INTEGER || x->integer < 1 || (uint64_t)x->integer > most)
        return err_set(SORA_E_FORMAT, "the reader's \"%s\" is not a count from 1 to %zu", name,
                       most);
    *out = (size_t)x->integer;
    return SORA_OK;
}

static SoraStatus parse(const Json *root, ReaderConfig *out)
{
    const char *body = json_text(root, "body");
    if (!body) return err_set(SORA_E_FORMAT, "the reader's configuration has no \"body\"");
    TRY(dit_config_parse(body, strlen(body), &out->body));
    const DitConfig *b = &out->body;
    if (b->text_width || b->in_values != patch_values(READER_PATCH) + PATCH_FRAMES ||
        b->out_values % (2 * HEADS))
        return err_set(SORA_E_FORMAT, "the reader's body has %zu values a token in, %zu out",
                       b->in_values, b->out_values);
    TRY(read_count(root, "actors", ACTORS_MAX, &out->actors));
    for (int h = 0; h < READ_HEADS; h++)
        TRY(read_count(root, head_name[h], ANSWERS_MAX, &out->answers[h]));
    return SORA_OK;
}

SoraStatus reader_config_parse(const char *json, size_t size, ReaderConfig *out)
{
    Arena *a = arena_new("configuration", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a configuration");
    const Json *root = NULL;
    SoraStatus s = json_parse(json, size, "the reader's configuration", a, &root);
    if (s == SORA_OK) s = parse(root, out);
    arena_free(a);
    return s;
}

/* ---- construction ---------------------------------------------------------------------- */

static SoraStatus linear(ParamSet *set, const char *name, ParamKind kind, size_t out, size_t in,
                         Linear *l)
{
    char full[96];
    size_t shape[2] = { out, in };
    snprintf(full, sizeof full, "%s.weight", name);
    ParamInit init = { 0, 1.0f / sqrtf(3.0f * (float)in) };
    TRY(params_declare(set, full, kind, init, 2, shape, &l->weight));
    snprintf(full, sizeof full, "%s.bias", name);
    return params_declare(set, full, PARAM_OTHER, (ParamInit){ 0, 0 }, 1, shape, &l->bias);
}

SoraStatus reader_new(const ReaderConfig *config, ParamSet *set, Arena *weights, Reader **out)
{
    Reader *r = arena_zero(weights, sizeof *r);
    r->c = *config;
    size_t f = config->body.out_values, queries[2] = { QUERIES, f };
    TRY(dit_new(&r->c.body, set, weights, &r->body));
    TRY(params_declare(set, "pool.query", PARAM_OTHER, (ParamInit){ 0, 1 }, 2, queries, &r->query));
    TRY(params_declare(set, "pool.norm.weight", PARAM_OTHER, (ParamInit){ 1, 0 }, 1, &f,
                       &r->norm_weight));
    TRY(params_declare(set, "pool.norm.bias", PARAM_OTHER, (ParamInit){ 0, 0 }, 1, &f,
                       &r->norm_bias));
    TRY(linear(set, "pool.key", PARAM_HIDDEN, f, f, &r->key));
    TRY(linear(set, "pool.value", PARAM_HIDDEN, f, f, &r->value));
    TRY(linear(set, "mix", PARAM_HIDDEN, 2 * f, QUERIES * f, &r->mix));
    for (int h = 0; h < READ_HEADS; h++) {
        char name[64];
        snprintf(name, sizeof name, "head.%s", head_name[h]);
        TRY(linear(set, name, PARAM_OTHER, config->answers[h], 2 * f, &r->head[h]));
    }
    TRY(linear(set, "head.actor", PARAM_OTHER, 2 * config->actors, 2 * f, &r->actor));
    *out = r;
    return SORA_OK;
}

const ReaderConfig *reader_config(const Reader *r)
{
    return &r->c;
}

/* ---- reading --------------------------------------------------------------------------- */

void reader_pack(const ReaderConfig *c, const ReaderClip *clips, size_t count, Arena *a,
                 ReaderInput *out)
{
    DitSequence *sequence = arena_alloc(a, count * sizeof *sequence);
    for (size_t i = 0; i < count; i++) {
        const ReaderClip *k = &clips[i];
        sequence[i].grid = patch_grid(k->frames, k->height, k->width, READER_PATCH);
        sequence[i].frame_s = k->frames > 1 && k->fps > 0 ? PATCH_FRAMES / (float)k->fps : 0;
    }
    out->layout = dit_layout(&c->body, sequence, count, a);
    size_t values = patch_values(READER_PATCH), in = c->body.in_values, n = 0;
    out->tokens = tensor_new_2d(a, TYPE_F32, out->layout->tokens, in);
    float *to = out->tokens->data;
    for (size_t i = 0; i < count; i++) {
        const ReaderClip *k = &clips[i];
        size_t tokens = patch_tokens(sequence[i].grid);
        ArenaMark mark = arena_mark(a);
        float *packed = arena_alloc(a, tokens * values * sizeof *packed);
        patch_pack(k->rgb, k->frames, k->height, k->width, READER_PATCH, packed);
        for (size_t j = 0; j < tokens; j++, n++) {
            memcpy(to + n * in, packed + j * values, values * sizeof *to);
            for (size_t m = values; m < in; m++) to[n * in + m] = 1; /* every frame is given */
        }
        arena_rewind(a, mark);
    }
}

static Tensor *project(Tape *t, Tensor *x, const Linear *l, GemmActivation act, bool full)
{
    return op_linear(t, x, l->weight, l->bias, act, full);
}

/* Features of every token, [tokens, F]. */
static Tensor *run_body(const Reader *r, Tape *t, const ReaderInput *in)
{
    const DitLayout *l = in->layout;
    Arena *a = tape_arena(t);
    uint32_t *row = arena_zero(a, l->tokens * sizeof *row);
    uint32_t *of = arena_zero(a, sizeof *of);
    float *timestep = arena_zero(a, sizeof *timestep);
    return dit_forward(r->body, t,
                       &(DitInput){ .layout = l,
                                    .tokens = in->tokens,
                                    .rows = 1,
                                    .timestep = timestep,
                                    .row_sequence = of,
                                    .token_row = row });
}

/* QUERIES looks at each clip's tokens, side by side: [clips, QUERIES * F]. */
static Tensor *look(const Reader *r, Tape *t, const DitLayout *l, Tensor *features)
{
    Arena *a = tape_arena(t);
    size_t f = r->c.body.out_values, n = l->sequences;
    uint32_t *which = arena_alloc(a, n * QUERIES * sizeof *which);
    size_t *start = arena_alloc(a, (n + 1) * sizeof *start);
    for (size_t i = 0; i < n * QUERIES; i++) which[i] = (uint32_t)(i % QUERIES);
    for (size_t i = 0; i <= n; i++) start[i] = i * QUERIES;
    Tensor *x = op_layer_norm(t, features, r->norm_weight, r->norm_bias, 1e-6f, false);
    Tensor *q = op_rms_norm(t, op_embedding(t, r->query, which, n * QUERIES), NULL, f / HEADS,
                            1e-6f, false);
    Tensor *k = op_rms_norm(t, project(t, x, &r->key, GEMM_NONE, false), NULL, f / HEADS, 1e-6f,
                            false);
    Tensor *v = project(t, x, &r->value, GEMM_NONE, false);
    float scale = 2 / sqrtf((float)(f / HEADS));
    Tensor *y = op_attention(t, q, k, v, HEADS, scale, n, start, l->start);
    return op_reshape(t, y, n, QUERIES * f);
}

void reader_forward(const Reader *r, Tape *t, const ReaderInput *in, ReaderLogits *out)
{
    Tensor *x = look(r, t, in->layout, run_body(r, t, in));
    x = project(t, x, &r->mix, GEMM_GELU_TANH, false);
    for (int h = 0; h < READ_HEADS; h++) out->head[h] = project(t, x, &r->head[h], GEMM_NONE, true);
    Tensor *actor = project(t, x, &r->actor, GEMM_NONE, true);
    out->actor = op_reshape(t, actor, in->layout->sequences * r->c.actors, 2);
}

static void softmax(const float *x, size_t n, float *y)
{
    float most = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) most = fmaxf(most, x[i]);
    for (size_t i = 0; i < n; i++) sum += y[i] = expf(x[i] - most);
    for (size_t i = 0; i < n; i++) y[i] /= sum;
}

void reader_read(const Reader *r, const Compute *c, const ReaderInput *in, Arena *step,
                 Arena *out_arena, Reading *out)
{
    assert(step != out_arena);
    ArenaMark mark = arena_mark(step);
    ReaderLogits l;
    reader_forward(r, tape_new(step, c, GEMM_BF16, false), in, &l);
    for (size_t i = 0; i < in->layout->sequences; i++) {
        for (int h = 0; h < READ_HEADS; h++) {
            size_t n = r->c.answers[h];
            out[i].head[h] = arena_alloc(out_arena, n * sizeof(float));
            softmax((const float *)l.head[h]->data + i * n, n, out[i].head[h]);
        }
        out[i].actor = arena_alloc(out_arena, r->c.actors * sizeof(float));
        for (size_t j = 0; j < r->c.actors; j++) {
            const float *x = (const float *)l.actor->data + 2 * (i * r->c.actors + j);
            out[i].actor[j] = 1 / (1 + expf(x[0] - x[1]));
        }
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

void reading_facts(const Reader *r, const Reading *x, Facts *out)
{
    *out = (Facts){ .scene = (Scene)reading_best(r, x, READ_SCENE),
                    .time = (DayTime)reading_best(r, x, READ_TIME),
                    .weather = (Weather)reading_best(r, x, READ_WEATHER),
                    .camera = (Camera)reading_best(r, x, READ_CAMERA) };
    size_t count = reading_best(r, x, READ_COUNT) + 1;
    if (count > FACTS_ACTORS_MAX) count = FACTS_ACTORS_MAX;
    for (; out->actors < count; out->actors++) {
        size_t best = r->c.actors;
        for (size_t i = 0; i < r->c.actors; i++) {
            bool taken = false;
            for (size_t j = 0; j < out->actors; j++) taken |= out->actor[j].actor == i;
            if (!taken && (best == r->c.actors || x->actor[i] > x->actor[best])) best = i;
        }
        if (best == r->c.actors) return;
        ActorFacts *a = &out->actor[out->actors];
        *a = (ActorFacts){ .actor = (uint16_t)best, .events = 1 };
        a->event[0] = (Event){ .action = ACT_STAND, .start = 0, .end = 1 };
        if (out->actors == 0) {
            a->size = (Size)reading_best(r, x, READ_SIZE);
            a->event[0].action = (Action)reading_best(r, x, READ_ACTION);
        }
    }
}

/* ---- the file -------------------------------------------------------------------------- */

static SoraStatus open_file(const char *path, ReaderFile *f)
{
    TRY(safetensors_open(path, f->weights, &f->file));
    const char *kind = safetensors_metadata(&f->file, "sora.kind");
    const char *config = safetensors_metadata(&f->file, "sora.reader");
    if (!kind || strcmp(kind, "reader") != 0 || !config)
        return err_set(SORA_E_FORMAT, "%s is no reader%s%s%s", path,
                       kind ? ": it says it is a \"" : "", kind ? kind : "", kind ? "\"" : "");
    ReaderConfig c;
    TRY(err_while(reader_config_parse(config, strlen(config), &c), "reading %s", path));
    ParamSet *set = params_new_load(f->weights, bundle_lookup, &f->file);
    return err_while(reader_new(&c, set, f->weights, &f->reader), "reading %s", path);
}

SoraStatus reader_open(const char *path, ReaderFile *out)
{
    *out = (ReaderFile){ .weights = arena_new("reader", 0) };
    if (!out->weights) return err_set(SORA_E_MEMORY, "no memory for a reader");
    SoraStatus s = open_file(path, out);
    if (s != SORA_OK) reader_close(out);
    return s;
}

void reader_close(ReaderFile *f)
{
    if (f->file.map.bytes) safetensors_close(&f->file);
    arena_free(f->weights);
    *f = (ReaderFile){ 0 };
}
