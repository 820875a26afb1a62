/* sora generate PROMPT: a video from words. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "make.h"
#include "progress.h"

typedef struct Generate {
    Make make;
    OptionSize size;
    int64_t width, height, frames, count;
    double duration, fps;
    const char *like, *prompts_file;
    const char **prompt;
    size_t prompts;
    bool fps_given;
} Generate;

static SoraStatus parse(Generate *g, int argc, char **argv)
{
    Option options[MAKE_OPTIONS + 16] = {
        { .group = T("What") },
        { 0, "size", T("width and height in pixels, any; or a shape, 16:9"), .size = &g->size,
          .shapes = true },
        { 0, "width", T("width in pixels"), .integer = &g->width, .min = 8, .max = 8192 },
        { 0, "height", T("height in pixels"), .integer = &g->height, .min = 8, .max = 8192 },
        { 0, "duration", T("length; 2s unless you say"), .seconds = &g->duration, .min = 0.001,
          .max = 3600 },
        { 0, "frames", T("length in frames, 1 for a picture"), .integer = &g->frames, .min = 1,
          .max = 100000 },
        { 0, "fps", T("frames a second that are shown; the speed of things stays"),
          .number = &g->fps, .min = 1, .max = 240, .given = &g->fps_given },
        { 0, "prompts", T("a file of prompts, one a line, instead of PROMPT"),
          .path = &g->prompts_file },
        { 0, "count", T("so many of each prompt, with seeds that follow"), .integer = &g->count,
          .min = 1, .max = 10000 },
        { 0, "like", T("with the prompt, seed and settings of this file"), .path = &g->like },
    };
    Option *end = options;
    while (end->name || end->group) end++;
    end = make_given_options(&g->make, end);
    end = make_options(&g->make, end);
    *end = (Option){ 0 };
    return options_parse(
        &(Usage){ .about = T("make a video from words"),
                  .arguments = T("PROMPT"),
                  .arg_min = 0,
                  .arg_max = 1,
                  .options = options,
                  .examples =
                      "sora generate \"a penguin dances on the beach at night\" -o penguin.mp4\n"
                      "sora generate \"一只狐狸在雪地里跳跃\" --size 256x144 -o fox.webp\n"
                      "sora generate --like fox.webp --seed 8 -o fox2.mp4\n"
                      "sora generate \"a whale\" --frames 1 -o whale.png\n"
                      "sora generate \"a dog walks\" --duration 60s --at 20s=\"it starts to snow\" "
                      "-o walk.mp4\n"
                      "sora generate \"a cat jumps\" --at 0s=start.png --at 1.5s=high.png -o "
                      "jump.mp4\n" },
        g->make.cli, argc, argv);
}

/* ---- prompts --------------------------------------------------------------------------- */

static SoraStatus check_prompt(const char *text)
{
    if (utf8_check(text, strlen(text)) != SORA_OK)
        return err_while(SORA_E_ARGUMENT, "reading the prompt");
    if (!text[strspn(text, " \t\r\n")])
        return err_set(SORA_E_ARGUMENT, T("the prompt is empty: say what should be seen"));
    return SORA_OK;
}

static SoraStatus read_prompts(Generate *g)
{
    enum { FILE_MAX = 16 << 20 };
    Arena *a = g->make.arena;
    Slice file;
    size_t lines = 1;
    TRY(file_read(g->prompts_file, FILE_MAX, a, &file));
    char *text = (char *)file.bytes, *line;
    if (file.size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    g->prompt = arena_alloc(a, lines * sizeof *g->prompt);
    while ((line = strsep(&text, "\n"))) {
        line[strcspn(line, "\r")] = 0;
        if (!line[strspn(line, " \t")]) continue;
        TRY(err_while(check_prompt(line), "reading %s", g->prompts_file));
        g->prompt[g->prompts++] = line;
    }
    if (g->prompts) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, T("%s has no prompt in it"), g->prompts_file);
}

static SoraStatus find_prompts(Generate *g)
{
    const Cli *cli = g->make.cli;
    if (g->prompts_file && cli->arg_count)
        return err_set(SORA_E_ARGUMENT, T("both a prompt and --prompts: one of the two"));
    if (g->prompts_file) return read_prompts(g);
    if (!cli->arg_count && g->prompts) return SORA_OK; /* from --like */
    if (!cli->arg_count) return err_set(SORA_E_ARGUMENT, T("%s is missing"), T("PROMPT"));
    g->prompt = (const char **)cli->arg;
    g->prompts = 1;
    return check_prompt(g->prompt[0]);
}

/* ---- --like ---------------------------------------------------------------------------- */

static void take_integer(const Json *notes, const char *key, bool given, int64_t *out)
{
    const Json *x = json_get(notes, key);
    if (!given && x && x->kind == JSON_IS_INTEGER) *out = x->integer;
}

static void take_number(const Json *notes, const char *key, bool given, double *out)
{
    const Json *x = json_get(notes, key);
    if (!given && x && (x->kind == JSON_IS_INTEGER || x->kind == JSON_IS_REAL)) *out = x->number;
}

static void take_sampler(const Json *notes, Make *m)
{
    const char *name = json_text(notes, "sampler");
    for (int i = 0; name && make_samplers[i]; i++)
        if (!m->sampler_given && strcmp(name, make_samplers[i]) == 0) m->sampler = i;
}

/* Prompts that take over, unless --at says others. */
static void take_later(const Json *notes, Make *m)
{
    const Json *later = json_get(notes, "later");
    if (!later || later->kind != JSON_IS_ARRAY || m->at.count) return;
    for (size_t i = 0; i < later->count && i < OPTION_LIST_MAX; i++) {
        const Json *from = json_get(&later->item[i], "from");
        const char *text = json_text(&later->item[i], "prompt");
        if (!from || !text) continue;
        m->at.item[m->at.count++] = arena_printf(m->arena, "%.17g=%s", from->number, text);
    }
}

static void take_skipping(const Json *notes, Make *m)
{
    if (!m->skip_given) m->skip_scale = 0; /* a file that does not tell was made without */
    take_number(notes, "slg_scale", m->skip_given, &m->skip_scale);
    take_number(notes, "skip_layer_start", m->skip_start_given, &m->skip_start);
    take_number(notes, "skip_layer_end", m->skip_end_given, &m->skip_end);
    const Json *layers = json_get(notes, "skip_layers");
    if (!layers || layers->kind != JSON_IS_ARRAY || m->skip_layers.count) return;
    for (size_t i = 0; i < layers->count && i < OPTION_LIST_MAX; i++)
        m->skip_layers.item[m->skip_layers.count++] =
            arena_printf(m->arena, "%lld", (long long)layers->item[i].integer);
}

/* What the command line did not say comes from the file's notes. */
static SoraStatus read_like(Generate *g, const char **made_by)
{
    Make *m = &g->make;
    const Json *notes;
    char *text = arena_alloc(m->arena, MAKE_NOTES_MAX);
    TRY(sora_comment_read(g->like, text, MAKE_NOTES_MAX));
    TRY(json_parse(text, strlen(text), g->like, m->arena, &notes));
    const char *prompt = json_text(notes, "prompt");
    if (!prompt) return err_set(SORA_E_FORMAT, T("%s does not say its prompt"), g->like);
    g->prompt = arena_alloc(m->arena, sizeof *g->prompt);
    g->prompt[0] = prompt;
    g->prompts = 1;
    bool sized = g->size.width || g->width || g->height, timed = g->frames || g->duration > 0;
    take_integer(notes, "seed", m->seed >= 0, &m->seed);
    take_integer(notes, "steps", m->steps_given, &m->steps);
    take_number(notes, "cfg_scale", m->cfg_given, &m->cfg_scale);
    take_number(notes, "shift", m->shift_given, &m->shift);
    take_number(notes, "cfg_min", m->cfg_min_given, &m->cfg_min);
    take_number(notes, "cfg_max", m->cfg_max_given, &m->cfg_max);
    take_skipping(notes, m);
    take_sampler(notes, m);
    take_later(notes, m);
    const Json *verbatim = json_get(notes, "verbatim"); /* a file that does not tell was */
    if (!verbatim || (verbatim->kind == JSON_IS_BOOL && verbatim->boolean)) m->verbatim = true;
    const Json *fast = json_get(notes, "fast");
    if (fast && fast->kind == JSON_IS_BOOL && fast->boolean && !m->steps_given) m->fast = true;
    take_integer(notes, "frames", timed, &g->frames);
    take_integer(notes, "width", sized, &g->width);
    take_integer(notes, "height", sized, &g->height);
    take_number(notes, "fps", g->fps_given, &g->fps);
    if (!m->negative) m->negative = json_text(notes, "negative");
    if (!m->model) m->model = json_text(notes, "model");
    m->steps_given = m->cfg_given = m->shift_given = m->sampler_given = g->fps_given = true;
    m->cfg_min_given = m->cfg_max_given = true;
    m->skip_given = m->skip_start_given = m->skip_end_given = true;
    *made_by = json_text(notes, "engine");
    return SORA_OK;
}

/* ---- making ---------------------------------------------------------------------------- */

/* Even sides of exactly that shape near an area: 16:9 of 256x256 is 352x198. */
static OptionSize size_of_shape(OptionSize shape, double area)
{
    int a = shape.width, b = shape.height;
    while (b) {
        int rest = a % b;
        a = b, b = rest;
    }
    int w = shape.width / a, h = shape.height / a, step = w % 2 || h % 2 ? 2 : 1;
    int times = (int)fmax(1, rint(sqrt(area / ((double)w * h)) / step)) * step;
    return (OptionSize){ w * times, h * times, false };
}

/* What was not said is as the model's makers use it; of a size half said, the shape stays. */
static SoraStatus fill_shot(const Generate *g, SoraShot *s)
{
    OptionSize size = g->size;
    if (size.shape) size = size_of_shape(size, (double)s->width * s->height);
    int width = g->width ? (int)g->width : size.width;
    int height = g->height ? (int)g->height : size.height;
    double shape = (double)s->width / s->height, seconds = s->frames / s->fps;
    if (width && !height) height = (int)fmax(8, rint(width / shape));
    if (height && !width) width = (int)fmax(8, rint(height * shape));
    if (width) s->width = width, s->height = height;
    if (g->fps_given) s->fps = g->fps;
    if (g->duration > 0) seconds = g->duration;
    const char *dot = strrchr(g->make.output, '.');
    bool picture = dot && strcmp(dot, ".png") == 0 && !(g->duration > 0);
    s->frames = g->frames ? (int)g->frames : picture ? 1 : (int)fmax(1, rint(seconds * s->fps));
    return SORA_OK;
}

static SoraStatus make_one(Generate *g, const char *prompt, size_t i, size_t count, int64_t seed)
{
    Make *m = &g->make;
    SoraShot shot;
    const char *path = make_path(m, i, count);
    ArenaMark mark = arena_mark(m->arena);
    m->seed = seed;
    TRY(make_shot(m, &shot));
    TRY(fill_shot(g, &shot));
    shot.prompt = prompt;
    if (count > 1) progress_say(m->cli, T("%zu of %zu: %s"), i + 1, count, prompt);
    bool sized = g->width || g->height || g->size.width;
    SoraStatus s = make_given(m, sized, &shot);
    const char *before = prompt;
    for (size_t k = 0; i == 0 && k < shot.later_count && s == SORA_OK; k++)
        s = make_tell_prompt(m, shot.later[k].text, &before);
    if (s == SORA_OK) s = make_plan(m, &shot, path);
    JsonWriter notes = make_notes(m, &shot);
    if (s == SORA_OK) s = make_file(m, &shot, T("making"), &notes, path);
    make_given_free(m);
    if (count < 2) return s;
    arena_rewind(m->arena, mark);
    return s;
}

/* Nothing is begun when one of the results would be refused at the end. */
static SoraStatus check_paths(const Generate *g, size_t count)
{
    const Make *m = &g->make;
    if (count > 1 && strcmp(m->output, "-") == 0)
        return err_set(SORA_E_ARGUMENT, T("%zu videos do not go through one pipe"), count);
    for (size_t i = 0; i < count && !m->yes && strcmp(m->output, "-") != 0; i++) {
        const char *path = make_path(m, i, count);
        if (path[strlen(path) - 1] != '/' && file_exists(path))
            return err_set(SORA_E_IO, T("%s exists already; -y writes over it"), path);
    }
    return SORA_OK;
}

static SoraStatus generate(Generate *g)
{
    Make *m = &g->make;
    const char *made_by = NULL;
    if (g->like) TRY(read_like(g, &made_by));
    TRY(find_prompts(g));
    size_t count = g->prompts * (size_t)g->count;
    if (m->resume && count > 1)
        return err_set(SORA_E_ARGUMENT, T("--resume goes on with one video, not with %zu"), count);
    TRY(check_paths(g, count));
    TRY(make_open(m));
    if (made_by && strcmp(made_by, sora_engine_id(m->engine)) != 0)
        progress_say(m->cli, T("%s was made by %s, this is %s: the bytes may differ"), g->like,
                     made_by, sora_engine_id(m->engine));
    int64_t seed = m->seed;
    for (size_t i = 0; i < count; i++) {
        const char *before = NULL;
        if (i % (size_t)g->count == 0)
            TRY(make_tell_prompt(m, g->prompt[i / (size_t)g->count], &before));
        TRY(make_one(g, g->prompt[i / (size_t)g->count], i, count, seed));
        seed = m->seed + 1;
        if (i % (size_t)g->count + 1 == (size_t)g->count) seed = m->seed - g->count + 1;
    }
    return SORA_OK;
}

SoraStatus cmd_generate(Cli *cli, int argc, char **argv)
{
    Generate g = { .fps = 24, .count = 1 };
    Arena *a = arena_new("generate", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory left");
    make_init(&g.make, cli, a);
    SoraStatus s = parse(&g, argc, argv);
    if (s == SORA_OK) s = generate(&g);
    sora_engine_close(g.make.engine);
    arena_free(a);
    return s;
}
