#include <math.h>
#include <string.h>

#include "api/train_data.h"
#include "api/train_settings.h"
#include "api/version.h"
#include "base/clock.h"
#include "base/file.h"
#include "model/bundle.h"
#include "train/journal.h"
#include "train/lesson_dit.h"
#include "train/lesson_reader.h"
#include "train/lesson_upscale.h"
#include "train/samples.h"
#include "train/trainer.h"

enum { LOGGED_MAX = 64, BAD_STEPS_MAX = 10 };

struct SoraTrainer {
    SoraTrainOptions o;
    Arena *arena;
    Pool *pool;
    Compute *compute;
    TextEncoder *text;
    TrainData data;
    Safetensors init; /* the model to start from, or zero */
    SafetensorsMeta fact[5];
    /* One of the three is in use. */
    LessonDit video;
    ReaderConfig reader;
    LessonUpscale upscale;
    Bundle base; /* the upscaler's video model, or zero */
    Trainer *trainer;
    Journal *journal;
    uint64_t logged[LOGGED_MAX]; /* hashes of sentences that were told */
    size_t logged_count;
    uint64_t first_prompt_seed;
    Parallel *parallel; /* NULL: this process is alone */
    bool broken;        /* a step has failed: the other processes may be waiting */
};

void sora_train_options_init(SoraTrainOptions *o)
{
    *o = (SoraTrainOptions){ .size = sizeof *o,
                             .seconds = NAN,
                             .lr = NAN,
                             .cooldown = NAN,
                             .keep = NAN,
                             .drop_text = NAN,
                             .ema = NAN,
                             .seed = -1,
                             .level_mean = NAN,
                             .level_std = NAN,
                             .clip_level_mean = NAN,
                             .clip_level_std = NAN,
                             .validation = NAN,
                             .shortcut = NAN,
                             .subject_weight = NAN,
                             .given = NAN,
                             .replay = NAN };
}

static void tell(const SoraTrainer *t, const char *line)
{
    if (t->o.log) t->o.log(t->o.log_self, line);
}

/* The same broken file comes by in every round; it is told once. */
static void tell_once(SoraTrainer *t, const char *line)
{
    uint64_t h = 0xcbf29ce484222325;
    for (const char *s = line; *s; s++) h = (h ^ (unsigned char)*s) * 0x100000001b3;
    for (size_t i = 0; i < t->logged_count; i++)
        if (t->logged[i] == h) return;
    if (t->logged_count == LOGGED_MAX) return;
    t->logged[t->logged_count++] = h;
    tell(t, line);
}

/* ---- opening --------------------------------------------------------------------------- */

static SoraStatus parse_model(const Safetensors *st, const char *path, DitConfig *out)
{
    const char *config = safetensors_metadata(st, "sora.dit");
    if (!config) return err_set(SORA_E_FORMAT, "%s is no sora model", path);
    return err_while(dit_config_parse(config, strlen(config), out), "reading %s", path);
}

static bool learns(const SoraTrainOptions *o, const char *network)
{
    return strcmp(o->network, network) == 0;
}

/* A video model, or one of the same make for its layouts. */
static bool learns_video(const SoraTrainOptions *o)
{
    return learns(o, "video") || learns(o, "layout");
}

/* What the run in the folder was begun with, where the caller left it open. */
static SoraStatus read_checkpoint(SoraTrainer *t, const char *path, DitConfig *model)
{
    Safetensors st;
    SoraStatus s = SORA_OK;
    TRY(safetensors_open(path, t->arena, &st));
    const char *json = safetensors_metadata(&st, "sora.train");
    if (json) s = train_settings_merge(&t->o, json, t->arena);
    train_settings_defaults(&t->o);
    if (s == SORA_OK && learns_video(&t->o)) s = parse_model(&st, path, model);
    safetensors_close(&st);
    return s;
}

static SoraStatus same(const char *name, int asked, size_t have)
{
    if (asked == 0 || (size_t)asked == have) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "%s %d was asked for, the model has %zu", name, asked, have);
}

/* A model that is there already has its sizes; another is made as the options say. */
static SoraStatus size_model(const SoraTrainOptions *o, bool there, DitConfig *m)
{
    if (o->motion || !there) m->motion = true; /* the same weights, however many tokens there are */
    if (o->words || !there) m->words = true;   /* weights that begin at 0 */
    if (there) {
        TRY(same("width", o->width, m->width));
        TRY(same("layers", o->layers, m->layers));
        TRY(same("heads", o->heads, m->heads));
        TRY(same("hidden", o->hidden, m->hidden));
        return same("patch", o->patch, m->patch);
    }
    if (o->width) m->width = (size_t)o->width;
    if (o->layers) m->layers = (size_t)o->layers;
    if (o->heads) m->heads = (size_t)o->heads;
    if (o->hidden) m->hidden = (size_t)o->hidden;
    if (o->patch) m->patch = (size_t)o->patch;
    m->out_values = patch_values(m->patch);
    m->in_values = m->out_values + PATCH_FRAMES;
    if (m->width % m->heads || m->width / m->heads % 2)
        return err_set(SORA_E_ARGUMENT, "width %zu is not %zu heads of an even width", m->width,
                       m->heads);
    return SORA_OK;
}

static SoraStatus open_init(SoraTrainer *t, DitConfig *model)
{
    const char *path = t->o.init;
    if (file_is_folder(path)) path = arena_printf(t->arena, "%s/model.safetensors", path);
    TRY(safetensors_open(path, t->arena, &t->init));
    return learns_video(&t->o) ? parse_model(&t->init, path, model) : SORA_OK;
}

static TrainerConfig trainer_config(SoraTrainer *t)
{
    const SoraTrainOptions *o = &t->o;
    TrainerConfig c = trainer_config_default();
    c.optim.lr_hidden = (float)o->lr;
    c.optim.lr_other = (float)(0.4 * o->lr);
    c.optim.ema = (float)o->ema;
    c.seed = (uint64_t)o->seed;
    c.tokens = (size_t)o->batch_tokens;
    c.steps = o->steps;
    c.seconds = o->seconds;
    c.cooldown = (float)o->cooldown;
    c.threads = o->threads;
    c.lora_rank = (size_t)o->lora_rank;
    c.parallel = t->parallel;
    t->fact[0] = (SafetensorsMeta){ "sora.train", train_settings_write(o, t->arena) };
    t->fact[1] = (SafetensorsMeta){ "sora.sizes", o->sizes };
    size_t facts = 2;
    const char *actors = t->data.world ? train_world_taught(t->data.world, t->arena) : NULL;
    if (t->data.lexicon) t->fact[facts++] = (SafetensorsMeta){ "sora.lexicon", t->data.lexicon };
    if (actors) t->fact[facts++] = (SafetensorsMeta){ "sora.actors", actors };
    if (o->shortcut > 0)
        t->fact[facts++] =
            (SafetensorsMeta){ "sora.shortcut", arena_printf(t->arena, "%g", o->shortcut) };
    c.facts = (CheckpointFacts){ t->fact, facts };
    return c;
}

static SoraStatus open_video(SoraTrainer *t, const DitConfig *model, Lesson *out)
{
    const SoraTrainOptions *o = &t->o;
    TRY(lesson_dit_open(&t->video, model, t->text));
    BatchOptions *b = &t->video.batch;
    b->images.mean = (float)o->level_mean, b->images.std = (float)o->level_std;
    b->clips.mean = (float)o->clip_level_mean, b->clips.std = (float)o->clip_level_std;
    b->clips.given = (float)o->given;
    if (learns(o, "layout")) /* is never asked for those */
        b->clips.free = b->clips.region = b->clips.rising = 0;
    b->keep = (float)o->keep;
    b->shortcut = (float)o->shortcut;
    b->subject = (float)o->subject_weight;
    if (o->shortcut > 0 && !model->step_input)
        return err_set(SORA_E_ARGUMENT, "the model cannot learn large steps: it has no step input");
    t->video.drop_text = (float)o->drop_text;
    *out = lesson_dit(&t->video, t->arena);
    if (learns(o, "layout")) out->file = "layout.safetensors";
    return SORA_OK;
}

static SoraStatus open_upscaler(SoraTrainer *t, Lesson *out)
{
    UpscaleConfig c = upscale_config_default();
    if (t->o.width) c.width = (size_t)t->o.width;
    if (t->o.layers) c.blocks = (size_t)t->o.layers;
    if (t->o.base) TRY(bundle_open(t->o.base, t->o.text_encoder, NULL, t->compute, &t->base));
    c.patch = t->base.dit ? dit_config(t->base.dit)->patch : 0;
    c.crisp = t->data.world != NULL;
    lesson_upscale_open(&t->upscale, &c, t->base.dit, t->base.text);
    *out = lesson_upscale(&t->upscale, t->arena);
    return SORA_OK;
}

/* Its sizes are not in the checkpoint's own metadata but in the settings that it carries. */
static SoraStatus open_reader(SoraTrainer *t, Lesson *out)
{
    const Lexicon *lex;
    const SoraTrainOptions *o = &t->o;
    TRY(lexicon_builtin(t->arena, &lex));
    ReaderConfig *c = &t->reader;
    *c = reader_config_default((size_t)lexicon_count(lex, WORD_ACTOR));
    if (o->width) c->width = (size_t)o->width;
    if (o->layers) c->layers = (size_t)o->layers;
    if (o->heads) c->heads = (size_t)o->heads;
    if (o->hidden) c->hidden = (size_t)o->hidden;
    if (c->width % (2 * c->heads))
        return err_set(SORA_E_ARGUMENT, "width %zu is not %zu heads of an even width", c->width,
                       c->heads);
    *out = lesson_reader(c, t->arena);
    return SORA_OK;
}

static SoraStatus open_lesson(SoraTrainer *t, const DitConfig *model, Lesson *out)
{
    if (learns_video(&t->o)) return open_video(t, model, out);
    if (learns(&t->o, "upscaler")) return open_upscaler(t, out);
    if (!learns(&t->o, "reader"))
        return err_set(SORA_E_ARGUMENT,
                       "network is \"%s\", it can be video, layout, reader or upscaler",
                       t->o.network);
    return open_reader(t, out);
}

static SoraStatus open_machine(SoraTrainer *t)
{
    const SoraTrainOptions *o = &t->o;
    if (!o->text_encoder) return err_set(SORA_E_ARGUMENT, "the options name no text encoder");
    TRY(pool_new(o->threads, &t->pool));
    pool_be_patient(t->pool);
    TRY(compute_new(t->pool, o->cpu, &t->compute));
    if (t->compute->note) tell(t, t->compute->note);
    return text_encoder_open(o->text_encoder, t->compute, t->arena, &t->text);
}

/* A LoRA goes with the model that it was begun from, also when its run is gone on with. */
static SoraStatus check_lora(const SoraTrainOptions *o)
{
    if (!o->lora_rank) return SORA_OK;
    if (!learns(o, "video"))
        return err_set(SORA_E_ARGUMENT, "a LoRA can be learned for video models, not for the %s",
                       o->network);
    if (!o->init) return err_set(SORA_E_ARGUMENT, "a LoRA changes a model: name it with init");
    return SORA_OK;
}

/* Fifty clips of one thing make a model forget the rest. What the model of `init` was taught comes
 * back among them, where the world is there to show it. */
static SoraStatus settle_replay(SoraTrainer *t, bool resume)
{
    SoraTrainOptions *o = &t->o;
    const char *taught = t->init.map.bytes ? safetensors_metadata(&t->init, "sora.actors") : NULL;
    bool world = strcmp(o->data, "world") == 0;
    bool worth = learns_video(o) && !world && taught && !resume;
    if (isnan(o->replay)) {
        o->replay = worth && file_exists(o->cast) ? 0.5 : 0;
        if (worth && o->replay <= 0)
            tell(t, arena_printf(t->arena,
                                 "there is no cast %s (scripts/fetch-data gets it): without the "
                                 "world's clips the model forgets much of what it knows",
                                 o->cast));
    }
    if (worth && o->replay > 0)
        tell(t, arena_printf(t->arena,
                             "%.0f%% of the examples come from the world, so that the "
                             "model does not forget it (replay)",
                             100 * o->replay));
    if (o->replay > 0 && world)
        return err_set(SORA_E_ARGUMENT, "replay is the world's share among a folder's clips: the "
                                        "data are the world themselves");
    if (o->replay > 0 && !o->actors) o->actors = taught;
    return SORA_OK;
}

static SoraStatus open_run(SoraTrainer *t)
{
    SoraTrainOptions *o = &t->o;
    DitConfig model = dit_config_default();
    TRY(parallel_open(&t->parallel));
    if (parallel_rank(t->parallel)) o->log = NULL; /* the first one tells */
    if (!o->dir || !*o->dir) return err_set(SORA_E_ARGUMENT, "the options name no folder");
    const char *path = arena_printf(t->arena, "%s/checkpoint.safetensors", o->dir);
    bool resume = file_exists(path);
    if (resume && o->fresh)
        return err_set(SORA_E_ARGUMENT, "%s holds a run already: %s", o->dir, path);
    if (resume)
        TRY(read_checkpoint(t, path, &model));
    else
        train_settings_defaults(o);
    TRY(train_settings_check(o));
    TRY(check_lora(o));
    if (o->lora_rank || (!resume && o->init)) TRY(open_init(t, &model));
    if (learns(o, "layout") && !resume && !o->init)
        return err_set(SORA_E_ARGUMENT, "layouts are made for a model: name it with init");
    if (learns_video(o)) TRY(size_model(o, resume || o->init, &model));
    TRY(file_make_folder(o->dir));
    TRY(open_machine(t));
    TRY(settle_replay(t, resume));
    TRY(train_data_open(o, &t->data));
    TrainerConfig c = trainer_config(t);
    Lesson lesson;
    TRY(open_lesson(t, &model, &lesson));
    bool init = t->init.map.bytes;
    TRY(trainer_new(&c, &lesson, t->data.training, init ? bundle_lookup : NULL, &t->init,
                    &t->trainer));
    if (resume) TRY(trainer_resume(t->trainer, t->compute, o->dir));
    if (parallel_rank(t->parallel)) return SORA_OK; /* the first process alone writes */
    return journal_open(o->dir, trainer_run(t->trainer)->step, &t->journal);
}

SoraStatus sora_train_open(const SoraTrainOptions *o, SoraTrainer **out)
{
    Arena *a = arena_new("run", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a run");
    SoraTrainer *t = arena_zero(a, sizeof *t);
    t->arena = a;
    sora_train_options_init(&t->o);
    SoraStatus s = version_copy(&t->o, sizeof t->o, o, "SoraTrainOptions");
    if (s == SORA_OK) s = open_run(t);
    t->broken = s != SORA_OK;
    if (s == SORA_OK)
        *out = t;
    else
        sora_train_close(t);
    return s;
}

void sora_train_close(SoraTrainer *t)
{
    if (!t) return;
    journal_close(t->journal);
    trainer_free(t->trainer);
    lesson_dit_close(&t->video);
    lesson_upscale_close(&t->upscale);
    bundle_close(&t->base);
    if (t->init.map.bytes) safetensors_close(&t->init);
    train_data_close(&t->data);
    if (t->text) text_encoder_close(t->text);
    compute_free(t->compute);
    pool_free(t->pool);
    parallel_close(t->parallel, !t->broken);
    arena_free(t->arena);
}

/* ---- training -------------------------------------------------------------------------- */

void sora_train_state(const SoraTrainer *t, SoraTrainReport *out)
{
    const RunState *run = trainer_run(t->trainer);
    *out = (SoraTrainReport){ .step = run->step,
                              .examples = run->examples,
                              .seconds = run->seconds,
                              .progress = trainer_progress(t->trainer),
                              .process = parallel_rank(t->parallel),
                              .processes = parallel_size(t->parallel),
                              .file = trainer_file(t->trainer) };
}

static bool stops(const SoraTrainer *t)
{
    return t->parallel && t->o.stop && t->o.stop(t->o.stop_self);
}

/* A step, and what the processes agree on after it. */
static SoraStatus try_step(SoraTrainer *t, StepReport *r, bool *stop)
{
    RunState *run = trainer_run(t->trainer);
    double begun = clock_now_s();
    SoraStatus s = trainer_step(t->trainer, t->compute, r);
    run->seconds += clock_now_s() - begun;
    if (s == SORA_OK || s == SORA_E_NUMBER) {
        *stop = stops(t);
        SoraStatus agreed = trainer_agree(t->trainer, stop);
        if (agreed != SORA_OK) s = agreed;
    }
    return s;
}

SoraStatus sora_train_step(SoraTrainer *t, SoraTrainReport *out)
{
    StepReport r = { 0 };
    bool stop = false;
    RunState *run = trainer_run(t->trainer);
    SoraStatus s = SORA_E_NUMBER;
    for (int tries = 0; s == SORA_E_NUMBER && tries < BAD_STEPS_MAX; tries++) {
        s = try_step(t, &r, &stop);
        if (s == SORA_E_NUMBER) tell(t, err_text());
    }
    t->broken = s != SORA_OK;
    if (s != SORA_OK) return s;
    if (r.failed) tell_once(t, err_text());
    if (t->journal) journal_step(t->journal, run, &r);
    sora_train_state(t, out);
    out->loss = (double)r.loss, out->norm = (double)r.norm, out->rate = (double)r.rate;
    out->batch = (int)r.examples, out->tokens = (int)r.tokens, out->failed = (int)r.failed;
    return stop ? SORA_CANCELLED : SORA_OK;
}

SoraStatus sora_train_save(SoraTrainer *t)
{
    if (parallel_rank(t->parallel)) return SORA_OK;
    TRY(journal_flush(
        t->journal)); /* first: rows beyond a checkpoint are dropped when it is opened */
    return trainer_save(t->trainer, t->o.dir);
}

SoraStatus sora_train_validate(SoraTrainer *t, double *loss)
{
    float mean;
    *loss = NAN;
    if (parallel_rank(t->parallel)) return SORA_OK;
    if (!t->data.validation.make)
        return err_set(SORA_E_UNSUPPORTED, "the data have no part for validation");
    TRY(trainer_validate(t->trainer, t->compute, t->data.validation, 0,
                         (size_t)t->o.validation_examples, &mean));
    *loss = (double)mean;
    return journal_number(t->journal, "validation", trainer_run(t->trainer), mean);
}

/* ---- samples --------------------------------------------------------------------------- */

SoraStatus sora_train_sample(SoraTrainer *t)
{
    if (parallel_rank(t->parallel)) return SORA_OK;
    if (!learns_video(&t->o)) return SORA_OK; /* the others make no pictures from prompts */
    SamplesOptions o = { .source = t->data.validation.make ? t->data.validation : t->data.training,
                         .sizes = t->data.sizes,
                         .size_count = t->data.size_count,
                         .count = (size_t)t->o.samples,
                         .prompts = t->o.prompts,
                         .dir = t->o.dir,
                         .journal = t->journal,
                         .step = trainer_run(t->trainer)->step,
                         .stop = t->o.stop,
                         .stop_self = t->o.stop_self };
    Arena *a = arena_new("samples", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for samples");
    Bundle b = { .text = t->text };
    void *net = NULL;
    SoraStatus s = trainer_average(t->trainer, t->compute, a, &net);
    b.dit = net;
    if (s == SORA_OK) b.config = *dit_config(b.dit);
    if (s == SORA_OK) s = samples_write(&b, t->compute, &o, a);
    arena_free(a);
    return s;
}

/* ---- checking a folder ----------------------------------------------------------------- */

SoraStatus sora_train_check(const SoraTrainOptions *theirs, SoraFolderCount *out)
{
    SoraTrainOptions o;
    TrainData d = { 0 };
    FolderOptions f;
    sora_train_options_init(&o);
    TRY(version_copy(&o, sizeof o, theirs, "SoraTrainOptions"));
    train_settings_defaults(&o);
    TRY(train_settings_check(&o));
    if (strcmp(o.data, "world") == 0)
        return err_set(SORA_E_ARGUMENT, "the world has no files to check: name a folder");
    TRY(train_data_folder(&o, &d, &f));
    f.decode = true;
    TRY(folder_open(o.data, &f, &d.folder));
    FolderCount n = folder_count(d.folder);
    *out = (SoraFolderCount){ (int)n.training, (int)n.validation, (int)n.dropped };
    folder_close(d.folder);
    return SORA_OK;
}
