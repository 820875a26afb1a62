#include "words_sheet.h"

#include <string.h>

#include "base/error.h"
#include "progress.h"

enum {
    SIDE = 104,
    GAP = 8,
    NAME = 15,
    ROW = SIDE + NAME + GAP + 4,
    COLUMNS = 12,
    HEAD = 40,
    WIDTH = COLUMNS * (SIDE + GAP) + GAP,
    SEED = 1
};

typedef struct Sheet {
    const WordsSheet *s;
    Arena *arena;
    SoraWorld *world;
    const Json *actors, *scenes;
    SoraClip *clip;
    SoraLabel *label;
    size_t labels;
    int y; /* where the next group begins */
} Sheet;

static const char *name_of(const Json *entry, const char *language)
{
    const Json *words = json_get(entry, language);
    return words && words->count ? words->item[0].string : json_text(entry, "id");
}

static bool has(const Json *list, const char *id)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (strcmp(json_text(&list->item[i], "id"), id) == 0) return true;
    return false;
}

/* Who shows a scene: one that lives there. */
static const char *actor_for(const Sheet *h, const char *scene)
{
    static const char *const who[][2] = { { "sea_floor", "fish" }, { "space", "astronaut" },
                                          { "sky", "eagle" },      { "river", "duck" },
                                          { "city", "car" },       { "night_city", "car" },
                                          { "snow", "penguin" },   { "beach", "penguin" },
                                          { "mountain", "fox" },   { "farm", "horse" } };
    const char *id = "cat";
    for (size_t i = 0; i < sizeof who / sizeof *who; i++)
        if (strcmp(who[i][0], scene) == 0) id = who[i][1];
    return has(h->actors, id) ? id : json_text(&h->actors->item[0], "id");
}

static int rows_for(size_t count)
{
    return (int)((count + COLUMNS - 1) / COLUMNS);
}

static void put_picture(const Sheet *h, const SoraClip *clip, int x, int y)
{
    uint8_t *to = sora_clip_pixels(h->clip, 0);
    const uint8_t *from = sora_clip_pixels(clip, 0);
    for (int row = 0; row < SIDE; row++)
        memcpy(to + ((size_t)(y + row) * WIDTH + (size_t)x) * 3, from + (size_t)row * SIDE * 3,
               (size_t)SIDE * 3);
}

static void put_label(Sheet *h, const char *text, int x, int y, int width, int letters)
{
    SoraLabel *l = &h->label[h->labels++];
    sora_label_init(l);
    l->text = text;
    l->x = x, l->y = y, l->width = width;
    l->letters = letters;
}

static SoraStatus put_entry(Sheet *h, size_t i, const char *name, const char *prompt)
{
    SoraWorldShot shot;
    SoraWorldClip made;
    sora_world_shot_init(&shot);
    shot.prompt = prompt;
    shot.seed = SEED;
    shot.frames = 1, shot.width = shot.height = SIDE;
    int x = GAP + (int)(i % COLUMNS) * (SIDE + GAP), y = h->y + HEAD + (int)(i / COLUMNS) * ROW;
    if (progress_cancelled()) return SORA_CANCELLED;
    TRY(sora_world_make(h->world, &shot, &made));
    put_picture(h, made.clip, x, y);
    put_label(h, name, x, y + SIDE + NAME, SIDE, NAME);
    sora_clip_free(made.clip);
    progress_at(h->s->cli, (double)h->labels, "%s", "");
    return SORA_OK;
}

static SoraStatus put_group(Sheet *h, const Json *group, bool scenes)
{
    const char *language = h->s->language;
    bool chinese = lang_chinese();
    lang_use(strcmp(language, "zh") == 0); /* headlines in the language of the names */
    put_label(h, scenes ? T("scenes") : T("actors"), GAP, h->y + HEAD - 12, 0, 22);
    lang_use(chinese);
    for (size_t i = 0; i < group->count; i++) {
        const Json *x = &group->item[i];
        const char *en = name_of(x, "en");
        const char *prompt = arena_printf(h->arena, "a %s", en);
        if (scenes)
            prompt = arena_printf(h->arena, "a %s, %s", actor_for(h, json_text(x, "id")), en);
        TRY(put_entry(h, i, name_of(x, language), prompt));
    }
    h->y += HEAD + rows_for(group->count) * ROW;
    return SORA_OK;
}

static SoraStatus draw(Sheet *h)
{
    size_t count = h->actors->count + h->scenes->count;
    int height = 2 * HEAD + (rows_for(h->actors->count) + rows_for(h->scenes->count)) * ROW + GAP;
    SoraWriteOptions o;
    sora_write_options_init(&o);
    o.overwrite = h->s->overwrite;
    TRY(sora_clip_write_check(h->s->path, height, WIDTH, 0, &o));
    TRY(sora_clip_new(1, height, WIDTH, 0, &h->clip));
    memset(sora_clip_pixels(h->clip, 0), 255, (size_t)height * WIDTH * 3);
    h->label = arena_alloc(h->arena, (count + 2) * sizeof *h->label);
    progress_begin(h->s->cli, T("pictures"), (double)count + 2);
    TRY(put_group(h, h->actors, false));
    TRY(put_group(h, h->scenes, true));
    progress_end(h->s->cli);
    TRY(sora_clip_label(h->clip, 0, h->label, h->labels, NULL));
    return sora_clip_write(h->clip, h->s->path, &o);
}

/* Of the world's actors those that the list has. */
static const Json *both(const Json *world, const Json *words, Arena *a)
{
    Json *list = arena_alloc(a, sizeof *list);
    Json *item = arena_alloc(a, (world->count + 1) * sizeof *item);
    *list = *world;
    list->item = item;
    list->count = 0;
    for (size_t i = 0; i < world->count; i++)
        if (has(words, json_text(&world->item[i], "id"))) item[list->count++] = world->item[i];
    return list;
}

SoraStatus words_sheet(const WordsSheet *s, const Json *words, Arena *a)
{
    Sheet h = { .s = s, .arena = a };
    const Json *world;
    TRY(sora_world_open(s->cast, &h.world));
    const char *text = sora_world_list(h.world);
    SoraStatus status = json_parse(text, strlen(text), "list", a, &world);
    if (status == SORA_OK) {
        h.actors = both(json_get(world, "actors"), json_get(words, "actors"), a);
        h.scenes = json_get(world, "scenes");
        status = h.actors->count
                     ? draw(&h)
                     : err_set(SORA_E_ARGUMENT, T("the world has none of these actors"));
    }
    sora_clip_free(h.clip);
    sora_world_close(h.world);
    return status;
}
