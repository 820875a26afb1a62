/* Held-out pairs: a tenth, and never in training. */
#include "world_test.h"

#include "world/split.h"

static World *world;

static int setup(void **state)
{
    (void)state;
    world = small_world();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(world);
    return 0;
}

static bool holds(const Facts *f)
{
    for (int i = 0; i < f->actors; i++) {
        const char *id = world_actor(world, f->actor[i].actor)->id;
        if (split_scene(id, f->scene)) return true;
        for (int e = 0; e < f->actor[i].events; e++)
            if (split_action(id, f->actor[i].event[e].action)) return true;
        for (int j = 0; j < f->actors; j++)
            if (i != j && split_actors(id, world_actor(world, f->actor[j].actor)->id)) return true;
    }
    return false;
}

static void test_no_leak(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        for (int image = 0; image < 2; image++) {
            Facts f;
            WorldOptions o = { .image = image, .seconds = seed % 3 ? 2 : 6 };
            world_sample(world, seed, &o, &f);
            assert_false(holds(&f));
            assert_false(world_held_out(world, &f));
            o.split = SPLIT_TEST;
            world_sample(world, seed, &o, &f);
            assert_false(holds(&f));
            o.split = SPLIT_PAIRS;
            world_sample(world, seed, &o, &f);
            assert_true(holds(&f));
            assert_true(world_held_out(world, &f));
        }
    }
}

/* The test split draws other facts than training does from the same number. */
static void test_other_seeds(void **state)
{
    (void)state;
    size_t same = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        Facts a, b;
        WorldOptions o = { .split = SPLIT_TRAIN };
        world_sample(world, seed, &o, &a);
        o.split = SPLIT_TEST;
        world_sample(world, seed, &o, &b);
        same += memcmp(&a, &b, sizeof a) == 0;
    }
    assert_true(same < 10);
}

static void test_a_tenth(void **state)
{
    (void)state;
    size_t actions = 0, scenes = 0, pairs = 0, n = 2000;
    for (size_t i = 0; i < n; i++) {
        char id[32], other[32];
        snprintf(id, sizeof id, "actor_%zu", i);
        snprintf(other, sizeof other, "other_%zu", i * 7);
        actions += split_action(id, (Action)(i % ACT_COUNT));
        scenes += split_scene(id, (Scene)(i % SCENE_COUNT));
        pairs += split_actors(id, other);
        assert_int_equal(split_actors(id, other), split_actors(other, id));
    }
    CHECK_CLOSE(actions / (double)n, 0.1, 0.025);
    CHECK_CLOSE(scenes / (double)n, 0.1, 0.025);
    CHECK_CLOSE(pairs / (double)n, 0.1, 0.025);
}

/* Frozen: these values were in force when the first model was trained. */
static void test_frozen(void **state)
{
    (void)state;
    static const char *const ID[] = { "dog", "cat", "horse", "rocket", "whale", "panda", "bus" };
    uint64_t bits = 0;
    size_t k = 0;
    for (size_t i = 0; i < 7; i++) {
        for (int a = 0; a < ACT_COUNT; a++) bits ^= (uint64_t)split_action(ID[i], a) << (k++ % 64);
        for (int s = 0; s < SCENE_COUNT; s++) bits ^= (uint64_t)split_scene(ID[i], s) << (k++ % 64);
        for (size_t j = 0; j < i; j++) bits ^= (uint64_t)split_actors(ID[i], ID[j]) << (k++ % 64);
    }
    assert_int_equal(bits, 0x5088920284720805u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_leak),
        cmocka_unit_test(test_other_seeds),
        cmocka_unit_test(test_a_tenth),
        cmocka_unit_test(test_frozen),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
