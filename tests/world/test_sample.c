/* Sampled facts: sensible, varied, and the same for the same seed. */
#include "world_test.h"

typedef struct Fixture {
    World *world;
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    f.world = small_world();
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    world_close(f->world);
    return 0;
}

enum { DRAWS = 6000 };

static void test_where_they_live(void **state)
{
    Fixture *t = *state;
    size_t count[FACTS_ACTORS_MAX + 1] = { 0 };
    size_t scene[SCENE_COUNT] = { 0 }, action[ACT_COUNT] = { 0 }, camera[CAMERA_COUNT] = { 0 };
    size_t relation[REL_COUNT] = { 0 }, props = 0;
    WorldOptions o = { .split = SPLIT_TRAIN, .seconds = 2 };
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        Facts f, again;
        world_sample(t->world, seed, &o, &f);
        world_sample(t->world, seed, &o, &again);
        assert_memory_equal(&f, &again, sizeof f);
        count[f.actors]++, scene[f.scene]++, camera[f.camera]++, relation[f.relation]++;
        props += f.props > 0;
        assert_true(f.actors >= 1 && f.actors <= FACTS_ACTORS_MAX);
        for (int i = 0; i < f.actors; i++) {
            const Member *m = world_actor(t->world, f.actor[i].actor);
            assert_true(m->scenes >> f.scene & 1);
            for (int j = 0; j < i; j++) assert_int_not_equal(f.actor[i].actor, f.actor[j].actor);
            assert_int_equal(f.actor[i].events, 1); /* two seconds */
            action[f.actor[i].event[0].action]++;
        }
        Facts tidy = f;
        facts_tidy(&tidy);
        assert_memory_equal(&f, &tidy, sizeof f);
        if (f.relation != REL_NONE) assert_true(f.actors > 1);
    }
    /* 65, 25, 10 percent; some scenes have fewer than three inhabitants in the small cast. */
    assert_true(count[1] > DRAWS * 6 / 10 && count[1] < DRAWS * 8 / 10);
    assert_true(count[2] > DRAWS * 15 / 100 && count[2] < DRAWS * 3 / 10);
    assert_true(count[3] > DRAWS * 3 / 100 && count[3] < DRAWS * 12 / 100);
    for (int s = 0; s < SCENE_COUNT; s++) assert_true(scene[s] > DRAWS / 100);
    for (int a = 0; a < ACT_COUNT; a++) assert_true(action[a] > DRAWS / 400);
    for (int c = 0; c < CAMERA_COUNT; c++) assert_true(camera[c] > DRAWS / 100);
    for (int r = 0; r < REL_COUNT; r++) assert_true(relation[r] > DRAWS / 400);
    assert_true(props > DRAWS / 25);
}

static void test_images(void **state)
{
    Fixture *t = *state;
    WorldOptions o = { .split = SPLIT_TRAIN, .image = true };
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        Facts f;
        world_sample(t->world, seed, &o, &f);
        assert_int_equal(f.camera, CAMERA_STILL);
        for (int i = 0; i < f.actors; i++) {
            Action a = f.actor[i].event[0].action;
            assert_int_equal(f.actor[i].events, 1);
            assert_true(a != ACT_ENTER && a != ACT_LEAVE && a != ACT_APPROACH && a != ACT_GO_AWAY &&
                        a != ACT_CIRCLE && a != ACT_SPIN);
        }
        assert_true(f.relation < REL_FOLLOWS || f.relation == REL_BIGGER_THAN);
    }
}

static void test_longer_clips_have_more_events(void **state)
{
    Fixture *t = *state;
    WorldOptions o = { .split = SPLIT_TRAIN, .seconds = 6 };
    size_t by[FACTS_EVENTS_MAX + 1] = { 0 };
    for (uint64_t seed = 0; seed < 2000; seed++) {
        Facts f;
        world_sample(t->world, seed, &o, &f);
        const ActorFacts *a = &f.actor[0];
        by[a->events]++;
        for (int e = 0; e < a->events; e++) {
            assert_true(a->event[e].start < a->event[e].end);
            if (e > 0) assert_true(a->event[e].start >= a->event[e - 1].end - 1e-6f);
        }
    }
    assert_true(by[1] > 300 && by[2] > 200 && by[3] > 200);
}

static void test_curricula(void **state)
{
    Fixture *t = *state;
    const uint64_t first = 0xf;
    WorldOptions o = { .split = SPLIT_TRAIN,
                       .actors = &first,
                       .actors_max = 1,
                       .scenes = 1u << SCENE_MEADOW | 1u << SCENE_SNOW };
    for (uint64_t seed = 0; seed < 500; seed++) {
        Facts f;
        world_sample(t->world, seed, &o, &f);
        assert_int_equal(f.actors, 1);
        assert_true(f.actor[0].actor < 4);
        assert_true(f.scene == SCENE_MEADOW || f.scene == SCENE_SNOW);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_they_live),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_longer_clips_have_more_events),
        cmocka_unit_test(test_curricula),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
