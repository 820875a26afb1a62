/* sora world: clips of the world with captions and exact state, by lot or after a prompt. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pool.h"
#include "media/write.h"
#include "options.h"
#include "progress.h"

enum { SHEET_FRAMES = 6, SHEET_GAP = 4, SHEET_CLIPS_MAX = 1024 };

typedef struct World {
    Cli *cli;
    Arena *arena;
    SoraWorld *world;
    SoraWorldShot shot;
    int64_t count, seed, frames, actors_max, quality;
    OptionSize size;
    double duration;
    bool frames_given, stills, list, yes;
    const char *output, *sheet, *cast;
    int split;
    SoraClip *sheet_clip;
    size_t sheet_columns, sheet_frames;
} World;

static const char *const splits[] = { "train", "pairs", "test", NULL };

static SoraStatus parse(World *w, int argc, char **argv)
{
    const Option options[] = {
        { .group = T("What is shown") },
        { 0, "show", T("the clip that a prompt describes, instead of clips drawn by lot"),
          .text = &w->shot.prompt, .value = "PROMPT" },
        { 'n', "count", T("how many clips, drawn by lot"), .integer = &w->count, .min = 1,
          .max = 1e7 },
        { 0, "seed", T("of the first clip; the next has the next number"), .integer = &w->seed,
          .min = 0, .max = 9e18 },
        { 0, "split",
          T("training clips, clips with pairs that training never shows, or test clips"),
          .choice = &w->split, .names = splits },
        { 0, "actors-max", T("at most so many in one clip"), .integer = &w->actors_max, .min = 1,
          .max = 3 },
        { 0, "stills", T("pictures instead of clips"), .flag = &w->stills },
        { 0, "size", T("width and height in pixels, 16 to 4096"), .size = &w->size },
        { 0, "frames", T("frames of a clip"), .integer = &w->frames, .min = 1, .max = 1000,
          .given = &w->frames_given },
        { 0, "duration", T("length of a clip, instead of --frames"), .seconds = &w->duration,
          .max = 1000 },
        { 0, "fps", T("frames a second"), .number = &w->shot.fps, .min = 1, .max = 240 },
        { 0, "cast", T("the world's cast"), .path = &w->cast },
        { .group = T("Output") },
        { 'o', "output", T("a folder for clips, captions (.txt) and states (.json), or one file"),
          .path = &w->output },
        { 0, "sheet", T("a .png with all of them, a few frames each"), .path = &w->sheet },
        { 'y', "yes", T("write over existing files"), .flag = &w->yes },
        { 0, "quality", T("of the file: 1 (small) to 100 (best)"), .integer = &w->quality, .min = 1,
          .max = 100 },
        { 0, "list", T("only list what there is, with its words"), .flag = &w->list },
        { 0 },
    };
    return options_parse(
        &(Usage){
            .about = T("clips of the world, with captions and exact state"),
            .options = options,
            .examples =
                "sora world --count 1000 --size 256x144 --frames 49 -o clips/\n"
                "sora world --count 64 --size 64x64 --frames 25 --sheet sheet.png\n"
                "sora world --show \"a penguin dances on the beach at night\" -o penguin.mp4\n"
                "sora world --list\n" },
        w->cli, argc, argv);
}

static bool to_one_file(const World *w)
{
    return w->output && write_format(w->output) != WRITE_AUTO &&
           write_format(w->output) != WRITE_PNGS;
}

/* What was asked for, checked before work is spent on it. */
static SoraStatus settle(World *w)
{
    SoraWorldShot *s = &w->shot;
    s->seed = (uint64_t)w->seed;
    s->split = splits[w->split];
    s->width = w->size.width, s->height = w->size.height;
    s->actors_max = (int)w->actors_max;
    if (w->duration > 0 && !w->frames_given) w->frames = llround(fmax(1, w->duration * s->fps));
    if (w->frames > 1000)
        return err_set(SORA_E_ARGUMENT, T("%lld frames, the world draws 1 to 1000"),
                       (long long)w->frames);
    s->frames = w->stills ? 1 : (int)w->frames;
    w->cli->usage_error = true; /* until the work begins */
    if (!w->list && !w->output && !w->sheet)
        return err_set(SORA_E_ARGUMENT, T("where to? -o FOLDER, or --sheet FILE.png"));
    if (to_one_file(w) && w->count > 1)
        return err_set(SORA_E_ARGUMENT, T("%lld clips do not fit into one file: -o FOLDER"),
                       (long long)w->count);
    if (w->sheet && w->count > SHEET_CLIPS_MAX)
        return err_set(SORA_E_ARGUMENT, T("%lld clips, a sheet takes %d"), (long long)w->count,
                       SHEET_CLIPS_MAX);
    w->cli->usage_error = false;
    return SORA_OK;
}

/* ---- the list -------------------------------------------------------------------------- */

static SoraStatus list(World *w)
{
    const char *text = sora_world_list(w->world);
    if (w->cli->json) {
        printf("%s\n", text);
        return SORA_OK;
    }
    const Json *tree;
    TRY(json_parse(text, strlen(text), "list", w->arena, &tree));
    for (size_t k = 0; k < tree->count; k++) {
        printf("%s\n", tree->item[k].key);
        for (size_t i = 0; i < tree->item[k].count; i++) {
            const Json *x = &tree->item[k].item[i];
            const Json *en = json_get(x, "en"), *zh = json_get(x, "zh");
            printf("  %-18s", json_text(x, "id"));
            for (size_t n = 0; en && n < en->count; n++)
                printf("%s%s", n ? ", " : "", en->item[n].string);
            for (size_t n = 0; zh && n < zh->count; n++)
                printf("%s%s", n ? "、" : "  ", zh->item[n].string);
            printf("\n");
        }
    }
    return SORA_OK;
}

/* ---- the sheet ------------------------------------------------------------------------- */

static SoraStatus sheet_begin(World *w)
{
    size_t frames = w->shot.frames < SHEET_FRAMES ? (size_t)w->shot.frames : SHEET_FRAMES;
    double strip = (double)frames * w->shot.width + SHEET_GAP, row = w->shot.height + SHEET_GAP;
    double columns = ceil(sqrt((double)w->count * row / strip));
    w->sheet_frames = frames;
    w->sheet_columns = (size_t)fmax(1, fmin(columns, (double)w->count));
    double rows = ceil((double)w->count / (double)w->sheet_columns);
    double width = (double)w->sheet_columns * strip - SHEET_GAP, height = rows * row - SHEET_GAP;
    if (width > 8192 || height > 8192)
        return err_set(SORA_E_ARGUMENT,
                       T("a sheet of %.0fx%.0f pixels is too large, sides are at most 8192: fewer "
                         "or smaller clips"),
                       width, height);
    TRY(sora_clip_new(1, (int)height, (int)width, 0, &w->sheet_clip));
    memset(sora_clip_pixels(w->sheet_clip, 0), 255, (size_t)width * (size_t)height * 3);
    return SORA_OK;
}

static void sheet_put(World *w, size_t i, const SoraClip *clip)
{
    size_t width = (size_t)w->shot.width, height = (size_t)w->shot.height;
    size_t all = (size_t)sora_clip_width(w->sheet_clip);
    size_t x0 = i % w->sheet_columns * (w->sheet_frames * width + SHEET_GAP);
    size_t y0 = i / w->sheet_columns * (height + SHEET_GAP);
    uint8_t *to = sora_clip_pixels(w->sheet_clip, 0);
    for (size_t k = 0; k < w->sheet_frames; k++) {
        size_t last = (size_t)w->shot.frames - 1;
        size_t f = w->sheet_frames > 1 ? k * last / (w->sheet_frames - 1) : 0;
        const uint8_t *from = sora_clip_pixels(clip, (int)f);
        for (size_t y = 0; y < height; y++)
            memcpy(to + ((y0 + y) * all + x0 + k * width) * 3, from + y * width * 3, width * 3);
    }
}

static SoraStatus sheet_end(World *w)
{
    SoraWriteOptions o;
    sora_write_options_init(&o);
    o.overwrite = w->yes;
    return sora_clip_write(w->sheet_clip, w->sheet, &o);
}

/* ---- files ----------------------------------------------------------------------------- */

typedef struct Names {
    char media[4096], text[4096], state[4096];
} Names;

static void names_of(const World *w, uint64_t seed, Names *n)
{
    char stem[4000];
    if (to_one_file(w)) {
        snprintf(n->media, sizeof n->media, "%s", w->output);
        snprintf(stem, sizeof stem, "%s", w->output);
        *strrchr(stem, '.') = 0;
    } else {
        size_t length = strlen(w->output);
        const char *slash = length && w->output[length - 1] == '/' ? "" : "/";
        snprintf(stem, sizeof stem, "%s%s%06llu", w->output, slash, (unsigned long long)seed);
        snprintf(n->media, sizeof n->media, "%s.%s", stem, w->shot.frames > 1 ? "mp4" : "png");
    }
    snprintf(n->text, sizeof n->text, "%s.txt", stem);
    snprintf(n->state, sizeof n->state, "%s.json", stem);
}

static SoraStatus check_free(const World *w, const char *path)
{
    if (w->yes || !file_exists(path)) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, "%s exists already", path);
}

/* The clip last: where it is, its captions are. */
static SoraStatus write_files(const World *w, uint64_t seed, const SoraWorldClip *c)
{
    Names n;
    names_of(w, seed, &n);
    SoraWriteOptions o;
    sora_write_options_init(&o);
    o.overwrite = w->yes;
    o.quality = (int)w->quality;
    o.full_colour = !to_one_file(w);
    TRY(check_free(w, n.text));
    TRY(check_free(w, n.state));
    TRY(sora_clip_write_check(n.media, w->shot.height, w->shot.width, sora_clip_fps(c->clip), &o));
    SoraStatus s = file_write(n.text, c->caption, strlen(c->caption));
    if (s == SORA_OK) s = file_write(n.state, c->state, strlen(c->state));
    if (s == SORA_OK) s = sora_clip_write(c->clip, n.media, &o);
    if (s != SORA_OK) {
        unlink(n.text);
        unlink(n.state);
    }
    return s;
}

static SoraStatus make_folder(const World *w)
{
    if (!w->output || to_one_file(w)) return SORA_OK;
    return file_make_folder(w->output);
}

/* ---- the work -------------------------------------------------------------------------- */

enum { BATCH_MAX = 64 };

typedef struct Batch {
    World *w;
    uint64_t first;
    SoraStatus status[BATCH_MAX];
    char error[BATCH_MAX][ERR_TEXT_MAX];
    SoraWorldClip made[BATCH_MAX];
} Batch;

static void make_one(void *self, size_t i, int worker)
{
    (void)worker;
    Batch *b = self;
    SoraWorldShot shot = b->w->shot;
    shot.seed += b->first + i;
    b->status[i] = sora_world_make(b->w->world, &shot, &b->made[i]);
    if (b->status[i] == SORA_OK && b->w->output)
        b->status[i] = write_files(b->w, shot.seed, &b->made[i]);
    if (b->status[i] != SORA_OK) snprintf(b->error[i], ERR_TEXT_MAX, "%s", err_text());
}

/* In the order of the seeds, on the caller's thread. */
static void tell(World *w, uint64_t i, const SoraWorldClip *c)
{
    if (w->sheet_clip) sheet_put(w, i, c->clip);
    if (*c->unknown && i == 0)
        progress_say(w->cli, T("the world cannot show this: %s"), c->unknown);
    if (w->cli->json) {
        Arena *a = arena_new("event", 0);
        if (!a) return;
        JsonWriter j = progress_event(a, "clip");
        json_put_integer(&j, "seed", (int64_t)(w->shot.seed + i));
        if (w->output) {
            Names n;
            names_of(w, w->shot.seed + i, &n);
            json_put_text(&j, "file", n.media);
        }
        json_put_text(&j, "caption", c->caption);
        if (w->shot.prompt) json_put_text(&j, "unknown", c->unknown);
        progress_send(w->cli, &j);
        arena_free(a);
    } else if (w->count == 1) {
        printf("%s\n", c->caption);
    }
}

static SoraStatus run_batch(World *w, Pool *pool, Batch *b, size_t count)
{
    parallel_for(pool, count, make_one, b);
    SoraStatus s = SORA_OK;
    for (size_t i = 0; i < count; i++) {
        if (b->status[i] != SORA_OK && s == SORA_OK) s = err_set(b->status[i], "%s", b->error[i]);
        if (s == SORA_OK) tell(w, b->first + i, &b->made[i]);
        sora_clip_free(b->made[i].clip);
    }
    return s;
}

/* Clips of a batch are in memory together: few large ones, many small ones. */
static size_t batch_size(const World *w, int threads)
{
    double bytes = 3.0 * w->shot.frames * w->shot.width * w->shot.height;
    double fit = 256e6 / bytes;
    return (size_t)fmax(threads, fmin(fit, fmin(4.0 * threads, BATCH_MAX)));
}

static SoraStatus run(World *w)
{
    Pool *pool;
    TRY(make_folder(w));
    if (w->sheet) {
        TRY(check_free(w, w->sheet));
        TRY(sheet_begin(w));
    }
    TRY(pool_new(w->cli->threads, &pool));
    Batch *b = arena_zero(w->arena, sizeof *b);
    size_t most = batch_size(w, pool_threads(pool));
    if (most > BATCH_MAX) most = BATCH_MAX;
    SoraStatus s = SORA_OK;
    progress_begin(w->cli, w->shot.frames > 1 ? T("clips") : T("pictures"), (double)w->count);
    for (uint64_t i = 0; s == SORA_OK && i < (uint64_t)w->count; i += most) {
        size_t count = (uint64_t)w->count - i < most ? (size_t)((uint64_t)w->count - i) : most;
        if (progress_cancelled()) s = SORA_CANCELLED;
        *b = (Batch){ .w = w, .first = i };
        if (s == SORA_OK) s = run_batch(w, pool, b, count);
        if (s == SORA_OK) progress_at(w->cli, (double)(i + count), "%s", "");
    }
    pool_free(pool);
    progress_end(w->cli);
    if (s == SORA_OK && w->sheet) s = sheet_end(w);
    return s;
}

SoraStatus cmd_world(Cli *cli, int argc, char **argv)
{
    World w = { .cli = cli, .count = 1, .frames = 49, .size = { 256, 144 } };
    sora_world_shot_init(&w.shot);
    TRY(parse(&w, argc, argv));
    TRY(settle(&w));
    w.arena = arena_new("world", 0);
    if (!w.arena) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = sora_world_open(w.cast, &w.world);
    if (s == SORA_OK) s = w.list ? list(&w) : run(&w);
    sora_clip_free(w.sheet_clip);
    sora_world_close(w.world);
    arena_free(w.arena);
    return s;
}
