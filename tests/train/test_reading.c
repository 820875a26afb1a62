/* The reader's lesson: its answers, its rough pictures, and that it learns the world's clips. */
#include "check.h"

#include <unistd.h>

#include "base/rng.h"
#include "train/lesson_reader.h"
#include "train/reading.h"
#include "train/source_world.h"
#include "train/trainer.h"
#include "world/naming.h"

static Facts one_dog(void)
{
    Facts f = { .actors = 1,
                .scene = SCENE_BEACH,
                .time = TIME_NIGHT,
                .weather = WEATHER_RAIN,
                .camera = CAMERA_PAN_LEFT };
    f.actor[0] = (ActorFacts){ .actor = 3, .size = SIZE_BIG, .events = 1 };
    f.actor[0].event[0] = (Event){ ACT_JUMP, false, 0, 1 };
    return f;
}

static void answers_what_can_be_seen(void **state)
{
    (void)state;
    Facts f = one_dog();
    CaptionView v = caption_view_all(&f);
    ReadingLabels l;
    reading_labels(&f, &v, &l);
    const uint32_t want[READ_HEADS] = { SCENE_BEACH, TIME_NIGHT, WEATHER_RAIN, CAMERA_PAN_LEFT,
                                        0,           ACT_JUMP,   SIZE_BIG,     1 };
    for (int h = 0; h < READ_HEADS; h++) {
        assert_int_equal(l.answer[h], want[h]);
        CHECK_CLOSE((double)l.weight[h], 1, 0);
    }
    assert_int_equal(l.actor_count, 1);
    assert_int_equal(l.actors[0], 3);
    assert_true(l.seen[0]);
    v.event[0] = 0, v.weather = false, v.size = 0;
    reading_labels(&f, &v, &l);
    assert_true(l.weight[READ_ACTION] == 0 && l.weight[READ_WEATHER] == 0);
    assert_true(l.weight[READ_SIZE] == 0 && l.weight[READ_SCENE] == 1);
    /* Two actors, one hidden: no count, no doing of the subject. */
    f.actors = 2;
    f.actor[1] = f.actor[0];
    f.actor[1].actor = 5;
    v = caption_view_all(&f);
    v.actor = 1;
    reading_labels(&f, &v, &l);
    assert_int_equal(l.actor_count, 2);
    assert_true(l.seen[0] && !l.seen[1]);
    assert_true(l.weight[READ_COUNT] == 0 && l.weight[READ_ACTION] == 0);
    v.actor = 3;
    reading_labels(&f, &v, &l);
    assert_int_equal(l.answer[READ_COUNT], 1);
    CHECK_CLOSE((double)l.weight[READ_COUNT], 1, 0);
}

/* A disc on a chequered ground. */
static void draw(Clip *c)
{
    for (size_t f = 0; f < c->frames; f++)
        for (size_t y = 0; y < c->height; y++)
            for (size_t x = 0; x < c->width; x++) {
                double d = hypot((double)x - 20, (double)y - 30);
                uint8_t *p = clip_frame(c, f) + (y * c->width + x) * 3;
                p[0] = d < 12                ? 220
                       : (x / 4 + y / 4) % 2 ? 90
                                             : 130,
                p[1] = d < 12 ? 60 : 120, p[2] = 80;
            }
}

/* The sum of steps between neighbours. */
static double edges(const Clip *c)
{
    double sum = 0;
    for (size_t f = 0; f < c->frames; f++)
        for (size_t i = 3; i < c->height * c->width * 3; i++)
            sum += abs(clip_frame(c, f)[i] - clip_frame(c, f)[i - 3]);
    return sum;
}

static double apart(const Clip *x, const Clip *y)
{
    double sum = 0;
    size_t n = x->frames * x->height * x->width * 3;
    for (size_t i = 0; i < n; i++) sum += abs(x->rgb[i] - y->rgb[i]);
    return sum / (double)n;
}

static void roughens_and_spoils(void **state)
{
    (void)state;
    enum { CLIPS = 400 };
    Arena *a = arena_new("test", 0);
    size_t spoiled = 0, softer = 0;
    double whole_apart = 0, spoiled_apart = 0;
    for (uint64_t seed = 0; seed < CLIPS; seed++) {
        ArenaMark mark = arena_mark(a);
        Clip was, now, again;
        bool likeness, same;
        uint8_t *scratch = arena_alloc(a, 64 * 48 * 3);
        CHECK_OK(clip_new(a, 2, 64, 48, 6, &was));
        CHECK_OK(clip_new(a, 2, 64, 48, 6, &now));
        CHECK_OK(clip_new(a, 2, 64, 48, 6, &again));
        draw(&was), draw(&now), draw(&again);
        reading_roughen(&now, seed, scratch, &likeness);
        memset(scratch, 7, 64 * 48 * 3);
        reading_roughen(&again, seed, scratch, &same);
        assert_memory_equal(now.rgb, again.rgb, 2 * 64 * 48 * 3);
        assert_int_equal(likeness, same);
        spoiled += !likeness;
        softer += edges(&now) < 0.8 * edges(&was);
        *(likeness ? &whole_apart : &spoiled_apart) += apart(&was, &now);
        arena_rewind(a, mark);
    }
    assert_in_range(spoiled, CLIPS / 5, 3 * CLIPS / 10);
    assert_true(softer > CLIPS / 10);
    /* What is spoiled is further from what it was. */
    double whole = whole_apart / (double)(CLIPS - spoiled), bad = spoiled_apart / (double)spoiled;
    if (!(bad > 1.15 * whole)) fail_msg("spoiled clips differ by %g, whole ones by %g", bad, whole);
    arena_free(a);
}

/* ---- learning -------------------------------------------------------------------------- */

enum { FACTS = 12, STEPS = 120 };

static double share_right(const char *path, const Compute *c, Source source, const Lexicon *lex)
{
    ReaderFile f;
    CHECK_OK(reader_open(path, &f));
    Arena *a = arena_new("read", 0), *step = arena_new("step", 0);
    size_t right = 0, asked = 0;
    (void)lex;
    for (uint64_t i = 0; i < FACTS; i++) {
        Example e;
        ReaderInput in;
        Reading x;
        ReadingLabels l;
        CHECK_OK(source.make(source.self, i, a, &e));
        ReaderClip clip = { e.clip.rgb, e.clip.frames, e.clip.height, e.clip.width, e.clip.fps };
        reader_pack(&clip, 1, a, &in);
        reader_read(f.reader, c, &in, step, a, &x);
        reading_labels(e.facts, e.view, &l);
        right += reading_best(f.reader, &x, READ_SCENE) == l.answer[READ_SCENE];
        uint16_t best;
        assert_int_equal(reading_actors(f.reader, &x, 1, &best), 1);
        bool among = false;
        for (size_t j = 0; j < l.actor_count; j++) among |= l.actors[j] == best;
        right += among;
        asked += 2;
    }
    arena_free(step);
    arena_free(a);
    reader_close(&f);
    return (double)right / (double)asked;
}

/* The same twelve facts with other pixels in every round. */
static void learns_the_worlds_facts(void **state)
{
    (void)state;
    char dir[] = "/tmp/sora-reading-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    Arena *a = arena_new("test", 0);
    Compute *c;
    Pool *pool;
    World *world;
    const Lexicon *lex;
    CHECK_OK(pool_new(2, &pool));
    CHECK_OK(compute_new(pool, NULL, &c));
    CHECK_OK(world_open(test_data("cast/cast.bin"), &world));
    CHECK_OK(lexicon_builtin(a, &lex));
    WorldSource w = {
        .world = world,
        .lexicon = lex,
        .seed = 4,
        .actors_max = 1,
        .sizes = { { .frames = 1, .height = 48, .width = 48, .share = 0.5f },
                   { .frames = 13, .height = 48, .width = 48, .fps = 6, .share = 0.5f } },
        .size_count = 2,
        .period = FACTS,
        .repeats = 100000
    };
    Source source = source_world(&w);
    ReaderConfig config = reader_config_default((size_t)lexicon_count(lex, WORD_ACTOR));
    config.eye = (EyeConfig){ { 16, 32 } };
    config.width = 64, config.heads = 2, config.layers = 1, config.hidden = 96;
    TrainerConfig t = trainer_config_default();
    t.optim.ema = 0.8f;
    t.tokens = 12 * 24, t.warmup = 10, t.steps = STEPS, t.threads = 1;
    t.optim.lr_hidden = 5e-3f, t.optim.lr_other = 3e-3f;
    Lesson lesson = lesson_reader(&config, a);
    Trainer *trainer;
    StepReport r;
    CHECK_OK(trainer_new(&t, &lesson, source, NULL, NULL, &trainer));
    CHECK_OK(trainer_step(trainer, c, &r));
    float first = r.loss, last = 0;
    while (trainer_progress(trainer) < 1) {
        CHECK_OK(trainer_step(trainer, c, &r));
        last = last ? 0.9f * last + 0.1f * r.loss : r.loss;
    }
    if (!(last < first / 3)) fail_msg("the loss went from %g to %g", (double)first, (double)last);
    CHECK_OK(trainer_save(trainer, dir));
    snprintf(path, sizeof path, "%s/reader.safetensors", dir);
    double right = share_right(path, c, source, lex);
    if (!(right >= 0.75)) fail_msg("%.0f%% of actors and scenes are read back", 100 * right);
    trainer_free(trainer);
    world_close(world);
    compute_free(c);
    pool_free(pool);
    arena_free(a);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void size_of(const void *self, uint64_t i, SourceSize *out)
{
    (void)self, (void)i;
    *out = (SourceSize){ .frames = 1, .height = 16, .width = 16, .share = 1 };
}

static SoraStatus make_plain(const void *self, uint64_t i, Arena *a, Example *out)
{
    (void)self, (void)i;
    *out = (Example){ .caption = (char *)"a dog" };
    TRY(clip_new(a, 1, 16, 16, 0, &out->clip));
    memset(out->clip.rgb, 9, 16 * 16 * 3);
    return SORA_OK;
}

static void refuses_clips_without_facts(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    ReaderConfig config = reader_config_default(3);
    config.eye = (EyeConfig){ { 8, 8 } };
    config.width = 16, config.heads = 1, config.layers = 1, config.hidden = 16;
    TrainerConfig t = trainer_config_default();
    t.tokens = 2, t.threads = 1;
    Lesson lesson = lesson_reader(&config, a);
    Trainer *trainer;
    StepReport r;
    CHECK_OK(trainer_new(&t, &lesson, (Source){ size_of, make_plain, NULL }, NULL, NULL, &trainer));
    CHECK_FAILS(trainer_step(trainer, c, &r), SORA_E_ARGUMENT, "captions alone");
    trainer_free(trainer);
    compute_free(c);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_what_can_be_seen),
        cmocka_unit_test(roughens_and_spoils),
        cmocka_unit_test(learns_the_worlds_facts),
        cmocka_unit_test(refuses_clips_without_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
