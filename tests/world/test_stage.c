/* The stage: motion in seconds, subjects in the picture, feet that do not slide. */
#include "world_test.h"

#include "base/rng.h"
#include "world/stage.h"

typedef struct Fixture {
    Cast *cast;
    World *world;
    Arena *arena;
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    CHECK_OK(cast_open(test_data("cast/cast.bin"), &f.cast));
    f.world = small_world();
    f.arena = arena_new("stage", 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    cast_close(f->cast);
    world_close(f->world);
    arena_free(f->arena);
    return 0;
}

static Facts sampled(const Fixture *t, uint64_t seed, double seconds, bool image)
{
    Facts f;
    WorldOptions o = { .split = SPLIT_TRAIN, .seconds = seconds, .image = image };
    world_sample(t->world, seed, &o, &f);
    return f;
}

static void test_seconds_not_frames(void **state)
{
    Fixture *t = *state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Facts f = sampled(t, seed, 2, false);
        Stage slow, fast;
        WorldFrames few = frames_of(24, 64, 64, 12), many = frames_of(60, 512, 512, 30);
        stage_make(t->cast, &f, seed, &few, t->arena, &slow);
        stage_make(t->cast, &f, seed, &many, t->arena, &fast);
        for (size_t k = 0; k < 24; k += 2) { /* every sixth of a second is in both */
            const Pose *a = &slow.frame[k].actor[0], *b = &fast.frame[k * 5 / 2].actor[0];
            CHECK_CLOSE(b->x, a->x, 1e-4);
            CHECK_CLOSE(b->y, a->y, 1e-4);
            CHECK_CLOSE(b->depth, a->depth, 1e-4);
            CHECK_CLOSE(b->time_s, a->time_s, 1e-4);
            CHECK_CLOSE(fast.frame[k * 5 / 2].camera.x, slow.frame[k].camera.x, 1e-4);
        }
        arena_rewind(t->arena, mark);
    }
}

static void test_same_seed_same_stage(void **state)
{
    Fixture *t = *state;
    Facts f = sampled(t, 5, 2, false);
    Stage a, b, c;
    WorldFrames size = frames_of(25, 64, 64, 12);
    stage_make(t->cast, &f, 5, &size, t->arena, &a);
    stage_make(t->cast, &f, 5, &size, t->arena, &b);
    stage_make(t->cast, &f, 6, &size, t->arena, &c);
    assert_memory_equal(a.frame, b.frame, 25 * sizeof *a.frame);
    assert_memory_not_equal(a.frame, c.frame, 25 * sizeof *a.frame);
}

/* Any ratio, length and rate: finite, and the subject is seen unless it comes or goes. */
static void test_subject_in_picture(void **state)
{
    Fixture *t = *state;
    static const size_t SIZE[][2] = { { 64, 64 },  { 256, 144 }, { 144, 256 },
                                      { 128, 96 }, { 252, 108 }, { 16, 16 } };
    static const size_t FRAMES[] = { 1, 2, 9, 25, 49, 97 };
    size_t tall = 0, all = 0;
    for (uint64_t seed = 0; seed < 1500; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        const size_t *size = SIZE[seed % 6];
        size_t frames = FRAMES[seed / 6 % 6];
        WorldFrames w = frames_of(frames, size[0], size[1], seed % 5 ? 12 : 24);
        Facts f = sampled(t, seed, frames > 1 ? frames / w.fps : 0, frames == 1);
        WorldState s;
        CHECK_OK(world_state(t->world, &f, seed, &w, t->arena, &s));
        float most = 0;
        size_t seen = 0;
        for (size_t k = 0; k < frames; k++) {
            const BodyState *b = &s.frame[k].actor[0];
            assert_true(isfinite(b->x) && isfinite(b->y) && isfinite(b->height));
            seen += b->visible > 0.55f;
            most = fmaxf(most, b->height);
        }
        if (!crosses(&f.actor[0]) && f.relation != REL_PASSES_BEHIND && f.relation != REL_BEHIND &&
            (f.actors > 1 ? seen * 4 < frames * 3 : seen < frames)) /* others may pass */
            fail_msg("seed %d: the subject is seen in %zu of %zu frames of %zux%zu", (int)seed,
                     seen, frames, size[0], size[1]);
        if (f.actor[0].size == SIZE_NORMAL && f.actors == 1 && size[0] >= size[1]) {
            all++;
            tall += most >= 0.35f;
        }
        arena_rewind(t->arena, mark);
    }
    assert_true(tall * 10 >= all * 9);
}

static void test_a_thousand_frames(void **state)
{
    Fixture *t = *state;
    WorldFrames w = frames_of(1000, 64, 64, 24);
    for (uint64_t seed = 0; seed < 12; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Facts f = sampled(t, seed, 1000 / 24.0, false);
        WorldState s;
        CHECK_OK(world_state(t->world, &f, seed, &w, t->arena, &s));
        if (!crosses(&f.actor[0])) assert_true(s.frame[999].actor[0].visible > 0.4f);
        arena_rewind(t->arena, mark);
    }
}

/* Walking pictures move on by the ground they cover: nothing slides. */
static void test_gait_in_step(void **state)
{
    Fixture *t = *state;
    size_t tried = 0;
    for (size_t i = 0; i < cast_count(t->cast, CAST_ACTOR); i++) {
        const Member *m = cast_member(t->cast, CAST_ACTOR, i);
        const Sprite *p = cast_sprite(t->cast, CAST_ACTOR, i);
        if (m->anim != ANIM_GAIT || m->realm != REALM_GROUND) continue;
        ArenaMark mark = arena_mark(t->arena);
        Facts f = facts_one((uint16_t)i, SCENE_MEADOW, ACT_MOVE_RIGHT);
        WorldFrames w = frames_of(48, 64, 64, 24);
        Stage s;
        stage_make(t->cast, &f, 3, &w, t->arena, &s);
        const Pose *a = &s.frame[8].actor[0], *b = &s.frame[40].actor[0];
        double loops = (b->time_s - a->time_s) * p->fps / p->frames;
        double widths = (b->x - a->x) / (a->height * p->aspect);
        assert_true(widths > 0.1);
        CHECK_CLOSE(loops * m->stride, widths, 0.04);
        tried++;
        arena_rewind(t->arena, mark);
    }
    assert_true(tried > 0);
}

/* Others hop: while they touch the ground, they stay where they are. */
static void test_hops_do_not_slide(void **state)
{
    Fixture *t = *state;
    size_t tried = 0;
    for (size_t i = 0; i < cast_count(t->cast, CAST_ACTOR); i++) {
        const Member *m = cast_member(t->cast, CAST_ACTOR, i);
        if (m->anim != ANIM_IDLE || m->realm != REALM_GROUND || m->gait == GAIT_DRIVE ||
            m->gait == GAIT_CRAWL)
            continue;
        ArenaMark mark = arena_mark(t->arena);
        Facts f = facts_one((uint16_t)i, SCENE_MEADOW, ACT_MOVE_LEFT);
        WorldFrames w = frames_of(240, 64, 64, 120);
        Stage s;
        stage_make(t->cast, &f, 4, &w, t->arena, &s);
        size_t contacts = 0;
        for (size_t k = 20; k + 21 < 240; k++) {
            const Pose *a = &s.frame[k].actor[0], *b = &s.frame[k + 1].actor[0];
            float ground = view_ground(&s.view, a->depth);
            if (a->y < ground - 1e-3f || b->y < ground - 1e-3f) continue;
            contacts++;
            assert_true(fabsf(b->x - a->x) < 0.002f);
        }
        assert_true(contacts > 5);
        tried++;
        arena_rewind(t->arena, mark);
    }
    assert_true(tried > 0);
}

/* Sizes that a caption names are plainly so. */
static void test_sizes(void **state)
{
    Fixture *t = *state;
    WorldFrames w = frames_of(1, 64, 64, 0);
    for (size_t i = 0; i < cast_count(t->cast, CAST_ACTOR); i++) {
        float h[SIZE_COUNT];
        for (int size = 0; size < SIZE_COUNT; size++) {
            Facts f = facts_one((uint16_t)i, SCENE_MEADOW, ACT_STAND);
            f.actor[0].size = (Size)size;
            Stage s;
            stage_make(t->cast, &f, 9, &w, t->arena, &s);
            h[size] = s.frame[0].actor[0].height;
        }
        assert_true(h[SIZE_SMALL] < 0.78f * h[SIZE_NORMAL]);
        assert_true(h[SIZE_BIG] > 1.1f * h[SIZE_NORMAL]);
    }
}

static void test_bad_arguments(void **state)
{
    Fixture *t = *state;
    Facts f = facts_one(0, SCENE_MEADOW, ACT_STAND);
    WorldFrames w = frames_of(9, 64, 64, 12);
    WorldState s;
    f.actor[0].actor = 60000;
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "60000");
    f = facts_one(0, SCENE_MEADOW, ACT_STAND);
    f.actors = 0;
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "0 actors");
    f = facts_one(0, SCENE_MEADOW, ACT_STAND);
    f.actor[0].event[0].end = NAN;
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "shares");
    f = facts_one(0, (Scene)99, ACT_STAND);
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "scene 99");
    f = facts_one(0, SCENE_MEADOW, ACT_STAND);
    w.width = 8;
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "8x64");
    w = frames_of(1001, 64, 64, 12);
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "1001");
    w = frames_of(9, 64, 64, NAN);
    CHECK_FAILS(world_state(t->world, &f, 1, &w, t->arena, &s), SORA_E_ARGUMENT, "frames a second");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds_not_frames),
        cmocka_unit_test(test_same_seed_same_stage),
        cmocka_unit_test(test_subject_in_picture),
        cmocka_unit_test(test_a_thousand_frames),
        cmocka_unit_test(test_gait_in_step),
        cmocka_unit_test(test_hops_do_not_slide),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
