/* The world for other programs: clips drawn by lot or after a prompt. */
#include <string.h>

#include "api/clip.h"
#include "api/version.h"
#include "api/world_show.h"
#include "api/world_text.h"
#include "base/rng.h"
#include "world/naming.h"
#include "world/seen.h"

struct SoraWorld {
    Arena *arena;
    World *world;
    const Lexicon *lexicon;
    const char *list;
};

void sora_world_close(SoraWorld *w)
{
    if (!w) return;
    world_close(w->world);
    arena_free(w->arena);
}

SoraStatus sora_world_open(const char *cast, SoraWorld **out)
{
    Arena *a = arena_new("world", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a world");
    SoraWorld *w = arena_zero(a, sizeof *w);
    w->arena = a;
    SoraStatus s = lexicon_builtin(a, &w->lexicon);
    if (s == SORA_OK) s = world_open(cast ? cast : ".cache/cast.bin", &w->world);
    if (s != SORA_OK) {
        sora_world_close(w);
        return s;
    }
    w->list = world_text_list(w->world, w->lexicon, a);
    *out = w;
    return SORA_OK;
}

const char *sora_world_list(const SoraWorld *w)
{
    return w->list;
}

void sora_world_shot_init(SoraWorldShot *s)
{
    *s = (SoraWorldShot){
        .size = sizeof *s, .split = "train", .frames = 49, .height = 144, .width = 256, .fps = 24
    };
}

static SoraStatus split_named(const char *name, Split *out)
{
    static const char *const NAME[SPLIT_COUNT] = { "train", "pairs", "test" };
    for (int i = 0; name && i < SPLIT_COUNT; i++) {
        if (strcmp(name, NAME[i]) != 0) continue;
        *out = (Split)i;
        return SORA_OK;
    }
    return err_set(SORA_E_ARGUMENT, "\"%s\" is no split; there are train, pairs, test",
                   name ? name : "");
}

static SoraStatus facts_of_shot(const SoraWorld *w, const SoraWorldShot *s, Facts *out)
{
    WorldOptions o = { .image = s->frames == 1,
                       .actors_max = s->actors_max,
                       .seconds = s->frames > 1 && s->fps > 0 ? s->frames / s->fps : 0 };
    TRY(split_named(s->split, &o.split));
    world_sample(w->world, s->seed, &o, out);
    return SORA_OK;
}

/* Shown after a prompt, or drawn: facts, and how the caption is worded. */
static SoraStatus choose(const SoraWorld *w, const SoraWorldShot *s, Arena *a, Facts *facts,
                         CaptionStyle *style, SoraWorldClip *out)
{
    caption_mix(rng_split(s->seed, 'C'), style);
    out->unknown = "";
    if (!s->prompt) return facts_of_shot(w, s, facts);
    ParseReport r;
    TRY(world_show_facts(w->world, w->lexicon, s->prompt, s->seed, facts, &r));
    style->language = r.language;
    style->form = CAPTION_SENTENCE;
    out->unknown = world_show_unknown(&r, a);
    return SORA_OK;
}

static SoraStatus make(const SoraWorld *w, const SoraWorldShot *s, SoraClip *c, SoraWorldClip *out)
{
    Facts facts, named;
    WorldState state;
    CaptionStyle style;
    if (s->frames < 1 || s->height < 1 || s->width < 1)
        return err_set(SORA_E_ARGUMENT, "%d frames of %dx%d", s->frames, s->width, s->height);
    WorldFrames size = { (size_t)s->frames, (size_t)s->height, (size_t)s->width,
                         s->frames > 1 ? s->fps : 0 };
    TRY(choose(w, s, c->arena, &facts, &style, out));
    uint64_t look = rng_split(s->seed, 'L');
    TRY(world_render(w->world, &facts, look, &size, c->arena, &c->clip, &state));
    TRY(naming_to_words(w->world, w->lexicon, &facts, &named));
    CaptionView view = world_seen(w->world, &facts, &state);
    char *caption = arena_alloc(c->arena, CAPTION_SIZE_MAX);
    caption_write(w->lexicon, &named, &view, &style, caption, NULL);
    out->caption = caption;
    out->state = world_text_clip(&(WorldTextClip){ .world = w->world,
                                                   .lexicon = w->lexicon,
                                                   .facts = &named,
                                                   .view = &view,
                                                   .state = &state,
                                                   .split = s->prompt ? NULL : s->split,
                                                   .seed = s->seed,
                                                   .height = size.height,
                                                   .width = size.width },
                                 c->arena);
    return SORA_OK;
}

SoraStatus sora_world_make(const SoraWorld *w, const SoraWorldShot *theirs, SoraWorldClip *out)
{
    SoraWorldShot shot;
    SoraClip *c;
    sora_world_shot_init(&shot);
    TRY(version_copy(&shot, sizeof shot, theirs, "SoraWorldShot"));
    TRY(clip_begin(&c));
    SoraWorldClip made = { .size = sizeof made, .clip = c };
    SoraStatus s = make(w, &shot, c, &made);
    if (s == SORA_OK)
        *out = made;
    else
        sora_clip_free(c);
    return s;
}
