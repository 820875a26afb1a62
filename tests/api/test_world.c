/* The world behind sora.h: clips with their texts, the same for the same seed, and refusals. */
#include "check.h"

#include "base/json.h"
#include "sora.h"

typedef struct Fixture {
    SoraWorld *world;
    Arena *arena;
} Fixture;

static int setup(void **state)
{
    static Fixture f;
    CHECK_OK(sora_world_open(test_data("cast/cast.bin"), &f.world));
    f.arena = arena_new("json", 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    sora_world_close(f->world);
    arena_free(f->arena);
    return 0;
}

static SoraWorldShot small_shot(uint64_t seed)
{
    SoraWorldShot s;
    sora_world_shot_init(&s);
    s.seed = seed;
    s.width = 48, s.height = 32, s.frames = 7, s.fps = 12;
    return s;
}

static void test_same_seed_same_clip(void **state)
{
    Fixture *t = *state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        SoraWorldShot s = small_shot(seed);
        SoraWorldClip a, b;
        CHECK_OK(sora_world_make(t->world, &s, &a));
        CHECK_OK(sora_world_make(t->world, &s, &b));
        for (int k = 0; k < 7; k++)
            assert_memory_equal(sora_clip_pixels(a.clip, k), sora_clip_pixels(b.clip, k),
                                48 * 32 * 3);
        assert_string_equal(a.caption, b.caption);
        assert_string_equal(a.state, b.state);
        assert_true(strlen(a.caption) > 3);
        sora_clip_free(a.clip);
        sora_clip_free(b.clip);
    }
}

static void check_state(const Json *x)
{
    assert_int_equal(json_get(x, "frames")->integer, 7);
    assert_int_equal(json_get(x, "states")->count, 7);
    size_t actors = json_get(x, "actors")->count;
    assert_true(actors >= 1 && actors <= 3);
    for (size_t k = 0; k < 7; k++) {
        const Json *now = &json_get(x, "states")->item[k];
        assert_int_equal(json_get(now, "actors")->count, actors);
        double seen = json_get(&json_get(now, "actors")->item[0], "visible")->number;
        assert_true(seen >= 0 && seen <= 1);
    }
    static const char *const LANGUAGE[] = { "en", "zh", "zh-Hant" };
    static const char *const FORM[] = { "short", "sentence", "detailed" };
    for (int l = 0; l < 3; l++)
        for (int f = 0; f < 3; f++)
            assert_true(*json_text(json_get(json_get(x, "captions"), LANGUAGE[l]), FORM[f]) != 0);
}

static void test_state_is_json(void **state)
{
    Fixture *t = *state;
    static const char *const SPLIT[] = { "train", "pairs", "test" };
    for (uint64_t seed = 0; seed < 60; seed++) {
        ArenaMark mark = arena_mark(t->arena);
        SoraWorldShot s = small_shot(seed);
        SoraWorldClip c;
        const Json *x;
        s.split = SPLIT[seed % 3];
        CHECK_OK(sora_world_make(t->world, &s, &c));
        CHECK_OK(json_parse(c.state, strlen(c.state), "state", t->arena, &x));
        assert_string_equal(json_text(x, "split"), s.split);
        check_state(x);
        sora_clip_free(c.clip);
        arena_rewind(t->arena, mark);
    }
}

static void test_list(void **state)
{
    Fixture *t = *state;
    const Json *x;
    const char *text = sora_world_list(t->world);
    CHECK_OK(json_parse(text, strlen(text), "list", t->arena, &x));
    assert_int_equal(json_get(x, "actors")->count, 12); /* those of the small cast alone */
    assert_int_equal(json_get(x, "scenes")->count, 16);
    const Json *cat = &json_get(x, "actors")->item[0];
    assert_string_equal(json_text(cat, "id"), "cat");
    assert_true(json_get(cat, "zh")->count > 0);
}

static void check_shown(Fixture *t, const char *prompt, const char *actor, const char *scene,
                        const char *unknown)
{
    ArenaMark mark = arena_mark(t->arena);
    SoraWorldShot s = small_shot(3);
    SoraWorldClip c;
    const Json *x;
    s.prompt = prompt;
    CHECK_OK(sora_world_make(t->world, &s, &c));
    CHECK_OK(json_parse(c.state, strlen(c.state), "state", t->arena, &x));
    assert_string_equal(json_text(&json_get(x, "actors")->item[0], "id"), actor);
    assert_string_equal(json_text(x, "scene"), scene);
    assert_null(json_text(x, "split"));
    assert_string_equal(c.unknown, unknown);
    check_state(x);
    sora_clip_free(c.clip);
    arena_rewind(t->arena, mark);
}

static void test_shown(void **state)
{
    Fixture *t = *state;
    check_shown(t, "a penguin dances on the beach at night", "penguin", "beach", "");
    check_shown(t, "a purple cat and a submarine in a forest", "cat", "forest",
                "purple, submarine");
    check_shown(t, "一只紫色的猫在雪地里", "cat", "snow", "紫色的");
    check_shown(t, "an astronaut", "astronaut", "meadow", ""); /* nothing said: where it lives */
    SoraWorldShot s = small_shot(1);
    SoraWorldClip c;
    s.prompt = "a submarine in the sea";
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "does not know: submarine");
    s.prompt = "rain";
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "names no actor");
    s.prompt = "a tractor"; /* known, but not in the small cast */
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "this cast has no tractor");
    s.prompt = "";
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "the prompt is empty");
    s.prompt = "a cat \xff";
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "UTF-8");
}

/* Whoever is asked to do whatever, wherever: it is drawn, and the caption says it. */
static void test_anything_is_shown(void **state)
{
    Fixture *t = *state;
    static const char *const who[] = { "a cat", "a fish", "an eagle", "a sailboat", "a rocket" };
    static const char *const what[] = {
        "stands still", "runs left",           "comes closer", "goes away", "jumps",  "dances",
        "spins",        "goes in circles",     "rises",        "falls",     "enters", "leaves",
        "sleeps",       "enters, stops, jumps"
    };
    static const char *const where[] = { "in space",   "on the sea floor", "in a room",
                                         "in the sky", "by a river",       "in a city at night",
                                         "in the snow" };
    for (size_t i = 0; i < 5 * 14 * 7; i++) {
        char prompt[256];
        snprintf(prompt, sizeof prompt, "%s %s next to a red apple %s", who[i % 5],
                 what[i / 5 % 14], where[i / 70]);
        SoraWorldShot s = small_shot(i);
        SoraWorldClip c;
        s.prompt = prompt;
        if (sora_world_make(t->world, &s, &c) != SORA_OK) fail_msg("%s: %s", prompt, sora_error());
        assert_string_equal(c.unknown, "");
        sora_clip_free(c.clip);
    }
}

static void test_refusals(void **state)
{
    Fixture *t = *state;
    SoraWorld *w;
    SoraWorldClip c;
    CHECK_FAILS(sora_world_open("/nowhere.bin", &w), SORA_E_IO, "/nowhere.bin");
    CHECK_FAILS(sora_world_open(test_data("media/three.gif"), &w), SORA_E_FORMAT, "cast file");
    SoraWorldShot s = small_shot(1);
    s.split = "tests";
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "\"tests\" is no split");
    s = small_shot(1);
    s.frames = 0;
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "0 frames");
    s = small_shot(1);
    s.width = 5000;
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "5000x32");
    s = small_shot(1);
    s.fps = 0;
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "frames a second");
    s = (SoraWorldShot){ 0 };
    CHECK_FAILS(sora_world_make(t->world, &s, &c), SORA_E_ARGUMENT, "SoraWorldShot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_clip),
        cmocka_unit_test(test_state_is_json),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_anything_is_shown),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
