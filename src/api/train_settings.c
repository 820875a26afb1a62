#include "api/train_settings.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* One setting that a checkpoint carries. Open (not said) is NULL, 0, -1 for the seed and NaN for
 * numbers whose 0 has a meaning. */
typedef struct Setting {
    const char *name;
    enum { TEXT, COUNT, COUNT64, SEED, NUMBER } kind;
    size_t offset;
    double min, max; /* of numbers and counts, when they are not open */
    double standard; /* default; NAN: stays open */
} Setting;

#define AT(name) #name
#define IN(name) offsetof(SoraTrainOptions, name)
static const Setting settings[] = {
    { AT(data), TEXT, IN(data), 0, 0, 0 },
    { AT(sizes), TEXT, IN(sizes), 0, 0, 0 },
    { AT(network), TEXT, IN(network), 0, 0, 0 },
    { AT(base), TEXT, IN(base), 0, 0, 0 },
    { AT(steps), COUNT64, IN(steps), 1, 1e15, NAN },
    { AT(seconds), NUMBER, IN(seconds), 0, 1e9, 0 },
    { AT(batch_tokens), COUNT, IN(batch_tokens), 1, 1 << 24, 4096 },
    { AT(lr), NUMBER, IN(lr), 1e-8, 1, 2e-3 },
    { AT(cooldown), NUMBER, IN(cooldown), 0, 1, 0.35 },
    { AT(keep), NUMBER, IN(keep), 0.05, 1, 1 },
    { AT(drop_text), NUMBER, IN(drop_text), 0, 1, 0.1 },
    { AT(ema), NUMBER, IN(ema), 0, 0.999999, 0.9995 },
    { AT(seed), SEED, IN(seed), 0, 9e18, 1 },
    { AT(width), COUNT, IN(width), 16, 8192, NAN },
    { AT(layers), COUNT, IN(layers), 1, 256, NAN },
    { AT(heads), COUNT, IN(heads), 1, 256, NAN },
    { AT(hidden), COUNT, IN(hidden), 16, 32768, NAN },
    { AT(patch), COUNT, IN(patch), 1, 32, NAN },
    { AT(level_mean), NUMBER, IN(level_mean), -5, 5, -0.5 },
    { AT(level_std), NUMBER, IN(level_std), 0, 5, 0.9 },
    { AT(clip_level_mean), NUMBER, IN(clip_level_mean), -5, 5, -1.3 },
    { AT(clip_level_std), NUMBER, IN(clip_level_std), 0, 5, 1 },
    { AT(shortcut), NUMBER, IN(shortcut), 0, 1, 0 },
    { AT(subject_weight), NUMBER, IN(subject_weight), 0, 100, 0 },
    { AT(given), NUMBER, IN(given), 0, 0.6, 0.2 },
    { AT(replay), NUMBER, IN(replay), 0, 0.95, NAN },
    { AT(validation), NUMBER, IN(validation), 0, 0.9, 0.05 },
    { AT(validation_examples), COUNT, IN(validation_examples), 1, 100000, 64 },
    { AT(samples), COUNT, IN(samples), 1, 256, 16 },
    { AT(prompts), TEXT, IN(prompts), 0, 0, 0 },
    { AT(cast), TEXT, IN(cast), 0, 0, 0 },
    { AT(actors), TEXT, IN(actors), 0, 0, 0 },
    { AT(scenes), TEXT, IN(scenes), 0, 0, 0 },
    { AT(actors_max), COUNT, IN(actors_max), 1, 3, NAN },
    { AT(repeats), COUNT, IN(repeats), 1, 1000, 1 },
    { AT(init), TEXT, IN(init), 0, 0, 0 },
    { AT(lora_rank), COUNT, IN(lora_rank), 1, 1024, NAN },
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* Numbers and counts as doubles; NAN: open. */
static double get(const SoraTrainOptions *o, const Setting *s)
{
    const char *at = (const char *)o + s->offset;
    int count;
    uint64_t count64;
    int64_t seed;
    double number;
    switch (s->kind) {
    case COUNT: memcpy(&count, at, sizeof count); return count ? count : NAN;
    case COUNT64: memcpy(&count64, at, sizeof count64); return count64 ? (double)count64 : NAN;
    case SEED: memcpy(&seed, at, sizeof seed); return seed == -1 ? NAN : (double)seed;
    case NUMBER: memcpy(&number, at, sizeof number); return number;
    case TEXT: break;
    }
    return NAN;
}

static void set(SoraTrainOptions *o, const Setting *s, double x)
{
    char *at = (char *)o + s->offset;
    int count = (int)x;
    uint64_t count64 = s->kind == COUNT64 ? (uint64_t)x : 0;
    int64_t seed = (int64_t)x;
    switch (s->kind) {
    case COUNT: memcpy(at, &count, sizeof count); break;
    case COUNT64: memcpy(at, &count64, sizeof count64); break;
    case SEED: memcpy(at, &seed, sizeof seed); break;
    case NUMBER: memcpy(at, &x, sizeof x); break;
    case TEXT: break;
    }
}

static const char **text_of(const SoraTrainOptions *o, const Setting *s)
{
    return (const char **)((char *)o + s->offset);
}

static SoraStatus merge_one(SoraTrainOptions *o, const Json *x, bool end_given, Arena *a)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const Setting *s = &settings[i];
        bool text = s->kind == TEXT;
        bool number = x->kind == JSON_IS_INTEGER || x->kind == JSON_IS_REAL;
        if (strcmp(x->key, s->name) != 0) continue;
        if (text ? x->kind != JSON_IS_STRING : !number) break;
        if (text && !*text_of(o, s)) *text_of(o, s) = arena_strdup(a, x->string);
        if (text || !isnan(get(o, s))) return SORA_OK;
        bool end = s->offset == IN(steps) || s->offset == IN(seconds);
        if (end && end_given) return SORA_OK;
        if (!(x->number >= s->min && x->number <= s->max)) break;
        if (s->kind == SEED) /* all of its digits */
            o->seed = x->integer;
        else
            set(o, s, x->number);
        return SORA_OK;
    }
    return err_set(SORA_E_FORMAT,
                   "the checkpoint's setting \"%s\" is not known, or not as it can be", x->key);
}

SoraStatus train_settings_merge(SoraTrainOptions *o, const char *json, Arena *a)
{
    const Json *tree;
    bool end_given = o->steps || !isnan(o->seconds);
    TRY(json_parse(json, strlen(json), "the checkpoint's settings", a, &tree));
    if (tree->kind != JSON_IS_OBJECT)
        return err_set(SORA_E_FORMAT, "the checkpoint's settings are no JSON object");
    for (size_t i = 0; i < tree->count; i++) TRY(merge_one(o, &tree->item[i], end_given, a));
    return SORA_OK;
}

void train_settings_defaults(SoraTrainOptions *o)
{
    if (isnan(o->lr) && o->init) o->lr = 1e-3; /* what has been learned is not to be shaken off */
    for (size_t i = 0; i < SETTINGS; i++) {
        const Setting *s = &settings[i];
        if (s->kind != TEXT && isnan(get(o, s)) && !isnan(s->standard)) set(o, s, s->standard);
    }
    if (!o->data) o->data = "world";
    if (!o->network) o->network = "video";
    if (!o->sizes && strcmp(o->network, "upscaler") == 0) o->sizes = "256x256";
    if (!o->sizes && strcmp(o->network, "layout") == 0) o->sizes = "32x32x25@12";
    if (!o->sizes) o->sizes = strcmp(o->data, "world") == 0 ? "64x64" : "64x64,64x64x25@12*3";
    if (!o->cast) o->cast = ".cache/cast.bin";
}

SoraStatus train_settings_check(const SoraTrainOptions *o)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const Setting *s = &settings[i];
        double x = get(o, s);
        if (s->kind != TEXT && !isnan(x) && !(x >= s->min && x <= s->max))
            return err_set(SORA_E_ARGUMENT, "%s is %g, it must be %g to %g", s->name, x, s->min,
                           s->max);
    }
    return SORA_OK;
}

const char *train_settings_write(const SoraTrainOptions *o, Arena *a)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    for (size_t i = 0; i < SETTINGS; i++) {
        const Setting *s = &settings[i];
        double x = get(o, s);
        if (s->kind == TEXT && *text_of(o, s)) json_put_text(&w, s->name, *text_of(o, s));
        if (s->kind == SEED) json_put_integer(&w, s->name, o->seed);
        if (s->kind == NUMBER && !isnan(x)) json_put_number(&w, s->name, x);
        if ((s->kind == COUNT || s->kind == COUNT64) && !isnan(x))
            json_put_integer(&w, s->name, (int64_t)x);
    }
    json_end(&w, '}');
    return w.text;
}
