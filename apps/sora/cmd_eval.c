/* sora eval: how good a model or the reader is, as tables or as JSON. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "eval_tables.h"
#include "home.h"
#include "options.h"
#include "progress.h"

static const char *const suites[] = { "text", "reader", "shape", "looks", NULL };

typedef struct Eval {
    Cli *cli;
    Arena *arena;
    SoraEvalOptions o;
    const char *output;
    int suite;
    int64_t count, steps, frames, actors_max, sheet_pairs, minutes;
    OptionSize size;
    bool images, calibrate, yes, minutes_given, verbatim;
} Eval;

static SoraStatus parse(Eval *e, int argc, char **argv)
{
    SoraEvalOptions *o = &e->o;
    const Option options[] = {
        { .group = T("What is asked") },
        { 0, "suite", T("prompts, the reader itself, given frames, or looks at 256x256"),
          .choice = &e->suite, .names = suites },
        { 'n', "count", T("how many prompts or clips, 0 for the suite's own number"),
          .integer = &e->count, .max = 1e7 },
        { 0, "images", T("pictures instead of clips"), .flag = &e->images },
        { 0, "size", T("width and height in pixels, 16 to 4096"), .size = &e->size },
        { 0, "frames", T("frames of a clip"), .integer = &e->frames, .min = 1, .max = 1000 },
        { 0, "fps", T("frames a second"), .number = &o->fps, .min = 1, .max = 240 },
        { 0, "actors-max", T("at most so many in one clip"), .integer = &e->actors_max, .min = 1,
          .max = 3 },
        { 0, "steps", T("denoising steps"), .integer = &e->steps, .min = 1, .max = 1000 },
        { 0, "cfg-scale", T("how strictly the prompt is followed, 1 for no guidance"),
          .number = &o->cfg_scale, .max = 100 },
        { 0, "verbatim", T("prompts as they are, not in the words the model was trained on"),
          .flag = &e->verbatim },
        { 0, "parts", T("of the suite shape only these: extend,fill,loop,join,edit,fast"),
          .text = &o->parts },
        { 0, "minutes", T("so many shots of a minute, an eighth of --count unless you say"),
          .integer = &e->minutes, .max = 1000, .given = &e->minutes_given },
        { 0, "minute-length", T("how long such a shot is, 60s"), .seconds = &o->minute_s, .min = 1,
          .max = 600 },
        { 0, "calibrate", T("make the reader's confidence honest first, and keep that in its file"),
          .flag = &e->calibrate },
        { .group = T("Files") },
        { 0, "reader", T("the reader's file"), .path = &o->reader },
        { 0, "text-encoder", T("file of the text encoder"), .path = &o->text_encoder },
        { 0, "cast", T("the world's cast"), .path = &o->cast },
        { .group = T("Output") },
        { 'o', "output", T("a .json file for the report, actor by actor"), .path = &e->output },
        { 0, "sheet", T("a .png with pairs, the model's clip and the world's"), .path = &o->sheet },
        { 0, "sheet-pairs", T("how many pairs"), .integer = &e->sheet_pairs, .min = 1,
          .max = 1000 },
        { 'y', "yes", T("write over existing files"), .flag = &e->yes },
        { 0 },
    };
    return options_parse(&(Usage){ .about = T("measure a model or the reader"),
                                   .arguments = T("[MODEL]"),
                                   .arg_max = 1,
                                   .options = options,
                                   .examples = "sora eval my-model/ --count 200 --sheet pairs.png\n"
                                               "sora eval --suite reader --calibrate\n" },
                         e->cli, argc, argv);
}

/* Refused before an hour of work rather than after. */
static SoraStatus check_new(const Eval *e, const char *path)
{
    if (!path || e->yes || !file_exists(path)) return SORA_OK;
    return err_set(SORA_E_IO, T("%s exists already; -y writes over it"), path);
}

static int on_progress(void *self, double done, double total)
{
    Eval *e = self;
    e->cli->progress.total = ceil(total);
    progress_at(e->cli, floor(done + 1e-6), "%s", "");
    return progress_cancelled();
}

static SoraStatus settle(Eval *e)
{
    SoraEvalOptions *o = &e->o;
    o->suite = suites[e->suite];
    if (!o->reader) o->reader = home_model("default/reader.safetensors", e->arena);
    o->model = e->cli->arg_count ? e->cli->arg[0] : home_model("default", e->arena);
    if (!o->cast) o->cast = home_cast(e->arena);
    o->home = home_model("default", e->arena);
    o->count = (int)e->count, o->steps = (int)e->steps, o->frames = (int)e->frames;
    o->width = e->size.width, o->height = e->size.height;
    o->actors_max = (int)e->actors_max, o->sheet_pairs = (int)e->sheet_pairs;
    o->minutes = e->minutes_given && !e->minutes ? -1 : (int)e->minutes;
    o->images = e->images, o->calibrate = e->calibrate, o->verbatim = e->verbatim;
    o->threads = e->cli->threads;
    o->progress = on_progress, o->progress_self = e;
    TRY(check_new(e, e->output));
    return check_new(e, o->sheet);
}

static SoraStatus report(const Eval *e, const char *text)
{
    const Json *tree;
    size_t n = strlen(text);
    if (e->output) {
        TRY(file_write(e->output, text, n));
        progress_say(e->cli, "%s", e->output);
    }
    if (e->cli->json) {
        printf("%s\n", text);
        return SORA_OK;
    }
    TRY(json_parse(text, n, "report", e->arena, &tree));
    eval_tables(tree, e->arena);
    return SORA_OK;
}

static SoraStatus run(Eval *e)
{
    SoraEval *eval;
    TRY(settle(e));
    progress_begin(e->cli, T("evaluating"), 1);
    TRY(sora_eval(&e->o, &eval));
    progress_end(e->cli);
    SoraStatus s = report(e, sora_eval_report(eval));
    sora_eval_free(eval);
    return s;
}

SoraStatus cmd_eval(Cli *cli, int argc, char **argv)
{
    Eval e = { .cli = cli };
    sora_eval_options_init(&e.o);
    TRY(parse(&e, argc, argv));
    e.arena = arena_new("eval", 0);
    if (!e.arena) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = run(&e);
    arena_free(e.arena);
    return s;
}
