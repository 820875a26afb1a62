#include "eval/text_suite.h"

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/size.h"
#include "eval/looks.h"
#include "pipeline/read.h"
#include "pipeline/shot.h"
#include "world/seen.h"

/* The committed hash: changing it changes every number that was ever reported. */
static const uint64_t SUITE_SEED = 0x736f7261746578;

enum { PURPOSE_TRY = 1, PURPOSE_STYLE, PURPOSE_SEED, TRIES_MAX = 20000 };
enum { PAIRS_EVERY = 5, PARAPHRASE_EVERY = 8, REACH_OF_SIDE = 16 };
/* Prompts of a round, for every thread: more would wait less for the slowest, and be told later. */
enum { EACH_THREAD = 2 };

const char *text_group_name(TextGroup g)
{
    static const char *const name[TEXT_GROUPS] = { "all", "seen",  "pairs",     "en",
                                                   "zh",  "plain", "paraphrase" };
    return name[g];
}

/* ---- prompts --------------------------------------------------------------------------- */

static bool in_set(const uint64_t *set, size_t k)
{
    return !set || set[k / 64] >> k % 64 & 1;
}

/* The actor whose turn it is. */
static size_t whose_turn(const TextSuite *s, uint64_t i, size_t actors)
{
    size_t of = 0;
    if (!s->taught || !s->taught_only) return i % actors;
    for (size_t k = 0; k < actors; k++) of += in_set(s->taught, k);
    uint64_t turn = of ? i % of : 0;
    for (size_t k = 0; k < actors; k++)
        if (in_set(s->taught, k) && turn-- == 0) return k;
    return 0;
}

/* Actors take turns, those that were taught among their like; a fifth of the prompts holds a pair
 * that training never shows. */
static SoraStatus pick_facts(const TextSuite *s, uint64_t i, TextPrompt *out)
{
    size_t actors = world_actor_count(s->draw.world), wanted = whose_turn(s, i, actors);
    DrawOptions o = s->draw;
    uint64_t round = i / actors;
    out->pairs = (i + round) % PAIRS_EVERY == 0;
    o.pick.split = out->pairs ? SPLIT_PAIRS : SPLIT_TEST;
    o.seed = rng_split(rng_split(SUITE_SEED, PURPOSE_TRY), i);
    o.pick.actors = in_set(s->taught, wanted) ? s->taught : NULL;
    for (uint64_t k = 0; k < TRIES_MAX; k++) {
        TRY(draw_facts(&o, k, &out->placed, &out->named));
        if (out->placed.actor[0].actor == wanted) return SORA_OK;
    }
    return SORA_OK; /* an actor without such a pair: whoever came last */
}

SoraStatus text_suite_prompt(const TextSuite *s, uint64_t i, TextPrompt *out)
{
    size_t actors = world_actor_count(s->draw.world);
    TRY(pick_facts(s, i, out));
    uint64_t seed = rng_split(rng_split(SUITE_SEED, PURPOSE_STYLE), i);
    CaptionStyle style;
    caption_mix(seed, &style);
    bool english = (i + i / actors) % 2 == 0; /* each actor in turn */
    if (english)
        style.language = LANG_EN;
    else if (style.language == LANG_EN)
        style.language = rng_below(seed, 9, 4) ? LANG_ZH_HANS : LANG_ZH_HANT;
    out->language = style.language;
    out->paraphrase = rng_below(seed, 10, PARAPHRASE_EVERY) == 0;
    style.held_out = out->paraphrase;
    Arena *a = arena_new("prompt", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a prompt");
    WorldState state;
    SoraStatus status =
        world_state(s->draw.world, &out->placed, rng_u64(seed, 11), &s->draw.size, a, &state);
    if (status == SORA_OK) {
        CaptionView view = world_seen(s->draw.world, &out->placed, &state);
        view.actor |= 1; /* the subject is asked for, even where the world's own clip hides it */
        caption_write(s->draw.lexicon, &out->named, &view, &style, out->text, &out->said);
    }
    arena_free(a);
    return status;
}

static bool is_taught(const TextSuite *s, const Facts *placed)
{
    bool all = true;
    for (int i = 0; i < placed->actors; i++) all = all && in_set(s->taught, placed->actor[i].actor);
    return all;
}

/* ---- one prompt ------------------------------------------------------------------------ */

/* A prompt on its way, and what came of it: everything of it is its own, so that several can be
 * under way at the same time, each on a thread. */
typedef struct Turn {
    uint64_t i;
    TextPrompt prompt;
    Told told;
    Clip made;
    Drawn world;
    Reading reading[2]; /* of the model's clip and the world's */
    TextLooks looks;
    Arena *a;
    SoraStatus status;
    char sentence[ERR_TEXT_MAX];
} Turn;

/* Turns that are taken together. */
typedef struct Round {
    const TextSuite *s;
    Turn *turn;
    size_t turns, count; /* that there is room for, and that are filled */
    Arena **step;        /* [threads] */
} Round;

/* `scale`: of the clip against what the model made. */
static SoraStatus make(const TextSuite *s, const Compute *c, Turn *t, double *scale)
{
    GenerateOptions g = generate_options_default();
    const WorldFrames *size = &s->draw.size;
    g.prompt = t->told.text;
    g.mirrored = t->told.mirrored;
    g.seed = rng_split(rng_split(SUITE_SEED, PURPOSE_SEED), t->i);
    if (s->steps) g.steps = s->steps;
    if (s->cfg_scale > 0) g.cfg_scale = s->cfg_scale;
    g.frames = size->frames, g.height = size->height, g.width = size->width, g.fps = size->fps;
    PlanRequest want = plan_request(&g);
    Plan plan;
    want.camera = t->told.camera;
    TRY(plan_make(s->model, c, &want, &plan));
    *scale = (double)size->height / (double)plan.height;
    return shot_make(s->model, c, &plan, NULL, &g, 0, t->a, &t->made);
}

/* The actors' boxes of the world's own clip say how large a box is looked for in both. */
static void add_looks(const TextSuite *s, double scale, const Drawn *d, const Clip *made,
                      TextLooks *out)
{
    const Clip *clip[2] = { made, &d->clip };
    double energy[2] = { 0 }, first[2] = { 0 }, last[2] = { 0 };
    size_t patch = size_max(1, (size_t)rint((double)s->model->config.patch * scale));
    size_t reach = size_max(1, size_min(made->height, made->width) / REACH_OF_SIDE);
    for (size_t f = 0; f < d->clip.frames; f += 4) {
        const BodyState *b = &d->state.frame[f].actor[0];
        size_t h = (size_t)fmaxf(8, fminf(1, b->height) * (float)d->clip.height);
        size_t w = (size_t)fmaxf(8, fminf(1, b->width) * (float)d->clip.width);
        for (int k = 0; k < 2; k++) {
            last[k] = looks_sharpest(clip[k], f, h, w);
            if (f == 0) first[k] = last[k];
            energy[k] += last[k];
        }
    }
    for (int k = 0; k < 2; k++) {
        out->gradient[k] += energy[k];
        out->borders[k] += looks_borders(clip[k], patch);
        out->residual[k] += looks_residual(clip[k], reach);
        out->last[k] += first[k] > 0 ? last[k] / first[k] : 1;
    }
    out->clips++;
}

static SoraStatus take(const TextSuite *s, const Compute *c, Arena *step, Turn *t)
{
    double scale;
    TRY(make(s, c, t, &scale));
    TRY(draw_render(&s->draw, &t->prompt.placed, t->i, t->a, &t->world));
    Clip both[2] = { t->made, t->world.clip };
    TRY(read_clips(s->reader, c, both, 2, step, t->a, t->reading));
    add_looks(s, scale, &t->world, &t->made, &t->looks);
    return SORA_OK;
}

static void take_one(void *ctx, size_t i, int worker)
{
    const Round *r = ctx;
    Turn *t = &r->turn[i];
    const Compute alone = compute_alone(r->s->c, worker);
    t->status = err_while(take(r->s, &alone, r->step[worker], t), "making prompt %llu, \"%s\"",
                          (unsigned long long)t->i + 1, t->prompt.text);
    if (t->status != SORA_OK) snprintf(t->sentence, sizeof t->sentence, "%s", err_text());
}

/* ---- scores ---------------------------------------------------------------------------- */

/* Does the prompt belong to the group? */
static bool belongs(const TextPrompt *p, TextGroup g)
{
    switch (g) {
    case TEXT_SEEN: return !p->pairs;
    case TEXT_PAIRS: return p->pairs;
    case TEXT_EN: return p->language == LANG_EN;
    case TEXT_ZH: return p->language != LANG_EN;
    case TEXT_PLAIN: return !p->paraphrase;
    case TEXT_PARAPHRASE: return p->paraphrase;
    default: return true;
    }
}

/* Every actor that was asked for has a count of its own. */
static void add_actors(const Reader *r, const ReadingLabels *l, const Reading *x, Score *actor)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(r, x, l->actor_count, best);
    for (size_t j = 0; j < l->actor_count; j++) {
        bool found = false;
        for (size_t k = 0; k < n; k++) found |= best[k] == l->actors[j];
        if (l->seen[j])
            score_add(&actor[l->actors[j]], found, (double)reading_presence(r, x, l->actors[j]));
    }
}

static void add_answers(const Reader *r, const ReadingLabels *l, const Reading x[2],
                        TextReport *out)
{
    for (int h = 0; h < READ_HEADS; h++) {
        TextAnswer *a = &out->answer[h][l->answer[h]];
        if (!(l->weight[h] > 0)) continue;
        a->asked++;
        for (int k = 0; k < 2; k++) a->right[k] += reading_best(r, &x[k], h) == l->answer[h];
    }
}

static void add_sums(const TextLooks *one, TextLooks *out)
{
    for (int k = 0; k < 2; k++) {
        out->gradient[k] += one->gradient[k];
        out->borders[k] += one->borders[k];
        out->residual[k] += one->residual[k];
        out->last[k] += one->last[k];
    }
    out->clips += one->clips;
}

static SoraStatus judge(const TextSuite *s, const Turn *t, TextReport *out)
{
    const TextPrompt *p = &t->prompt;
    ReadingLabels labels;
    bool found[2];
    if (t->status != SORA_OK) return err_set(t->status, "%s", t->sentence);
    reading_labels(&p->named, &p->said, &labels);
    for (int k = 0; k < 2; k++) {
        for (int g = 0; g < TEXT_GROUPS; g++)
            if (belongs(p, g))
                read_scores_add(&out->scores[g][k], s->reader, &labels, &t->reading[k], &found[k]);
        add_actors(s->reader, &labels, &t->reading[k], out->actor[k]);
    }
    add_answers(s->reader, &labels, t->reading, out);
    add_sums(&t->looks, &out->looks);
    return s->show ? s->show(s->show_self, p->text, found[0], &t->made, &t->world.clip) : SORA_OK;
}

/* ---- the suite ------------------------------------------------------------------------- */

/* The next prompts, from number *i, of actors that were taught; the others are counted. */
static SoraStatus fill_round(Round *r, uint64_t *i, TextReport *out)
{
    const TextSuite *s = r->s;
    for (r->count = 0; r->count < r->turns && *i < s->count; ++*i) {
        Turn *t = &r->turn[r->count];
        *t = (Turn){ .i = *i, .a = t->a };
        arena_rewind(t->a, (ArenaMark){ 0 });
        TRY(text_suite_prompt(s, *i, &t->prompt));
        out->drawn++;
        if (!is_taught(s, &t->prompt.placed)) {
            out->untaught++;
            continue;
        }
        t->told = (Told){ .text = t->prompt.text };
        if (s->tell) TRY(s->tell(s->tell_self, t->prompt.text, t->a, &t->told));
        r->count++;
    }
    return SORA_OK;
}

static SoraStatus run(Round *r, TextReport *out)
{
    const TextSuite *s = r->s;
    for (uint64_t i = 0; i < s->count;) {
        TRY(fill_round(r, &i, out));
        parallel_for(s->c->pool, r->count, take_one, r);
        TRY(pool_status(s->c->pool));
        for (size_t k = 0; k < r->count; k++) TRY(judge(s, &r->turn[k], out));
        TRY(draw_progress(&s->progress, (double)i, (double)s->count));
    }
    return SORA_OK;
}

static bool open_round(const TextSuite *s, Arena *a, Round *r)
{
    size_t threads = (size_t)pool_threads(s->c->pool);
    bool room = true;
    *r = (Round){ .s = s, .turns = EACH_THREAD * threads };
    r->turn = arena_zero(a, r->turns * sizeof *r->turn);
    r->step = arena_zero(a, threads * sizeof *r->step);
    for (size_t k = 0; k < r->turns; k++) room = (r->turn[k].a = arena_new("clips", 0)) && room;
    for (size_t k = 0; k < threads; k++) room = (r->step[k] = arena_new("step", 0)) && room;
    return room;
}

static void close_round(Round *r)
{
    for (size_t k = 0; k < r->turns; k++) arena_free(r->turn[k].a);
    for (int k = 0; k < pool_threads(r->s->c->pool); k++) arena_free(r->step[k]);
}

SoraStatus text_suite_run(const TextSuite *s, Arena *a, TextReport *out)
{
    const ReaderConfig *c = reader_config(s->reader);
    Round r;
    *out = (TextReport){ 0 };
    for (int k = 0; k < 2; k++) out->actor[k] = arena_zero(a, c->actors * sizeof(Score));
    for (int h = 0; h < READ_HEADS; h++)
        out->answer[h] = arena_zero(a, c->answers[h] * sizeof(TextAnswer));
    SoraStatus status =
        open_round(s, a, &r) ? run(&r, out) : err_set(SORA_E_MEMORY, "no memory for a suite");
    close_round(&r);
    return status;
}
