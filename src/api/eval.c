#include <math.h>
#include <string.h>

#include "api/eval_run.h"
#include "api/train_world.h"
#include "api/version.h"
#include "base/size.h"
#include "pipeline/plan.h"

enum { EVAL_SEED = 0x6576616c };

void sora_eval_options_init(SoraEvalOptions *o)
{
    *o = (SoraEvalOptions){ .size = sizeof *o };
}

const char *sora_eval_report(const SoraEval *e)
{
    return e->json.text;
}

void sora_eval_free(SoraEval *e)
{
    if (!e) return;
    bundle_close(&e->model);
    upscale_close(&e->upscaler);
    world_close(e->world);
    sora_reader_close(e->reader);
    arena_free(e->arena);
}

/* ---- what suites share ----------------------------------------------------------------- */

static int pass_on(void *self, double done, double total)
{
    SoraEval *e = self;
    (void)total;
    e->within = done;
    return e->o.progress ? e->o.progress(e->o.progress_self, e->done + done, e->total) : 0;
}

/* Asked in the middle of a clip, too: one may take minutes. */
static bool wants_stop(void *self)
{
    SoraEval *e = self;
    return pass_on(e, e->within, 0) != 0;
}

Progress eval_progress(SoraEval *e)
{
    return (Progress){ pass_on, e };
}

void eval_passed(SoraEval *e, size_t units)
{
    e->done += (double)units;
    e->within = 0;
}

/* The commonest of the model's sizes, of pictures or of clips, but for those that layouts have. */
static SoraStatus native_size(const SoraEval *e, WorldFrames *out)
{
    Native n;
    const ClipSize *best = NULL;
    size_t most = 0;
    TRY(native_read(&e->model, &n));
    for (size_t i = 0; i < n.count; i++) most = size_max(most, n.size[i].height * n.size[i].width);
    for (size_t i = 0; i < n.count; i++) {
        const ClipSize *s = &n.size[i];
        bool small = 2 * s->height * s->width < most;
        if ((s->frames == 1) == (e->o.images != 0) && !small && (!best || s->share > best->share))
            best = s;
    }
    if (!best && e->o.images) best = &n.size[0];
    if (!best)
        return err_set(SORA_E_UNSUPPORTED, "%s makes pictures alone: ask for images", e->o.model);
    *out = (WorldFrames){ e->o.images ? 1 : best->frames, best->height, best->width,
                          e->o.images ? 0 : best->fps };
    return SORA_OK;
}

SoraStatus eval_draw(SoraEval *e, bool model_size, DrawOptions *out)
{
    const SoraEvalOptions *o = &e->o;
    WorldFrames size = { 25, 64, 64, 12 };
    if (model_size) TRY(native_size(e, &size));
    if (o->width > 0) size.width = (size_t)o->width;
    if (o->height > 0) size.height = (size_t)o->height;
    if (o->frames > 0) size.frames = (size_t)o->frames;
    if (o->fps > 0) size.fps = o->fps;
    if (o->images) size.frames = 1;
    *out = (DrawOptions){
        .world = e->world,
        .lexicon = e->reader->lexicon,
        .pick = { .split = SPLIT_TEST, .actors_max = o->actors_max, .actors = e->taught },
        .size = size,
        .seed = EVAL_SEED
    };
    if (e->reader->file.scenes)
        TRY(train_world_scenes(e->reader->lexicon, e->reader->file.scenes, e->arena,
                               &out->pick.scenes));
    return SORA_OK;
}

static void put_number(JsonWriter *w, const char *key, double x)
{
    json_put_number(w, key, isfinite(x) ? round(x * 1e5) / 1e5 : NAN);
}

void eval_put_score(JsonWriter *w, const char *key, const Score *s)
{
    json_begin(w, key, '{');
    json_put_integer(w, "asked", (int64_t)s->asked);
    json_put_integer(w, "right", (int64_t)s->right);
    put_number(w, "accuracy", score_accuracy(s));
    put_number(w, "ece", score_ece(s));
    json_end(w, '}');
}

void eval_put_scores(JsonWriter *w, const char *key, const ReadScores *s)
{
    json_begin(w, key, '{');
    json_put_integer(w, "clips", (int64_t)s->clips);
    put_number(w, "likeness", s->clips ? s->likeness / (double)s->clips : NAN);
    eval_put_score(w, "actor", &s->actor);
    for (int h = 0; h < READ_LIKENESS; h++) eval_put_score(w, reader_head_name(h), &s->head[h]);
    json_end(w, '}');
}

/* ---- opening --------------------------------------------------------------------------- */

/* The list of actors that a model's training settings name; NULL: all. */
static SoraStatus model_actors(SoraEval *e, const char **out)
{
    const char *text = safetensors_metadata(&e->model.file, "sora.train");
    const Json *settings;
    *out = NULL;
    if (!text) return SORA_OK;
    TRY(err_while(json_parse(text, strlen(text), "sora.train", e->arena, &settings), "reading %s",
                  e->o.model));
    *out = json_text(settings, "actors");
    return SORA_OK;
}

static SoraStatus find_taught(SoraEval *e)
{
    const char *list[2] = { e->reader->file.actors, NULL };
    size_t words = world_actor_count(e->world) / 64 + 1;
    if (e->model.file.map.bytes) TRY(model_actors(e, &list[1]));
    for (int i = 0; i < 2; i++) {
        uint64_t *set;
        if (!list[i]) continue;
        TRY(train_world_actors(e->world, list[i], e->arena, &set));
        for (size_t k = 0; k < words && e->taught; k++) set[k] &= e->taught[k];
        e->taught = set;
    }
    return SORA_OK;
}

typedef SoraStatus (*SuiteFn)(SoraEval *e);

static SuiteFn find_suite(const char *name)
{
    return strcmp(name, "reader") == 0  ? eval_reader
           : strcmp(name, "text") == 0  ? eval_text
           : strcmp(name, "looks") == 0 ? eval_looks
           : strcmp(name, "shape") == 0 ? eval_shape
                                        : NULL;
}

static SoraStatus check(const SoraEvalOptions *o)
{
    if (!o->suite) return err_set(SORA_E_ARGUMENT, "the options name no suite");
    if (!find_suite(o->suite))
        return err_set(SORA_E_ARGUMENT, "\"%s\" is no suite; there are reader, text, looks, shape",
                       o->suite);
    if (o->count < 0 || o->count > 10000000)
        return err_set(SORA_E_ARGUMENT, "a count of %d, it must be 1 to 10000000", o->count);
    if (o->steps < 0 || o->cfg_scale < 0 || o->sheet_pairs < 0)
        return err_set(SORA_E_ARGUMENT, "an option is less than nothing");
    if (o->actors_max < 0 || o->actors_max > FACTS_ACTORS_MAX)
        return err_set(SORA_E_ARGUMENT, "at most %d actors, it must be 1 to %d", o->actors_max,
                       FACTS_ACTORS_MAX);
    return SORA_OK;
}

static SoraStatus open_parts(SoraEval *e)
{
    SoraEvalOptions *o = &e->o;
    SoraReaderOptions r;
    TRY(check(o));
    sora_reader_options_init(&r);
    r.file = o->reader, r.threads = o->threads, r.cpu = o->cpu;
    TRY(sora_reader_open(&r, &e->reader));
    TRY(world_open(o->cast ? o->cast : ".cache/cast.bin", &e->world));
    if (strcmp(o->suite, "reader") == 0) return find_taught(e);
    if (!o->model) return err_set(SORA_E_ARGUMENT, "the options name no model");
    TRY(bundle_open(o->model, o->text_encoder, o->home, e->reader->compute, &e->model));
    TRY(upscale_open_beside(o->model, &e->upscaler));
    e->model.upscale = e->upscaler.upscale;
    if (e->model.wan)
        return err_set(SORA_E_UNSUPPORTED,
                       "%s is a Wan model: it does not know the world that the suites ask about",
                       o->model);
    return find_taught(e);
}

SoraStatus sora_eval(const SoraEvalOptions *theirs, SoraEval **out)
{
    Arena *a = arena_new("evaluation", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for an evaluation");
    SoraEval *e = arena_zero(a, sizeof *e);
    e->arena = a;
    sora_eval_options_init(&e->o);
    SoraStatus s = version_copy(&e->o, sizeof e->o, theirs, "SoraEvalOptions");
    if (s == SORA_OK) s = open_parts(e);
    if (s == SORA_OK) {
        e->json = json_writer(a);
        json_begin(&e->json, NULL, '{');
        json_put_text(&e->json, "suite", e->o.suite);
        pool_watch(e->reader->compute->pool, wants_stop, e);
        s = pool_unwatch(e->reader->compute->pool, find_suite(e->o.suite)(e));
        json_end(&e->json, '}');
    }
    if (s == SORA_OK)
        *out = e;
    else
        sora_eval_free(e);
    return s;
}
