/* The exact state, and that what is said of a clip is true of it. */
#include "world_test.h"

typedef struct Fixture {
    World *world;
    Arena *arena;
} Fixture;

typedef struct Try {
    Facts f;
    WorldState s;
    CaptionView v;
    size_t frames;
} Try;

enum { SEEDS = 4000 };

static int setup(void **state)
{
    static Fixture f;
    f.world = small_world();
    f.arena = arena_new("state", 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    world_close(f->world);
    arena_free(f->arena);
    return 0;
}

static Try try_seed(const Fixture *t, uint64_t seed)
{
    static const size_t SIZE[][2] = { { 64, 64 }, { 256, 144 }, { 128, 96 }, { 144, 256 } };
    static const size_t FRAMES[] = { 25, 1, 49, 25, 73 };
    Try y = { .frames = FRAMES[seed % 5] };
    const size_t *size = SIZE[seed / 5 % 4];
    WorldFrames w = frames_of(y.frames, size[0], size[1], 12);
    WorldOptions o = { .split = (Split)(seed % 3),
                       .image = y.frames == 1,
                       .seconds = y.frames / 12.0 };
    world_sample(t->world, seed, &o, &y.f);
    CHECK_OK(world_state(t->world, &y.f, seed, &w, t->arena, &y.s));
    y.v = world_seen(t->world, &y.f, &y.s);
    return y;
}

static bool during(const Try *y, size_t k, const Event *e, const BodyState *b)
{
    double share = (double)k / y->frames;
    return y->frames == 1 ||
           (share >= e->start - 1e-6 && share <= e->end + 1e-6 && b->action == e->action);
}

/* Walks left: x falls, the camera's part taken out, and nobody who has a side looks back. */
static void check_heading(const Fixture *t, const Try *y, size_t i, int n)
{
    const Event *e = &y->f.actor[i].event[n];
    int way = e->action == ACT_MOVE_LEFT ? -1 : 1;
    int faces = world_actor(t->world, y->f.actor[i].actor)->faces;
    double sum = 0;
    size_t turned = 0, all = 0;
    for (size_t k = 0; k < y->frames; k++) {
        const BodyState *b = &y->s.frame[k].actor[i];
        if (!during(y, k, e, b)) continue;
        all++;
        sum += b->speed;
        turned += faces != 0 && b->heading != way;
    }
    if (y->frames > 1) assert_true(sum * way > 0);
    assert_true(turned * 6 <= all); /* it takes a moment to turn round */
}

static void test_headings(void **state)
{
    Fixture *t = *state;
    size_t said = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Try y = try_seed(t, seed);
        for (size_t i = 0; i < y.f.actors; i++) {
            for (int n = 0; n < y.f.actor[i].events; n++) {
                if (!(y.v.heading[i] >> n & 1)) continue;
                check_heading(t, &y, i, n);
                said++;
            }
        }
        arena_rewind(t->arena, mark);
    }
    assert_true(said > SEEDS / 4);
}

/* Who is named is there to be seen: a quarter of the time, half of it, and not as a dot. */
static void test_named_are_seen(void **state)
{
    Fixture *t = *state;
    size_t said = 0, silent = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Try y = try_seed(t, seed);
        assert_true(y.v.actor >> y.f.actors == 0);
        for (size_t i = 0; i < y.f.actors; i++) {
            size_t seen = 0;
            for (size_t k = 0; k < y.frames; k++) {
                const BodyState *b = &y.s.frame[k].actor[i];
                seen += b->visible >= 0.4f && b->height > 0.08f;
            }
            if (y.v.actor >> i & 1)
                assert_true(seen > 0 && seen * 4 >= y.frames);
            else
                silent++, assert_int_equal(y.v.event[i] | y.v.heading[i] | y.v.fast[i], 0);
            said += y.v.actor >> i & 1;
        }
        if (!(y.v.actor & 1)) assert_int_equal(y.v.prop, 0);
        arena_rewind(t->arena, mark);
    }
    assert_true(said > SEEDS && silent < SEEDS / 20);
}

static void check_relation(const Try *y)
{
    size_t both = 0;
    for (size_t k = 0; k < y->frames; k++) {
        const BodyState *a = &y->s.frame[k].actor[0], *b = &y->s.frame[k].actor[1];
        if (a->visible < 0.45f || b->visible < 0.45f) continue;
        both++;
        switch (y->f.relation) {
        case REL_LEFT_OF: assert_true(a->x < b->x); break;
        case REL_RIGHT_OF: assert_true(a->x > b->x); break;
        case REL_IN_FRONT_OF: assert_true(a->order > b->order && a->ground >= b->ground); break;
        case REL_BEHIND: assert_true(a->order < b->order && a->ground <= b->ground); break;
        case REL_PASSES_BEHIND: assert_true(a->order < b->order); break;
        default: break;
        }
    }
    assert_true(both > 0);
}

/* Where they are when both are first and last seen, left to right. */
static void check_ways(const Try *y)
{
    const BodyState *a0 = &y->s.frame[0].actor[0], *b0 = &y->s.frame[0].actor[1];
    const BodyState *a1 = &y->s.frame[y->frames - 1].actor[0];
    const BodyState *b1 = &y->s.frame[y->frames - 1].actor[1];
    double before = b0->x - a0->x, after = b1->x - a1->x, v = 0;
    for (size_t k = 0; k < y->frames; k++) v += y->s.frame[k].actor[0].speed;
    switch (y->f.relation) {
    case REL_CHASES:
    case REL_FOLLOWS: assert_true(v * before > 0 && v * after > 0); break;
    case REL_MEETS: assert_true(fabs(after) < fabs(before) && before * after > 0); break;
    case REL_PASSES_BEHIND: assert_true(before * after < 0); break;
    default: break;
    }
}

static void test_relations(void **state)
{
    Fixture *t = *state;
    size_t said[REL_COUNT] = { 0 }, asked[REL_COUNT] = { 0 };
    for (uint64_t seed = 0; seed < 3 * SEEDS; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Try y = try_seed(t, seed);
        asked[y.f.relation]++;
        if (y.v.relation) {
            said[y.f.relation]++;
            check_relation(&y);
            check_ways(&y);
        }
        arena_rewind(t->arena, mark);
    }
    assert_int_equal(said[REL_NONE], 0);
    for (int r = 1; r < REL_COUNT; r++) assert_true(said[r] > 10 && said[r] * 10 > asked[r] * 6);
}

/* Most doings of sampled facts come true; otherwise the stage or the sampling is wrong. */
static void test_doings(void **state)
{
    Fixture *t = *state;
    size_t said[ACT_COUNT] = { 0 }, asked[ACT_COUNT] = { 0 };
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Try y = try_seed(t, seed);
        for (size_t i = 0; i < y.f.actors && seed / 5 % 4 != 3; i++) {
            for (int n = 0; n < y.f.actor[i].events; n++) {
                asked[y.f.actor[i].event[n].action]++;
                said[y.f.actor[i].event[n].action] += y.v.event[i] >> n & 1;
            }
        }
        arena_rewind(t->arena, mark);
    }
    for (int a = 0; a < ACT_COUNT; a++)
        if (said[a] * 100 < asked[a] * 88)
            fail_msg("action %d is seen in %zu of %zu clips", a, said[a], asked[a]);
}

static void test_geometry(void **state)
{
    Fixture *t = *state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        Try y = try_seed(t, seed);
        for (size_t k = 0; k < y.frames; k++) {
            const FrameState *f = &y.s.frame[k];
            for (size_t i = 0; i < y.f.actors; i++) {
                const BodyState *b = &f->actor[i];
                assert_true(b->visible >= 0 && b->visible <= 1);
                bool out = b->x + b->width / 2 < 0 || b->x - b->width / 2 > 1;
                if (out) assert_true(b->visible == 0);
                for (size_t j = 0; j < i; j++) {
                    if (b->visible == 0 || f->actor[j].visible == 0) continue;
                    assert_int_not_equal(b->order, f->actor[j].order);
                }
            }
        }
        arena_rewind(t->arena, mark);
    }
}

/* A state that does not bear the facts out takes their claims away. */
static void test_untrue_is_not_said(void **state)
{
    Fixture *t = *state;
    Facts f = facts_one(0, SCENE_MEADOW, ACT_MOVE_LEFT);
    WorldFrames w = frames_of(25, 64, 64, 12);
    WorldState s;
    CHECK_OK(world_state(t->world, &f, 1, &w, t->arena, &s));
    CaptionView v = world_seen(t->world, &f, &s);
    assert_int_equal(v.actor, 1);
    assert_int_equal(v.event[0], 1);
    assert_int_equal(v.heading[0], 1);
    for (size_t k = 0; k < 25; k++) s.frame[k].actor[0].speed *= -1;
    v = world_seen(t->world, &f, &s);
    assert_int_equal(v.actor, 1);
    assert_int_equal(v.event[0] | v.heading[0], 0);
    for (size_t k = 0; k < 25; k++) s.frame[k].actor[0].visible = 0.2f;
    v = world_seen(t->world, &f, &s);
    assert_int_equal(v.actor, 0);
    f.camera = CAMERA_PAN_LEFT;
    assert_false(world_seen(t->world, &f, &s).camera);
}

/* One before the other hides part of it; beside each other neither hides anything. */
static void test_occlusion(void **state)
{
    Fixture *t = *state;
    Facts f = facts_one(0, SCENE_MEADOW, ACT_STAND);
    f.actors = 2;
    f.actor[1] = f.actor[0];
    f.actor[1].actor = 1;
    WorldFrames w = frames_of(1, 64, 64, 0);
    size_t hidden = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        WorldState s;
        f.relation = REL_IN_FRONT_OF;
        CHECK_OK(world_state(t->world, &f, seed, &w, t->arena, &s));
        assert_true(s.frame[0].actor[0].visible > 0.999f);
        hidden += s.frame[0].actor[1].visible < 0.98f;
        assert_true(s.frame[0].actor[1].visible > 0.45f);
        f.relation = REL_LEFT_OF;
        CHECK_OK(world_state(t->world, &f, seed, &w, t->arena, &s));
        assert_true(s.frame[0].actor[0].visible > 0.9f && s.frame[0].actor[1].visible > 0.9f);
        assert_true(s.frame[0].actor[0].x < s.frame[0].actor[1].x);
    }
    assert_true(hidden > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headings),  cmocka_unit_test(test_named_are_seen),
        cmocka_unit_test(test_relations), cmocka_unit_test(test_doings),
        cmocka_unit_test(test_geometry),  cmocka_unit_test(test_untrue_is_not_said),
        cmocka_unit_test(test_occlusion),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
