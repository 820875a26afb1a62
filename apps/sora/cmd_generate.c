/* sora generate PROMPT: a video from words. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "generate.h"
#include "progress.h"

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

/* ---- what is asked for ----------------------------------------------------------------- */

/* Of two ways to say the same only one is used, so only one is taken. */
static SoraStatus check_said(const Generate *g)
{
    Cli *cli = g->make.cli;
    cli->usage_error = true;
    if (g->prompts_file && cli->arg_count)
        return err_set(SORA_E_ARGUMENT, T("both a prompt and --prompts: one of the two"));
    if (g->size.width && (g->width || g->height))
        return err_set(SORA_E_ARGUMENT, T("both --size and --width or --height: one of the two"));
    if (g->duration > 0 && g->frames)
        return err_set(SORA_E_ARGUMENT, T("both --duration and --frames: one of the two"));
    if (!g->prompts_file && !cli->arg_count && !g->like)
        return err_set(SORA_E_ARGUMENT, T("%s is missing"), T("PROMPT"));
    cli->usage_error = false;
    return SORA_OK;
}

static SoraStatus find_prompts(Generate *g)
{
    const Cli *cli = g->make.cli;
    if (g->prompts_file)
        return generate_prompts(g->prompts_file, g->make.arena, &g->prompt, &g->prompts);
    if (!cli->arg_count) return SORA_OK; /* from --like */
    const char *text = cli->arg[0];
    TRY(err_while(utf8_check(text, strlen(text)), "reading the prompt"));
    if (!text[strspn(text, " \t\r\n")])
        return err_set(SORA_E_ARGUMENT, T("the prompt is empty: say what should be seen"));
    g->prompt = (const char **)cli->arg;
    g->prompts = 1;
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
    for (size_t i = 0; i < count; i++) TRY(make_check_output(m, make_path(m, i, count)));
    return SORA_OK;
}

static SoraStatus generate(Generate *g)
{
    Make *m = &g->make;
    const char *made_by = NULL;
    TRY(check_said(g));
    if (g->like) TRY(generate_like(g, &made_by));
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
