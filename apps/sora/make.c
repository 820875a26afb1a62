#include "make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "home.h"
#include "media/write.h"
#include "progress.h"

const char *const make_samplers[] = { "euler", "dpm++2m", "unipc", "dpm++2m-sde", NULL };
static const double PREVIEW_EVERY_S = 1;

void make_init(Make *m, Cli *cli, Arena *a)
{
    SoraShot s;
    sora_shot_init(&s);
    *m = (Make){ .cli = cli,
                 .arena = a,
                 .output = "out.mp4",
                 .seed = -1,
                 .steps = s.steps,
                 .cfg_scale = s.cfg_scale,
                 .shift = s.shift,
                 .sampler = s.sampler,
                 .cfg_min = s.cfg_min,
                 .cfg_max = s.cfg_max,
                 .skip_scale = s.skip_scale,
                 .skip_start = s.skip_start,
                 .skip_end = s.skip_end,
                 .control_scale = s.control_scale };
}

Option *make_options(Make *m, Option *table)
{
    const Option own[] = {
        { .group = T("Sampling") },
        { 0, "seed", T("of the noise; one is drawn and shown if you name none"),
          .integer = &m->seed, .min = 0, .max = 9e18 },
        { 0, "steps", T("denoising steps"), .integer = &m->steps, .min = 1, .max = 1000,
          .given = &m->steps_given },
        { 0, "fast", T("4 steps unless --steps says otherwise: quicker, a little coarser"),
          .flag = &m->fast },
        { 0, "cfg-scale", T("how strictly the prompt is followed, 1 for no guidance"),
          .number = &m->cfg_scale, .max = 30, .given = &m->cfg_given },
        { 0, "cfg-min", T("guidance from this noise level on, 0 is the end"), .number = &m->cfg_min,
          .max = 1, .given = &m->cfg_min_given },
        { 0, "cfg-max", T("guidance up to this noise level, 1 is the beginning"),
          .number = &m->cfg_max, .max = 1, .given = &m->cfg_max_given },
        { 0, "slg-scale", T("strength of skip-layer guidance, 0 for none"),
          .number = &m->skip_scale, .max = 30, .given = &m->skip_given },
        { 0, "skip-layers", T("layers that it leaves out, counted from 0; else the middle one"),
          .value = "7,8,9", .list = &m->skip_layers },
        { 0, "skip-layer-start", T("it begins after this share of the steps"),
          .number = &m->skip_start, .max = 1, .given = &m->skip_start_given },
        { 0, "skip-layer-end", T("and ends after this share"), .number = &m->skip_end, .max = 1,
          .given = &m->skip_end_given },
        { 0, "sampler", T("how the steps are taken"), .choice = &m->sampler, .names = make_samplers,
          .given = &m->sampler_given },
        { 0, "shift", T("more than 1 spends more steps on large shapes"), .number = &m->shift,
          .min = 0.05, .max = 50, .given = &m->shift_given },
        { 0, "negative", T("what should not be seen"), .text = &m->negative },
        { 0, "verbatim", T("prompts as they are, not in the words the model was trained on"),
          .flag = &m->verbatim },
        { .group = T("Model") },
        { 'm', "model", T("a model file, or a folder with one"), .path = &m->model },
        { 0, "text-encoder", T("file of the text encoder"), .path = &m->text_encoder },
        { 0, "lora", T("change the model by a LoRA: FILE or FILE:STRENGTH"), .value = "FILE[:0.8]",
          .list = &m->lora },
        { 0, "memory", T("refuse what takes more memory than this"), .bytes = &m->memory },
        { .group = T("Output") },
        { 'o', "output",
          T("where it goes: .mp4 .webm .gif .webp .png .y4m, a folder/, - for a pipe"),
          .path = &m->output },
        { 'y', "yes", T("write over an existing file"), .flag = &m->yes },
        { 0, "resume", T("go on with a video that was stopped or killed; say the rest as then"),
          .flag = &m->resume },
        { 0, "format", T("format of a pipe: mp4, webm, gif, webp, y4m"), .text = &m->format },
        { 0, "quality", T("of the file: 1 (small) to 100 (best)"), .integer = &m->quality, .min = 1,
          .max = 100 },
        { 0, "preview", T("a .png that shows how far it is, drawn again as it goes on"),
          .path = &m->preview },
        { 0, "no-metadata", T("the file only says that a machine made it"),
          .flag = &m->no_metadata },
    };
    memcpy(table, own, sizeof own);
    return make_wan_options(m, table + sizeof own / sizeof own[0]);
}

/* ---- before ---------------------------------------------------------------------------- */

static void on_log(void *self, const char *line)
{
    char room[4096];
    progress_say(self, "%s", lang_sentence(line, room, sizeof room));
}

static SoraStatus check_free(const char *path)
{
    if (!file_exists(path)) return SORA_OK;
    return err_set(SORA_E_IO, T("%s exists already; -y writes over it"), path);
}

SoraStatus make_check_output(const Make *m, const char *path)
{
    if (!*path)
        return err_set(SORA_E_ARGUMENT,
                       T("the name after -o is empty: say where it goes, such as -o out.mp4"));
    if (m->preview && strcmp(m->preview, path) == 0)
        return err_set(SORA_E_ARGUMENT, T("%s is both the output and its preview: name another"),
                       path);
    if (m->yes || strcmp(path, "-") == 0 || path[strlen(path) - 1] == '/') return SORA_OK;
    TRY(check_free(path));
    if (!write_has_beside(write_format(path))) return SORA_OK;
    return check_free(arena_printf(m->arena, "%s.json", path));
}

SoraStatus make_open(Make *m)
{
    if (m->preview && !m->yes && !m->resume) TRY(check_free(m->preview));
    SoraEngineOptions o;
    sora_engine_options_init(&o);
    o.model = m->model ? m->model : home_model("default", m->arena);
    o.text_encoder = m->text_encoder;
    o.home = home_model("default", m->arena);
    o.threads = m->cli->threads;
    o.lora = m->lora.item;
    o.lora_count = m->lora.count;
    if (m->lora.count) { /* what a file changes and the model lacks */
        o.log = on_log;
        o.log_self = m->cli;
    }
    make_wan_engine(m, &o);
    if (strcmp(m->output, "-") == 0 && !m->format) m->format = "mp4";
    return sora_engine_open(&o, &m->engine);
}

/* Short enough to be remembered and typed. */
static SoraStatus draw_seed(int64_t *out)
{
    uint32_t x;
    if (getrandom(&x, sizeof x, 0) != sizeof x)
        return err_set(SORA_E_IO, "the system gives no random numbers; use --seed");
    *out = x >> 1;
    return SORA_OK;
}

/* What is gone on with has its seed already. */
static SoraStatus resume_seed(const Make *m, int64_t *seed)
{
    const Json *notes;
    char *text = arena_alloc(m->arena, MAKE_NOTES_MAX);
    TRY(sora_resume_comment(m->output, text, MAKE_NOTES_MAX));
    TRY(json_parse(text, strlen(text), m->output, m->arena, &notes));
    const Json *x = json_get(notes, "seed");
    if (x && x->kind == JSON_IS_INTEGER) *seed = x->integer;
    return SORA_OK;
}

static SoraStatus fast_steps(const Make *m, SoraShot *out)
{
    if (sora_shot_fast(m->engine, out) != SORA_OK)
        return err_set(SORA_E_UNSUPPORTED,
                       T("--fast is for models of sora's own; a Wan model takes few steps with a "
                         "LoRA that was made for it (--lora FILE --steps 4 --cfg-scale 1)"));
    if (m->steps_given) out->steps = (int)m->steps;
    if (m->cfg_given) out->cfg_scale = m->cfg_scale;
    if (m->sampler_given && !out->fast) out->sampler = (SoraSampler)m->sampler;
    if (m->shift_given && !out->fast) out->shift = m->shift;
    return SORA_OK;
}

static SoraStatus skip_layers(Make *m, SoraShot *shot)
{
    enum { LAYER_MAX = 1000 };
    size_t n = m->skip_layers.count;
    for (size_t i = 0; i < n; i++) {
        char *end;
        long layer = strtol(m->skip_layers.item[i], &end, 10);
        if (*end || end == m->skip_layers.item[i] || layer < 0 || layer > LAYER_MAX)
            return err_set(SORA_E_ARGUMENT, T("--skip-layers: \"%s\" is no number of a layer"),
                           m->skip_layers.item[i]);
        m->skip_layer[i] = (int)layer;
    }
    shot->skip_layers = n ? m->skip_layer : NULL;
    shot->skip_layer_count = n;
    if (m->skip_given) shot->skip_scale = m->skip_scale;
    if (m->skip_start_given) shot->skip_start = m->skip_start;
    if (m->skip_end_given) shot->skip_end = m->skip_end;
    return SORA_OK;
}

SoraStatus make_shot(Make *m, SoraShot *out)
{
    sora_shot_init_for(m->engine, out);
    if (m->seed < 0 && m->resume) TRY(resume_seed(m, &m->seed));
    if (m->seed < 0) TRY(draw_seed(&m->seed));
    out->seed = (uint64_t)m->seed;
    if (m->steps_given) out->steps = (int)m->steps;
    if (m->cfg_given) out->cfg_scale = m->cfg_scale;
    if (m->shift_given) out->shift = m->shift;
    if (m->sampler_given) out->sampler = (SoraSampler)m->sampler;
    out->negative = m->negative;
    out->verbatim = m->verbatim;
    out->memory = m->memory;
    if (m->cfg_min_given) out->cfg_min = m->cfg_min;
    if (m->cfg_max_given) out->cfg_max = m->cfg_max;
    TRY(skip_layers(m, out));
    TRY(make_wan_shot(m, out));
    return m->fast ? fast_steps(m, out) : SORA_OK;
}

void make_beside_given(const Make *m, SoraShot *s)
{
    SoraShot given = *s;
    if (!s->part_count) return;
    sora_shot_for_given(m->engine, &given);
    if (!m->cfg_given) s->cfg_scale = given.cfg_scale;
    if (!m->skip_given && !m->skip_layers.count) s->skip_scale = given.skip_scale;
}

static void send_plan(const Make *m, const SoraShot *s, const SoraPlan *p)
{
    JsonWriter w = progress_event(m->arena, "plan");
    json_put_text(&w, "prompt", s->prompt);
    json_put_integer(&w, "seed", (int64_t)s->seed);
    json_put_integer(&w, "frames", s->frames);
    json_put_integer(&w, "width", s->width);
    json_put_integer(&w, "height", s->height);
    json_put_number(&w, "fps", s->fps);
    json_put_integer(&w, "made_frames", p->frames);
    json_put_integer(&w, "made_width", p->width);
    json_put_integer(&w, "made_height", p->height);
    json_put_number(&w, "made_fps", p->fps);
    json_put_bool(&w, "rolled", p->rolled);
    json_put_integer(&w, "tokens", p->tokens);
    json_put_integer(&w, "bytes", (int64_t)p->bytes);
    json_put_number(&w, "seconds", p->seconds);
    if (*p->parts) json_put_text(&w, "parts", p->parts);
    progress_send(m->cli, &w);
}

static void say_plan(const Make *m, const SoraShot *s, const SoraPlan *p)
{
    Cli *cli = m->cli;
    char time[16];
    progress_time(p->seconds, time, sizeof time);
    if (s->frames == 1)
        progress_say(cli, T("plan: a picture of %dx%d"), s->width, s->height);
    else
        progress_say(cli, T("plan: %dx%d, %d frames at %g a second, %.2f s"), s->width, s->height,
                     s->frames, s->fps, s->frames / s->fps);
    if (s->frames == 1 && p->resized)
        progress_say(cli, T("      made at %dx%d and scaled"), p->width, p->height);
    if (s->frames > 1 && (p->resized || p->retimed))
        progress_say(cli,
                     T("      made as %d frames of %dx%d at %g a second, then brought to this"),
                     p->frames, p->width, p->height, p->fps);
    if (p->resized && (s->part_count || s->source))
        progress_say(cli, "%s",
                     T("      given frames are kept at full size, only the others are scaled"));
    if (p->rolled)
        progress_say(cli, "%s",
                     T("      one shot, made piece by piece and written as it is finished"));
    if (*p->parts) {
        char room[512];
        progress_say(cli, "      %s", lang_sentence(p->parts, room, sizeof room));
    }
    progress_say(cli,
                 T("      %d tokens, %d steps, about %.0f MB of memory, about %s min; seed %llu"),
                 p->tokens, s->steps, (double)p->bytes / 1e6, time, (unsigned long long)s->seed);
}

/* A long shot that was killed is not thrown away unasked. */
static SoraStatus check_unfinished(const Make *m, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    const char *roll = arena_printf(m->arena, "%.*s.roll", (int)n, path);
    if (m->resume || m->yes || strcmp(path, "-") == 0 || !file_exists(roll)) return SORA_OK;
    return err_set(SORA_E_IO, T("%s was not finished: --resume goes on with it, -y begins anew"),
                   path);
}

SoraStatus make_plan(Make *m, SoraShot *shot, const char *path)
{
    SoraPlan p;
    SoraWriteOptions w;
    sora_write_options_init(&w);
    w.overwrite = m->yes || (m->resume && path[strlen(path) - 1] == '/');
    w.format = m->format;
    TRY(check_unfinished(m, path));
    TRY(sora_clip_write_check(path, shot->height, shot->width, shot->frames > 1 ? shot->fps : 0,
                              &w));
    shot->besides = sora_clip_write_bytes(path, shot->frames, shot->height, shot->width, &w);
    TRY(sora_plan(m->engine, shot, &p));
    if (m->cli->json)
        send_plan(m, shot, &p);
    else
        say_plan(m, shot, &p);
    return SORA_OK;
}

/* ---- making ---------------------------------------------------------------------------- */

/* A few frames of the clip, from its first to its last, beside each other. */
static SoraStatus draw_preview(const SoraClip *clip, const char *path)
{
    enum { FRAMES = 9 };
    int have = sora_clip_frames(clip), height = sora_clip_height(clip),
        width = sora_clip_width(clip);
    int frames = have < FRAMES ? have : FRAMES;
    SoraWriteOptions w;
    SoraClip *few;
    sora_write_options_init(&w);
    w.overwrite = 1;
    w.format = "png";
    TRY(sora_clip_new(frames, height, width, frames > 1 ? 24 : 0, &few));
    for (int f = 0; f < frames; f++) {
        int from = frames > 1 ? f * (have - 1) / (frames - 1) : 0;
        memcpy(sora_clip_pixels(few, f), sora_clip_pixels(clip, from), (size_t)height * width * 3);
    }
    SoraStatus s = sora_clip_write(few, path, &w);
    sora_clip_free(few);
    return s;
}

static int on_step(void *self, int step, int steps, const SoraClip *preview)
{
    Make *m = self;
    m->cli->progress.total = steps;            /* a long shot takes more than it was asked for */
    bool first = !(m->cli->progress.done > 0); /* of a run that goes on: told again, not made */
    if (first && m->resume) progress_from(m->cli, step + 1);
    progress_at(m->cli, step + 1, "%s", "");
    double now = clock_now_s();
    if (preview && m->preview && now - m->previewed_s >= PREVIEW_EVERY_S) {
        if (draw_preview(preview, m->preview) != SORA_OK) {
            progress_say(m->cli, "%s", sora_error()); /* the clip is worth more than its preview */
            m->preview = NULL;
        }
        m->previewed_s = now;
    }
    return progress_cancelled();
}

/* ---- after ----------------------------------------------------------------------------- */

static void say_done(const Make *m, const SoraShot *shot, const char *path)
{
    if (!m->cli->json) {
        progress_say(m->cli, "%s", path);
        return;
    }
    JsonWriter w = progress_event(m->arena, "done");
    json_put_text(&w, "file", path);
    json_put_integer(&w, "seed", (int64_t)shot->seed);
    progress_send(m->cli, &w);
}

/* Asked all the while. After the last step frames are made larger, held still and written. */
static int on_ask(void *self)
{
    const Make *m = self;
    const Progress *p = &m->cli->progress;
    if (p->done >= p->total) progress_at(m->cli, p->done, "%s", T("finishing the frames"));
    return progress_cancelled();
}

SoraStatus make_file(Make *m, SoraShot *shot, const char *what, JsonWriter *notes, const char *path)
{
    SoraWriteOptions o;
    sora_write_options_init(&o);
    json_end(notes, '}');
    o.overwrite = m->yes;
    o.quality = (int)m->quality;
    o.comment = notes->text;
    o.format = m->format;
    o.colour_of = m->colour_of;
    o.sound = m->sound;
    o.sound_count = m->sound_count;
    o.log = on_log;
    o.log_self = m->cli;
    shot->progress = on_step;
    shot->progress_self = m;
    shot->stop = on_ask;
    shot->stop_self = m;
    shot->wants_preview = m->preview != NULL;
    progress_begin(m->cli, what, shot->steps);
    SoraStatus s = sora_generate_file(m->engine, shot, path, &o, m->resume);
    if (s == SORA_OK) {
        progress_at(m->cli, m->cli->progress.done, "%s", "");
        progress_end(m->cli);
        say_done(m, shot, path);
    }
    char *comment = arena_alloc(m->arena, MAKE_NOTES_MAX);
    if (s == SORA_CANCELLED && sora_resume_comment(path, comment, MAKE_NOTES_MAX) == SORA_OK)
        progress_say(m->cli, "%s", T("stopped; the same command with --resume goes on"));
    return s;
}

const char *make_path(const Make *m, size_t i, size_t count)
{
    const char *path = m->output, *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (count < 2) return path;
    if (!dot || (slash && dot < slash)) dot = path + strlen(path);
    if (slash && !slash[1]) dot = slash; /* folder/ becomes folder-1/ */
    return arena_printf(m->arena, "%.*s-%zu%s", (int)(dot - path), path, i + 1, dot);
}
