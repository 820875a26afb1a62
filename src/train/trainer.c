#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"
#include "grad/ops.h"

enum { PROMPTS_REMEMBERED = 4096, BATCH_MAX = 1024 };
enum { DRAW_BATCH = 1, DRAW_DROP, DRAW_VALIDATE };

struct Trainer {
    TrainerConfig config;
    Source source;
    RunState run;
    Arena *weights, *step;
    Arena *made[BATCH_MAX]; /* one for each example of a batch: they are made in parallel */
    ParamSet *set;
    Optim *optim;
    Dit *dit;
    Prompts *prompts;
    bool fresh; /* drawn from a seed, no step yet: the text norms are fitted to the first batch */
};

TrainerConfig trainer_config_default(void)
{
    return (TrainerConfig){
        .model = dit_config_default(),
        .optim = optim_config_default(),
        .batch = { .images = levels_for_images(), .clips = levels_for_clips(), .keep = 1 },
        .seed = 1,
        .tokens = 4096,
        .drop_text = 0.1f,
        .warmup = 100,
        .cooldown = 0.35f
    };
}

SoraStatus trainer_new(const TrainerConfig *config, const TextEncoder *encoder, Source source,
                       ParamLookup lookup, void *self, Trainer **out)
{
    if (config->model.text_width != text_encoder_width(encoder))
        return err_set(SORA_E_ARGUMENT, "the model reads text of width %zu, the encoder gives %zu",
                       config->model.text_width, text_encoder_width(encoder));
    Trainer *t = calloc(1, sizeof *t);
    if (!t) return err_set(SORA_E_MEMORY, "no memory for a trainer");
    t->config = *config;
    t->source = source;
    t->run.seed = config->seed;
    t->weights = arena_new("weights", 0);
    t->step = arena_new("step", 0);
    t->prompts = prompts_new(encoder, PROMPTS_REMEMBERED);
    t->set = params_new_train(t->weights, config->seed, lookup, self);
    SoraStatus s = dit_new(&config->model, t->set, t->weights, &t->dit);
    if (s != SORA_OK) {
        trainer_free(t);
        return s;
    }
    t->optim = optim_new(t->set, &config->optim, t->weights);
    t->fresh = !lookup;
    *out = t;
    return SORA_OK;
}

void trainer_free(Trainer *t)
{
    if (!t) return;
    for (size_t i = 0; i < BATCH_MAX; i++) arena_free(t->made[i]);
    prompts_free(t->prompts);
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

/* Examples [first, first + count) of a source, as they are made. */
typedef struct Making {
    Source source;
    uint64_t first;
    Arena **arena;
    Example *example;
    SoraStatus *status;
    char (*sentence)[ERR_TEXT_MAX];
} Making;

static void make_example(void *ctx, size_t i, int worker)
{
    (void)worker;
    Making *m = ctx;
    m->status[i] = m->source.make(m->source.self, m->first + i, m->arena[i], &m->example[i]);
    if (m->status[i] != SORA_OK) snprintf(m->sentence[i], ERR_TEXT_MAX, "%s", err_text());
}

/* How many examples from `first` on fit into a batch. */
static size_t examples_that_fit(const Trainer *t, Source source, uint64_t first, size_t most)
{
    size_t tokens = 0, n = 0;
    for (; n < most; n++) {
        SourceSize s;
        source.size(source.self, first + n, &s);
        tokens += patch_tokens(patch_grid(s.frames, s.height, s.width, t->config.model.patch));
        if (n && tokens > t->config.tokens) break;
    }
    return n;
}

/* Makes them; those that fail are left out, counted, and the first one's sentence is set. */
static size_t make_examples(Trainer *t, const Compute *c, Source source, uint64_t first,
                            size_t count, Example *example)
{
    for (size_t i = 0; i < count; i++) {
        if (!t->made[i]) t->made[i] = arena_new("example", 0);
        arena_rewind(t->made[i], (ArenaMark){ 0 });
    }
    Making m = { .source = source, .first = first, .arena = t->made, .example = example };
    m.status = arena_zero(t->step, count * sizeof *m.status);
    m.sentence = arena_alloc(t->step, count * sizeof *m.sentence);
    parallel_for(c->pool, count, make_example, &m);
    size_t made = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (m.status[i] == SORA_OK)
            example[made++] = example[i];
        else if (failed++ == 0)
            err_set(m.status[i], "%s", m.sentence[i]);
    }
    return made;
}

/* The loss of a batch; with `grad` its gradients are added up in the set. Everything is drawn from
 * `seed`. */
static SoraStatus run_batch(Trainer *t, const Compute *c, const Example *example, size_t count,
                            uint64_t seed, bool grad, Batch *b, float *loss)
{
    const TrainerConfig *k = &t->config;
    const char **caption = arena_alloc(t->step, count * sizeof *caption);
    for (size_t i = 0; i < count; i++) {
        bool drop = grad && rng_uniform(rng_split(seed, DRAW_DROP), i) < (double)k->drop_text;
        caption[i] = drop ? "" : example[i].caption;
    }
    TextStates text;
    TRY(prompts_encode(t->prompts, c, caption, count, t->step, t->step, &text));
    if (grad && t->fresh) {
        dit_fit_text(t->dit, text.states, text.pooled);
        params_refresh(t->set, c);
        t->fresh = false;
    }
    BatchOptions o = k->batch;
    o.seed = rng_split(seed, DRAW_BATCH);
    if (!grad) o.keep = 1;
    batch_make(&k->model, c, example, count, &text, &o, t->step, b);
    Tape *tape = tape_new(t->step, c, GEMM_BF16, grad);
    Tensor *x = dit_forward(t->dit, tape, &b->input);
    Tensor *l = op_mse(tape, x, b->target, b->weight);
    *loss = *(float *)l->data;
    if (grad && isfinite(*loss)) tape_backward(tape, l, 1);
    return SORA_OK;
}

static SoraStatus step_once(Trainer *t, const Compute *c, StepReport *out)
{
    size_t count = examples_that_fit(t, t->source, t->run.examples, BATCH_MAX);
    Example *example = arena_alloc(t->step, count * sizeof *example);
    size_t made = make_examples(t, c, t->source, t->run.examples, count, example);
    *out = (StepReport){ .examples = made, .failed = count - made, .rate = rate_now(t) };
    t->run.examples += count;
    if (made == 0) return err_while(SORA_E_FORMAT, "none of %zu examples could be made", count);
    Batch b;
    uint64_t seed = rng_split(t->config.seed, t->run.step);
    TRY(run_batch(t, c, example, made, seed, true, &b, &out->loss));
    out->tokens = b.input.layout->tokens;
    if (!isfinite(out->loss))
        return err_set(SORA_E_NUMBER, "the loss of step %llu is not a number",
                       (unsigned long long)t->run.step);
    TRY(optim_step(t->optim, c, out->rate, t->step, &out->norm));
    t->run.step++;
    return SORA_OK;
}

SoraStatus trainer_step(Trainer *t, const Compute *c, StepReport *out)
{
    ArenaMark mark = arena_mark(t->step);
    SoraStatus s = step_once(t, c, out);
    arena_rewind(t->step, mark);
    return s;
}

SoraStatus trainer_validate(Trainer *t, const Compute *c, Source source, uint64_t first,
                            size_t count, float *loss)
{
    double sum = 0;
    size_t seen = 0;
    for (size_t i = 0; i < count;) {
        ArenaMark mark = arena_mark(t->step);
        size_t n = examples_that_fit(t, source, first + i, size_min(count - i, BATCH_MAX));
        Example *example = arena_alloc(t->step, n * sizeof *example);
        size_t made = make_examples(t, c, source, first + i, n, example);
        Batch b;
        float l = 0;
        SoraStatus s = SORA_OK;
        if (made)
            s = run_batch(t, c, example, made, rng_split(DRAW_VALIDATE, first + i), false, &b, &l);
        arena_rewind(t->step, mark);
        TRY(s);
        sum += (double)l * (double)made;
        seen += made;
        i += n;
    }
    *loss = seen ? (float)(sum / (double)seen) : 0;
    return SORA_OK;
}

/* ---- where it stands ------------------------------------------------------------------- */

RunState *trainer_run(Trainer *t)
{
    return &t->run;
}

SoraStatus trainer_save(Trainer *t, const char *dir)
{
    TRY(checkpoint_save(dir, &t->config.model, t->set, t->optim, &t->run, t->step));
    return checkpoint_export(dir, &t->config.model, t->set, t->optim, &t->run, t->step);
}

SoraStatus trainer_resume(Trainer *t, const Compute *c, const char *dir)
{
    TRY(checkpoint_load(dir, t->set, t->optim, &t->run, t->step));
    params_refresh(t->set, c);
    t->fresh = false;
    return SORA_OK;
}
