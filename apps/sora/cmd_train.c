/* sora train DIR: trains a model, saves as it goes, and goes on where it was stopped. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "home.h"
#include "options.h"
#include "progress.h"

typedef struct Train {
    Cli *cli;
    SoraTrainOptions o;
    bool resume, fresh, validate, check, motion, words;
    const char *prompts_file;
    double save_every, sample_every, validate_every, time;
    int64_t steps, batch_tokens, width, layers, heads, hidden, patch;
    int64_t validation_examples, samples, actors_max, repeats, lora_rank, seed;
} Train;

/* What the loop remembers between two steps. */
typedef struct Loop {
    Train *t;
    SoraTrainer *trainer;
    Arena *arena;
    double saved_s, sampled_s, validated_s, shown_s, began_s;
    double loss, validation; /* NAN: none yet */
    uint64_t first_examples, failed;
} Loop;

static void on_log(void *self, const char *line)
{
    char room[4096];
    progress_say(self, "%s", lang_sentence(line, room, sizeof room));
}

static int on_stop(void *self)
{
    (void)self;
    return progress_cancelled();
}

static SoraStatus parse(Train *t, int argc, char **argv)
{
    SoraTrainOptions *o = &t->o;
    const Option options[] = {
        { .group = T("Data") },
        { 'd', "data", T("what to learn from: world, or a folder with captions in .txt files"),
          .value = T("world|FOLDER"), .path = &o->data },
        { 0, "sizes", T("sizes of the examples: WIDTHxHEIGHT[xFRAMES][@FPS][*SHARE], ..."),
          .text = &o->sizes },
        { 0, "check", T("only say which files of the folder would be left out, and why"),
          .flag = &t->check },
        { 0, "validation", T("share of the folder kept for validation"), .number = &o->validation,
          .max = 0.9 },
        { 0, "replay",
          T("share of the world's clips among a folder's, against forgetting; else 0.5 with "
            "--init"),
          .number = &o->replay, .max = 0.95 },
        { 0, "cast", T("the world's cast"), .path = &o->cast },
        { 0, "actors", T("only these actors: cat,dog,... or the first so many of the cast"),
          .text = &o->actors },
        { 0, "actors-max", T("at most so many in one clip"), .integer = &t->actors_max, .min = 1,
          .max = 3 },
        { 0, "world-scenes", T("only these scenes: meadow,snow,..."), .text = &o->scenes },
        { 0, "repeats", T("how often the same facts come back with other pixels"),
          .integer = &t->repeats, .min = 1, .max = 1000 },
        { .group = T("Run") },
        { 0, "time", T("length of the whole run, over all sittings"), .seconds = &t->time },
        { 0, "steps", T("length of the whole run in steps"), .integer = &t->steps, .min = 1,
          .max = 1e15 },
        { 0, "resume", T("go on with the run in DIR; an error if there is none"),
          .flag = &t->resume },
        { 0, "fresh", T("a run that is in DIR already is an error, not gone on with"),
          .flag = &t->fresh },
        { 0, "init", T("start from this model"), .path = &o->init },
        { 0, "lora-rank",
          T("learn a LoRA of this rank for the model of --init, which stays as it is"),
          .integer = &t->lora_rank, .min = 1, .max = 1024 },
        { 0, "network",
          T("what to train: the video model, what lays its clips out, the "
            "reader, or the second stage"),
          .value = T("video|layout|reader|upscaler"), .text = &o->network },
        { 0, "base", T("the video model whose pictures the upscaler learns to enlarge"),
          .path = &o->base },
        { 0, "seed", T("of the weights, the data and the noise"), .integer = &t->seed, .min = 0,
          .max = 9e18 },
        { 0, "save-every", T("time between checkpoints"), .seconds = &t->save_every, .min = 1,
          .max = 86400 },
        { 0, "sample-every", T("time between sample sheets, 0 for none"),
          .seconds = &t->sample_every, .max = 86400 },
        { 0, "samples", T("clips on a sample sheet"), .integer = &t->samples, .min = 1,
          .max = 256 },
        { 0, "prompts", T("a file with the prompts of the samples, one a line"),
          .path = &t->prompts_file },
        { 0, "validate", T("only print the validation loss of the run in DIR"),
          .flag = &t->validate },
        { 0, "validate-every", T("time between validations, 0 for none"),
          .seconds = &t->validate_every, .max = 86400 },
        { 0, "validation-examples", T("examples of a validation"),
          .integer = &t->validation_examples, .min = 1, .max = 100000 },
        { .group = T("Learning") },
        { 0, "batch-tokens", T("a batch takes examples up to so many tokens"),
          .integer = &t->batch_tokens, .min = 1, .max = 1 << 24 },
        { 0, "lr", T("rate of hidden matrices; 0.4 of it for the rest"), .number = &o->lr },
        { 0, "cooldown", T("share of the run, at its end, in which the rate falls to 0"),
          .number = &o->cooldown, .max = 1 },
        { 0, "keep", T("share of the tokens that see the middle layers"), .number = &o->keep,
          .max = 1 },
        { 0, "shortcut",
          T("share of the examples that learn large steps, for --fast; 0.25 is good"),
          .number = &o->shortcut, .max = 1 },
        { 0, "subject-weight",
          T("added to the weight of the error where the world's actors are; 2 is good"),
          .number = &o->subject_weight, .max = 100 },
        { 0, "given", T("share of the clips of which some frames are given, for stills and gaps"),
          .number = &o->given, .max = 0.6 },
        { 0, "motion",
          T("an older model of --init learns a picture of how things move, as new ones do"),
          .flag = &t->motion },
        { 0, "words", T("an older model of --init reads words themselves too, as new ones do"),
          .flag = &t->words },
        { 0, "drop-text", T("share of the captions left out, for guidance"),
          .number = &o->drop_text, .max = 1 },
        { 0, "ema", T("decay of the averaged weights"), .number = &o->ema, .max = 1 },
        { 0, "level-mean", T("noise levels of images: mean of the logit"), .number = &o->level_mean,
          .min = -5, .max = 5 },
        { 0, "level-std", T("noise levels of images: spread of the logit"), .number = &o->level_std,
          .max = 5 },
        { 0, "clip-level-mean", T("noise levels of clips: mean of the logit"),
          .number = &o->clip_level_mean, .min = -5, .max = 5 },
        { 0, "clip-level-std", T("noise levels of clips: spread of the logit"),
          .number = &o->clip_level_std, .max = 5 },
        { .group = T("Model from nothing") },
        { 0, "width", T("width of the network"), .integer = &t->width, .min = 1, .max = 8192 },
        { 0, "layers", T("its layers"), .integer = &t->layers, .min = 1, .max = 256 },
        { 0, "heads", T("its attention heads"), .integer = &t->heads, .min = 1, .max = 256 },
        { 0, "hidden", T("width inside its MLP"), .integer = &t->hidden, .min = 1, .max = 32768 },
        { 0, "patch", T("pixels on a side of a token"), .integer = &t->patch, .min = 1, .max = 32 },
        { 0, "text-encoder", T("file of the text encoder"), .path = &o->text_encoder },
        { 0 },
    };
    return options_parse(
        &(Usage){ .about = T("train a model on the world or on a folder of clips"),
                  .arguments = T("DIR"),
                  .arg_min = 1,
                  .arg_max = 1,
                  .options = options,
                  .examples = "sora train runs/first --data world --time 2h\n"
                              "sora train runs/mine --data clips/ --init models/default --time 1h\n"
                              "sora train runs/mine --data clips/ --init models/default "
                              "--lora-rank 16\n"
                              "sora train runs/mine --data clips/ --check\n"
                              "sora train runs/first --resume\n" },
        t->cli, argc, argv);
}

/* The options' integers are wider than the library's. */
static SoraStatus settle(Train *t, Arena *a)
{
    SoraTrainOptions *o = &t->o;
    o->dir = t->cli->arg[0];
    o->steps = (uint64_t)t->steps;
    if (t->time > 0) o->seconds = t->time;
    o->batch_tokens = (int)t->batch_tokens;
    o->width = (int)t->width, o->layers = (int)t->layers, o->heads = (int)t->heads;
    o->hidden = (int)t->hidden, o->patch = (int)t->patch;
    o->validation_examples = (int)t->validation_examples;
    o->samples = (int)t->samples;
    o->actors_max = (int)t->actors_max;
    o->repeats = (int)t->repeats;
    o->lora_rank = (int)t->lora_rank;
    o->seed = t->seed;
    o->fresh = t->fresh;
    o->motion = t->motion;
    o->words = t->words;
    o->threads = t->cli->threads;
    o->log = on_log, o->log_self = t->cli;
    o->stop = on_stop;
    if (!o->text_encoder) o->text_encoder = home_model("default/text.safetensors", a);
    if (t->prompts_file) {
        enum { PROMPTS_MAX = 1 << 20 };
        Slice text;
        TRY(file_read(t->prompts_file, PROMPTS_MAX, a, &text));
        o->prompts = (const char *)text.bytes;
    }
    const char *path = arena_printf(a, "%s/checkpoint.safetensors", o->dir);
    if (file_exists(path)) return SORA_OK; /* what it was begun with holds */
    if (!o->cast) o->cast = home_cast(a);
    if (!t->resume && !t->validate) return SORA_OK;
    return err_set(SORA_E_IO, T("there is no run in %s: no %s"), o->dir, path);
}

/* ---- the loop -------------------------------------------------------------------------- */

static void show(Loop *l, const SoraTrainReport *r)
{
    double spent = clock_now_s() - l->began_s;
    double speed = spent > 0 ? (double)(r->examples - l->first_examples) / spent : 0;
    l->loss = isnan(l->loss) ? r->loss : 0.98 * l->loss + 0.02 * r->loss;
    char more[64] = "";
    if (!isnan(l->validation)) snprintf(more, sizeof more, T("  validation %.4f"), l->validation);
    double total = l->t->cli->progress.total;
    progress_at(l->t->cli, r->progress > 0 ? r->progress * total : (double)r->step,
                T("step %llu  loss %.4f  rate %.3f  %.1f examples/s%s"),
                (unsigned long long)r->step, l->loss, r->rate, speed, more);
    l->failed += (uint64_t)r->failed;
}

static void send_step(Loop *l, const SoraTrainReport *r)
{
    ArenaMark mark = arena_mark(l->arena);
    JsonWriter w = progress_event(l->arena, "step");
    json_put_integer(&w, "step", (int64_t)r->step);
    json_put_integer(&w, "examples", (int64_t)r->examples);
    json_put_number(&w, "seconds", r->seconds);
    json_put_number(&w, "progress", r->progress);
    json_put_number(&w, "loss", r->loss);
    json_put_number(&w, "norm", r->norm);
    json_put_number(&w, "rate", r->rate);
    json_put_integer(&w, "failed", r->failed);
    progress_send(l->t->cli, &w);
    arena_rewind(l->arena, mark);
}

static bool due(double *last_s, double every)
{
    double now = clock_now_s();
    if (every <= 0 || now - *last_s < every) return false;
    *last_s = now;
    return true;
}

static SoraStatus validate(Loop *l)
{
    SoraStatus s = sora_train_validate(l->trainer, &l->validation);
    if (s != SORA_E_UNSUPPORTED) return s;
    l->t->validate_every = 0; /* a small folder has none; say so once */
    progress_say(l->t->cli, "%s", T("the data are too few to keep some for validation"));
    return SORA_OK;
}

static SoraStatus sample(Loop *l)
{
    SoraStatus s = sora_train_sample(l->trainer);
    return s == SORA_CANCELLED ? SORA_OK : s; /* the loop sees it next, and saves */
}

static SoraStatus run(Loop *l)
{
    SoraTrainReport r;
    sora_train_state(l->trainer, &r);
    l->first_examples = r.examples;
    while (r.progress < 1) {
        if (r.processes == 1 && progress_cancelled()) break; /* several agree in the step */
        SoraStatus s = sora_train_step(l->trainer, &r);
        if (s == SORA_CANCELLED) break;
        TRY(s);
        show(l, &r);
        if (l->t->cli->json && r.process == 0) send_step(l, &r);
        if (due(&l->saved_s, l->t->save_every)) TRY(sora_train_save(l->trainer));
        if (due(&l->validated_s, l->t->validate_every)) TRY(validate(l));
        if (due(&l->sampled_s, l->t->sample_every)) TRY(sample(l));
    }
    TRY(sora_train_save(l->trainer));
    if (progress_cancelled()) return SORA_OK;
    if (l->t->validate_every > 0) TRY(validate(l));
    return l->t->sample_every > 0 ? sample(l) : SORA_OK;
}

static void begin(Loop *l)
{
    SoraTrainReport r;
    Cli *cli = l->t->cli;
    sora_train_state(l->trainer, &r);
    if (r.process > 0) cli->quiet = true;
    if (r.step)
        progress_say(cli, T("going on after step %llu, %.0f s of training"),
                     (unsigned long long)r.step, r.seconds);
    double total = 100; /* percent; a run without an end counts steps, and Ctrl-C ends it */
    progress_begin(cli, T("training"), total);
    progress_from(cli, r.progress * total);
    l->began_s = l->saved_s = l->sampled_s = l->validated_s = clock_now_s();
}

static void say_saved(const Train *t, const SoraTrainer *trainer)
{
    SoraTrainReport r;
    sora_train_state(trainer, &r);
    if (strcmp(r.file, "lora.safetensors") == 0)
        progress_say(t->cli, T("saved: %s/%s; use it with 'sora generate --lora'"), t->o.dir,
                     r.file);
    else
        progress_say(t->cli, T("saved: %s/%s; 'sora train %s' goes on"), t->o.dir, r.file,
                     t->o.dir);
}

static void tell_validation(const Loop *l)
{
    if (!l->t->cli->json) {
        printf("%.6f\n", l->validation);
        return;
    }
    JsonWriter w = progress_event(l->arena, "validation");
    json_put_number(&w, "loss", l->validation);
    progress_send(l->t->cli, &w);
}

static SoraStatus train(Train *t, Arena *a)
{
    Loop l = { .t = t, .arena = a, .loss = NAN, .validation = NAN };
    TRY(sora_train_open(&t->o, &l.trainer));
    SoraStatus s;
    if (t->validate) {
        s = sora_train_validate(l.trainer, &l.validation);
        if (s == SORA_OK) tell_validation(&l);
    } else {
        begin(&l);
        s = run(&l);
        progress_end(t->cli);
        if (l.failed)
            progress_say(t->cli, T("%llu examples could not be made and were left out"),
                         (unsigned long long)l.failed);
        if (s == SORA_OK) say_saved(t, l.trainer);
    }
    sora_train_close(l.trainer);
    return s == SORA_OK && progress_cancelled() ? SORA_CANCELLED : s;
}

static SoraStatus check(const Train *t, Arena *a)
{
    SoraFolderCount n;
    TRY(sora_train_check(&t->o, &n));
    if (t->cli->json) {
        JsonWriter w = progress_event(a, "check");
        json_put_integer(&w, "training", n.training);
        json_put_integer(&w, "validation", n.validation);
        json_put_integer(&w, "left_out", n.dropped);
        progress_send(t->cli, &w);
        return SORA_OK;
    }
    printf(T("%d for training, %d for validation, %d left out\n"), n.training, n.validation,
           n.dropped);
    return SORA_OK;
}

SoraStatus cmd_train(Cli *cli, int argc, char **argv)
{
    Train t = {
        .cli = cli, .save_every = 300, .sample_every = 900, .validate_every = 600, .seed = -1
    };
    sora_train_options_init(&t.o);
    TRY(parse(&t, argc, argv));
    Arena *a = arena_new("train", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = settle(&t, a);
    if (s == SORA_OK) s = t.check ? check(&t, a) : train(&t, a);
    arena_free(a);
    return s;
}
