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
    ParamSet *set;    /* the network's */
    ParamSet *learned; /* the same, or the adapter's */
    Adapter *adapter; /* NULL: the network itself is trained */
    Optim *optim;
    void *net;
    bool fresh; /* drawn from a seed, no step yet */
};

TrainerConfig trainer_config_default(void)
{
    return (TrainerConfig){
        .optim = optim_config_default(),
        .seed = 1,
        .tokens = 4096,
        .warmup = 100,
        .cooldown = 0.35f
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

/* The loss of a batch; that of the network in training leaves its gradients in the set. Everything
 * is drawn from `seed`. */
static SoraStatus run_batch(Trainer *t, const Compute *c, void *net, const Loaded *loaded,
                            uint64_t seed, size_t *tokens, float *loss)
{
    bool grad = net == t->net;
    LessonLoss l;
    LessonCall call = { .c = c,
                        .tape = tape_new(t->step, c, GEMM_BF16, grad),
                        .example = loaded->example,
                        .count = loaded->made,
                        .seed = seed,
                        .fresh = grad && t->fresh };
    TRY(t->lesson.loss(t->lesson.self, net, t->set, &call, &l));
    if (grad) t->fresh = false;
    *loss = l.scale * *(float *)l.loss->data;
    *tokens = l.tokens;
    if (grad && isfinite(*loss)) tape_backward(call.tape, l.loss, l.scale);
    return SORA_OK;
}

static SoraStatus step_once(Trainer *t, const Compute *c, StepReport *out)
{
    uint64_t first = t->run.examples;
    size_t count = examples_that_fit(t, t->source, first, LOADER_EXAMPLES_MAX);
    const Loaded *l = loader_take(t->loader, first, count);
    t->run.examples += count;
    loader_start(t->loader, first + count,
                 examples_that_fit(t, t->source, first + count, LOADER_EXAMPLES_MAX));
    *out = (StepReport){ .examples = l->made, .failed = count - l->made, .rate = rate_now(t) };
    if (l->made == 0)
        return err_set(l->failed, "none of %zu examples could be made: %s", count, l->sentence);
    uint64_t seed = rng_split(t->run.seed, t->run.step);
    TRY(run_batch(t, c, t->net, l, seed, &out->tokens, &out->loss));
    if (!isfinite(out->loss))
        return err_set(SORA_E_NUMBER, "the loss of step %llu is not a number",
                       (unsigned long long)t->run.step);
    if (t->adapter) adapter_backward(t->adapter, c);
    TRY(optim_step(t->optim, c, out->rate, t->step, &out->norm));
    if (t->adapter) adapter_apply(t->adapter, c);
    t->run.step++;
    if (out->failed) err_set(l->failed, "%s", l->sentence);
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

static SoraStatus validate(Trainer *t, const Compute *c, void *net, Loader *loader,
                           Source source, uint64_t first, size_t count, float *loss)
{
    double sum = 0;
    size_t seen = 0;
    for (size_t i = 0; i < count;) {
        ArenaMark mark = arena_mark(t->step);
        size_t most = size_min(count - i, LOADER_EXAMPLES_MAX);
        size_t n = examples_that_fit(t, source, first + i, most);
        const Loaded *l = loader_take(loader, first + i, n);
        size_t tokens;
        float mean = 0;
        SoraStatus s = SORA_OK;
        uint64_t seed = rng_split(DRAW_VALIDATE, first + i);
        if (l->made) s = run_batch(t, c, net, l, seed, &tokens, &mean);
        arena_rewind(t->step, mark);
        TRY(s);
        sum += (double)mean * (double)l->made;
        seen += l->made;
        i += n;
    }
    if (!seen) return err_set(SORA_E_FORMAT, "none of %zu examples could be made", count);
    *loss = (float)(sum / (double)seen);
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

SoraStatus trainer_save(Trainer *t, const char *dir)
{
    const TrainerConfig *k = &t->config;
    CheckpointKind kind = { t->lesson.kind, t->lesson.config, t->lesson.file };
    TRY(checkpoint_save(dir, &kind, t->learned, t->optim, &t->run, &k->facts, t->step));
    if (t->adapter) kind = (CheckpointKind){ "lora", t->lesson.config, "lora.safetensors" };
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
