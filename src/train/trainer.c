#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "tensor/convert.h"
#include "train/adapter.h"

enum { DRAW_VALIDATE = 3 };

struct Trainer {
    TrainerConfig config;
    Lesson lesson;
    Source source;
    RunState run;
    Arena *weights, *step;
    Loader *loader;
    ParamSet *set;     /* the network's */
    ParamSet *learned; /* the same, or the adapter's */
    Adapter *adapter;  /* NULL: the network itself is trained */
    Optim *optim;
    void *net;
    bool fresh;       /* drawn from a seed, no step yet */
    float *gradients; /* of all parameters, for the sum over processes; NULL: alone */
};

TrainerConfig trainer_config_default(void)
{
    return (TrainerConfig){
        .optim = optim_config_default(), .seed = 1, .tokens = 4096, .warmup = 100, .cooldown = 0.35f
    };
}

SoraStatus trainer_new(const TrainerConfig *config, const Lesson *lesson, Source source,
                       ParamLookup lookup, void *self, Trainer **out)
{
    Trainer *t = calloc(1, sizeof *t);
    if (!t) return err_set(SORA_E_MEMORY, "no memory for a trainer");
    t->config = *config;
    t->lesson = *lesson;
    t->source = source;
    t->run.seed = config->seed;
    t->weights = arena_new("weights", 0);
    t->step = arena_new("step", 0);
    t->set = params_new_train(t->weights, config->seed, lookup, self);
    t->learned = t->set;
    SoraStatus s = lesson->build(lesson->self, t->set, t->weights, &t->net);
    if (s == SORA_OK && config->lora_rank) {
        s = adapter_new(t->set, config->lora_rank, config->seed, t->weights, &t->adapter);
        if (s == SORA_OK) t->learned = adapter_params(t->adapter);
    }
    if (s == SORA_OK) s = loader_new(source, config->threads, &t->loader);
    if (s != SORA_OK) {
        trainer_free(t);
        return s;
    }
    if (config->parallel)
        t->gradients = arena_alloc(t->weights, params_elements(t->set) * sizeof *t->gradients);
    t->optim = optim_new(t->learned, &config->optim, t->weights);
    t->fresh = !lookup;
    *out = t;
    return SORA_OK;
}

void trainer_free(Trainer *t)
{
    if (!t) return;
    loader_free(t->loader);
    arena_free(t->step);
    arena_free(t->weights);
    free(t);
}

double trainer_progress(const Trainer *t)
{
    const TrainerConfig *c = &t->config;
    double by_step = c->steps ? (double)t->run.step / (double)c->steps : 0;
    double by_time = c->seconds > 0 ? t->run.seconds / c->seconds : 0;
    return fmin(1, fmax(by_step, by_time));
}

/* Up over the warm-up, constant, and linearly down to 0 over the last part: most of the quality
 * that people see appears while it falls. */
static float rate_now(const Trainer *t)
{
    const TrainerConfig *c = &t->config;
    float up = t->run.step < c->warmup ? (float)(t->run.step + 1) / (float)(c->warmup + 1) : 1;
    double left = 1 - trainer_progress(t);
    float down = left < (double)c->cooldown ? (float)(left / (double)c->cooldown) : 1;
    return fmaxf(0.002f, fminf(up, down));
}

/* ---- a batch --------------------------------------------------------------------------- */

/* How many examples from `first` on fit into a batch. */
static size_t examples_that_fit(const Trainer *t, Source source, uint64_t first, size_t most)
{
    size_t tokens = 0, n = 0;
    for (; n < most; n++) {
        SourceSize s;
        source.size(source.self, first + n, &s);
        tokens += t->lesson.tokens(t->lesson.self, &s);
        if (n && tokens > t->config.tokens) break;
    }
    return n;
}

/* What a step saw: this process, then all of them. */
typedef struct Seen {
    double loss, count; /* the mean, and of how many */
    double made, failed, tokens;
} Seen;

/* The loss of a batch; that of the network in training leaves its gradients in the set. Everything
 * is drawn from `seed`; `first`: the first example's place in the whole batch. */
static SoraStatus run_batch(Trainer *t, const Compute *c, void *net, const Loaded *loaded,
                            size_t first, uint64_t seed, Seen *out)
{
    bool grad = net == t->net;
    LessonLoss l;
    LessonCall call = { .c = c,
                        .tape = tape_new(t->step, c, GEMM_BF16, grad),
                        .example = loaded->example,
                        .count = loaded->made,
                        .first = first,
                        .seed = seed,
                        .fresh = grad && t->fresh };
    TRY(t->lesson.loss(t->lesson.self, net, t->set, &call, &l));
    if (grad) t->fresh = false;
    *out = (Seen){ .loss = (double)(l.scale * *(float *)l.loss->data),
                   .count = l.count,
                   .made = (double)loaded->made,
                   .tokens = (double)l.tokens };
    if (grad && isfinite(out->loss)) tape_backward(call.tape, l.loss, l.scale);
    return SORA_OK;
}

/* Gradients of this process count by `share`. */
static SoraStatus sum_gradients(Trainer *t, float share)
{
    float *g = t->gradients;
    for (int back = 0; back < 2; back++) {
        size_t at = 0;
        for (size_t i = 0; i < params_count(t->set); i++) {
            const Tensor *v = params_at(t->set, i)->value;
            size_t n = v->grad ? tensor_count(v) : 0;
            for (size_t k = 0; k < n && !back; k++) g[at + k] = share * v->grad[k];
            if (n && back) memcpy(v->grad, g + at, n * sizeof *g);
            at += n;
        }
        if (!back) TRY(parallel_sum_f32(t->config.parallel, g, at));
    }
    return SORA_OK;
}

/* The whole batch's loss and gradients out of everybody's part. */
static SoraStatus add_up(Trainer *t, const Compute *c, Seen *s)
{
    if (!t->config.parallel) return SORA_OK;
    double own = s->count;
    s->loss *= own;
    TRY(parallel_sum(t->config.parallel, (double *)s, sizeof *s / sizeof(double)));
    if (s->made == 0) return SORA_OK;
    if (s->count == 0)
        return err_set(SORA_E_UNSUPPORTED, "several processes can share the batches of video "
                                           "models only");
    s->loss /= s->count;
    if (isfinite(s->loss)) return sum_gradients(t, (float)(own / s->count));
    params_zero_grad(t->set, c);
    return SORA_OK;
}

/* This process' part of examples [first, first + count). What is fitted to a fresh run's first
 * batch must see all of it: everybody runs it whole, to the same gradients. */
typedef struct Part {
    uint64_t first;
    size_t count, place;
} Part;

static Part part_of(const Trainer *t, uint64_t first, size_t count, bool whole)
{
    size_t rank = (size_t)parallel_rank(t->config.parallel);
    size_t size = (size_t)parallel_size(t->config.parallel);
    if (whole || size == 1) return (Part){ first, count, 0 };
    size_t from = count * rank / size, to = count * (rank + 1) / size;
    return (Part){ first + from, to - from, from };
}

static SoraStatus step_once(Trainer *t, const Compute *c, StepReport *out)
{
    uint64_t first = t->run.examples, seed = rng_split(t->run.seed, t->run.step);
    size_t count = examples_that_fit(t, t->source, first, LOADER_EXAMPLES_MAX);
    bool whole = t->fresh;
    double size = parallel_size(t->config.parallel);
    Part p = part_of(t, first, count, whole);
    const Loaded *l = p.count ? loader_take(t->loader, p.first, p.count) : NULL;
    t->run.examples += count;
    Part next = part_of(t, first + count,
                        examples_that_fit(t, t->source, first + count, LOADER_EXAMPLES_MAX), false);
    if (next.count) loader_start(t->loader, next.first, next.count);
    Seen seen = { 0 };
    if (l && l->made) TRY(run_batch(t, c, t->net, l, p.place, seed, &seen));
    if (l) seen.failed = (double)(p.count - l->made);
    TRY(add_up(t, c, &seen));
    if (whole) /* everybody has seen the same */
        seen.made /= size, seen.tokens /= size;
    *out = (StepReport){ .loss = (float)seen.loss,
                         .rate = rate_now(t),
                         .examples = (size_t)seen.made,
                         .tokens = (size_t)seen.tokens,
                         .failed = (size_t)seen.failed };
    bool told = l && l->made < p.count; /* by this process */
    if (seen.made == 0)
        return err_set(told ? l->failed : SORA_E_FORMAT, "none of %zu examples could be made: %s",
                       count, told ? l->sentence : "see the other processes");
    if (!isfinite(out->loss))
        return err_set(SORA_E_NUMBER, "the loss of step %llu is not a number",
                       (unsigned long long)t->run.step);
    if (t->adapter) adapter_backward(t->adapter, c);
    TRY(optim_step(t->optim, c, out->rate, t->step, &out->norm));
    if (t->adapter) adapter_apply(t->adapter, c);
    t->run.step++;
    out->failed = told ? out->failed : 0;
    if (told) err_set(l->failed, "%s", l->sentence);
    return SORA_OK;
}

SoraStatus trainer_agree(Trainer *t, bool *stop)
{
    const Parallel *p = t->config.parallel;
    double x[2] = { parallel_rank(p) == 0 ? t->run.seconds : 0, *stop };
    TRY(parallel_sum(p, x, 2));
    t->run.seconds = x[0];
    *stop = x[1] > 0;
    return SORA_OK;
}

SoraStatus trainer_step(Trainer *t, const Compute *c, StepReport *out)
{
    ArenaMark mark = arena_mark(t->step);
    SoraStatus s = step_once(t, c, out);
    arena_rewind(t->step, mark);
    return s;
}

/* ---- what it has learned --------------------------------------------------------------- */

typedef struct Averages {
    const Trainer *t;
    const Compute *c;
    Arena *a;
} Averages;

static const Tensor *average_of(const Averages *w, const char *name)
{
    const Trainer *t = w->t;
    if (t->adapter) return adapter_average(t->adapter, w->c, t->optim, name, w->a);
    for (size_t i = 0; i < params_count(t->set); i++)
        if (strcmp(params_at(t->set, i)->name, name) == 0) return optim_ema(t->optim, i);
    return NULL;
}

static const Tensor *find_average(void *self, const char *name)
{
    const Averages *w = self;
    const Tensor *ema = average_of(w, name);
    if (!ema) return NULL;
    Tensor *half = tensor_new(w->a, TYPE_BF16, ema->rank, ema->shape);
    convert_row(half->data, TYPE_BF16, ema->data, TYPE_F32, tensor_count(ema));
    return half;
}

SoraStatus trainer_average(const Trainer *t, const Compute *c, Arena *a, void **net)
{
    Averages *w = arena_alloc(a, sizeof *w);
    *w = (Averages){ t, c, a };
    return t->lesson.build(t->lesson.self, params_new_load(a, find_average, w), a, net);
}

static SoraStatus validate(Trainer *t, const Compute *c, void *net, Loader *loader, Source source,
                           uint64_t first, size_t count, float *loss)
{
    double sum = 0;
    size_t made = 0;
    for (size_t i = 0; i < count;) {
        ArenaMark mark = arena_mark(t->step);
        size_t most = size_min(count - i, LOADER_EXAMPLES_MAX);
        size_t n = examples_that_fit(t, source, first + i, most);
        const Loaded *l = loader_take(loader, first + i, n);
        Seen seen = { 0 };
        SoraStatus s = SORA_OK;
        uint64_t seed = rng_split(DRAW_VALIDATE, first + i);
        if (l->made) s = run_batch(t, c, net, l, 0, seed, &seen);
        arena_rewind(t->step, mark);
        TRY(s);
        sum += seen.loss * (double)l->made;
        made += l->made;
        i += n;
    }
    if (!made) return err_set(SORA_E_FORMAT, "none of %zu examples could be made", count);
    *loss = (float)(sum / (double)made);
    return SORA_OK;
}

SoraStatus trainer_validate(Trainer *t, const Compute *c, Source source, uint64_t first,
                            size_t count, float *loss)
{
    Loader *loader;
    void *net;
    ArenaMark mark = arena_mark(t->step);
    TRY(loader_new(source, t->config.threads, &loader));
    SoraStatus s = trainer_average(t, c, t->step, &net);
    if (s == SORA_OK) s = validate(t, c, net, loader, source, first, count, loss);
    arena_rewind(t->step, mark);
    loader_free(loader);
    return s;
}

/* ---- where it stands ------------------------------------------------------------------- */

RunState *trainer_run(Trainer *t)
{
    return &t->run;
}

const char *trainer_file(const Trainer *t)
{
    return t->adapter ? "lora.safetensors" : t->lesson.file;
}

SoraStatus trainer_save(Trainer *t, const char *dir)
{
    const TrainerConfig *k = &t->config;
    CheckpointKind kind = { t->lesson.kind, t->lesson.config, trainer_file(t) };
    TRY(checkpoint_save(dir, &kind, t->learned, t->optim, &t->run, &k->facts, t->step));
    if (t->adapter) kind.kind = "lora";
    return checkpoint_export(dir, &kind, t->learned, t->optim, &t->run, &k->facts, t->step);
}

SoraStatus trainer_resume(Trainer *t, const Compute *c, const char *dir)
{
    TRY(checkpoint_load(dir, t->learned, t->optim, &t->run, t->step));
    if (t->adapter)
        adapter_apply(t->adapter, c);
    else
        params_refresh(t->set, c);
    t->fresh = false;
    return SORA_OK;
}
