/* Instructions change facts, and nothing that they do not speak of. */
#include "check.h"

#include "base/rng.h"
#include "told.h"
#include "words/instruct.h"

static const Lexicon *lex;

typedef struct Change {
    const char *prompt, *words, *facts;
    bool is; /* an instruction by its form */
} Change;

/* clang-format off */
static const Change changes[] = {
        { "a dog runs left on the beach", "make it night",
          "dog(move_left!*) beach night", true },
        { "a dog runs left on the beach", "让它下雨",
          "dog(move_left!*) beach day :rain", true },
        { "a dog runs left", "turn the dog into a cat",
          "cat(move_left!*) meadow day", true },
        { "a dog next to a ball", "remove the ball",
          "dog(stand) meadow day", true },
        { "a dog in the forest", "add snow",
          "dog(stand) forest day :snow", true },
        { "一只狗在草地上", "把狗变成猫",
          "cat(stand) meadow day", true },
        { "一只狗在草地上", "把草地换成沙漠",
          "dog(stand) desert day", true },
        { "a dog and a cat in the city at night", "make it day",
          "dog(stand) cat(stand) city day", true },
        { "a dog and a cat", "remove the cat",
          "dog(stand) meadow day", true },
        { "a dog", "add a cat and a red apple",
          "dog(stand) cat(stand) +red_apple meadow day", true },
        { "a dog", "make it jump",
          "dog(jump) meadow day", true },
        { "a dog", "make the dog jump, then sleep",
          "dog(jump,sleep) meadow day", true },
        { "a dog runs", "make it bigger",
          "big dog(move_right!*) meadow day", true },
        { "a dog runs left", "make it faster",
          "dog(move_left!*) meadow day", true },
        { "a dog in the rain", "remove the rain",
          "dog(stand) meadow day", true },
        { "a dog in the rain", "no more rain, and make it dusk",
          "dog(stand) meadow dusk", true },
        { "a dog", "change the scene to a forest",
          "dog(stand) forest day", true },
        { "a dog", "zoom in",
          "dog(stand) meadow day @zoom_in", false },
        { "a dog, the camera shakes", "remove the camera shake",
          "dog(stand) meadow day", true },
        { "a dog", "replace the dog with a big elephant",
          "big elephant(stand) meadow day", true },
        { "a dog in the snow", "take away the snow",
          "dog(stand) meadow day", true },
        { "a dog", "turn it into a robot",
          "robot(stand) meadow day", true },
        { "a dog", "let it snow",
          "dog(stand) meadow day :snow", true },
        { "a dog chases a cat", "remove the cat",
          "dog(stand) meadow day", true },
        { "一只狗在跳舞", "让狗睡觉",
          "dog(sleep) meadow day", true },
        { "一只狗", "添加一只猫",
          "dog(stand) cat(stand) meadow day", true },
        { "一只狗旁边有一个气球", "去掉气球",
          "dog(stand) meadow day", true },
        { "一只狗", "用猫代替狗",
          "cat(stand) meadow day", true },
        { "一只狗", "把白天变成夜晚",
          "dog(stand) meadow night", true },
        { "一只狗", "让它变大",
          "big dog(stand) meadow day", true },
        { "一只狗在城市里", "改成下雪的晚上",
          "dog(stand) night_city night :snow", true },
        { "两只狗", "把狗都变成狐狸",
          "fox(stand) fox(stand) meadow day", true },
        { "a dog", "把它变成一只猫，然后让它下雪",
          "cat(stand) meadow day :snow", true },
        { "a dog", "at sunset",
          "dog(stand) meadow dusk", false },
        { "a dog and a cat", "the dog chases the cat",
          "dog(stand) cat(stand) chases meadow day", false },
        { "a dog and a cat", "make the cat chase the dog",
          "cat(stand) dog(stand) chases meadow day", true },
        { "a dog", "make the weather foggy and the camera pan left",
          "dog(stand) meadow day :fog @pan_left", true },
        { "a dog", "put a hat next to the dog",
          "dog(stand) +top_hat meadow day", true },
        { "a dog", "it should rain",
          "dog(stand) meadow day :rain", true },
        { "a dog", "make a video of a cat",
          "dog(stand) cat(stand) meadow day", false },
        { "a dog", "please make it rain",
          "dog(stand) meadow day :rain", true },
        { "a cat with a balloon", "swap the balloon for a kite",
          "cat(stand) +kite meadow day", true },
        { "a dog", "turn left",
          "dog(move_left!) meadow day", true },
        { "a dog in space", "make it day",
          "dog(stand) space night", true },
        { "a dog", "make the dog jump, then sleep",
          "dog(jump,sleep) meadow day", true },
        { "a dog", "make it night, let it rain",
          "dog(stand) meadow night :rain", true },
        { "一只狗", "去掉狗，添加一只猫",
          "cat(stand) meadow day", true },
        { "a dog", "remove the dog, then add a cat and make it snow",
          "cat(stand) meadow day :snow", true },
        { "a dog", "a cat sleeps",
          "dog(stand) cat(sleep) meadow day", false },
};
/* clang-format on */

/* In short; what is as usual (clear, a camera that stands still) is left out. */
static void whole_in_short(const Facts *f, char *out, size_t room)
{
    ParseReport r = { .said = caption_view_all(f) };
    r.said.weather = f->weather != WEATHER_CLEAR;
    r.said.camera = f->camera != CAMERA_STILL;
    in_short(lex, f, &r, out, room);
}

static void test_changes(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const Change *c = &changes[i];
        Facts f;
        ParseReport r;
        char got[1024];
        CHECK_OK(prompt_parse(lex, c->prompt, &f, &r));
        CHECK_OK(instruct_apply(lex, c->words, &f, &r));
        CHECK_OK(facts_check(lex, &f));
        assert_int_equal(r.unknowns, 0);
        whole_in_short(&f, got, sizeof got);
        if (strcmp(got, c->facts) == 0 && instruct_is(lex, c->words) == c->is) continue;
        print_error("%s | %s\n  becomes  %s\n  expected %s\n", c->prompt, c->words, got, c->facts);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_report(void **state)
{
    (void)state;
    Facts f;
    ParseReport r;
    CHECK_OK(prompt_parse(lex, "a dog and a cat", &f, &r));
    CHECK_OK(instruct_apply(lex, "make it night and remove the submarine", &f, &r));
    assert_true(r.said.time && !r.said.scene && !r.said.weather && !r.said.camera);
    assert_int_equal(r.said.actor, 0);
    assert_int_equal(r.unknowns, 1);
    assert_string_equal(r.unknown[0].text, "submarine");
    CHECK_OK(instruct_apply(lex, "make the cat jump", &f, &r));
    assert_int_equal(r.said.actor, 2);
    assert_int_equal(r.said.event[1], 1);
    assert_int_equal(f.time, TIME_NIGHT);
    CHECK_OK(instruct_apply(lex, "add a bird, add a fish", &f, &r)); /* one too many */
    assert_int_equal(f.actors, 3);
    assert_int_equal(r.unknown[0].kind, UNKNOWN_SURPLUS);
    assert_string_equal(r.unknown[0].text, "fish");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        { "turn the dog into a submarine", "not known: submarine" },
        { "remove the submarine", "not known: submarine" },
        { "make it purple", "not known: purple" },
        { "remove the cat", "not known: cat" },
        { "xyzzy", "not known: xyzzy" },
        { "make it purple", "not known: purple" },
        { "", "asks for no change" },
        { "...", "asks for no change" },
        { "make it \xff", "byte 8 is not UTF-8" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        Facts f, before;
        ParseReport r, was;
        CHECK_OK(prompt_parse(lex, "a dog", &f, &r));
        before = f;
        was = r;
        CHECK_FAILS(instruct_apply(lex, words[i][0], &f, &r), SORA_E_ARGUMENT, words[i][1]);
        assert_memory_equal(&f, &before, sizeof f); /* nothing half done */
        assert_memory_equal(&r, &was, sizeof r);
    }
}

/* Whatever is asked for, facts stay sound. */
static void test_scrambled(void **state)
{
    (void)state;
    static const char *const word[] = {
        "make",      "turn",   "the dog", "into", "a cat",   "remove",  "add",
        "it",        "night",  "snow",    "and",  ",",       "把",      "狗",
        "变成",      "猫",     "去掉",    "加上", "让",      "它",      "跳舞",
        "bigger",    "chases", "faster",  "to",   "replace", "with",    "a balloon",
        "two birds", "用",     "代替",    "then", "jump",    "left of",
    };
    int done = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        char text[1024] = "";
        size_t n = 1 + rng_below(i, 0, 14);
        for (size_t k = 1; k <= n; k++) {
            strcat(text, word[rng_below(i, k, sizeof word / sizeof *word)]);
            strcat(text, " ");
        }
        Facts f;
        ParseReport r;
        CHECK_OK(prompt_parse(
            lex, i % 3 ? "a dog chases a cat next to a balloon, a bird flies" : "rain", &f, &r));
        done += instruct_apply(lex, text, &f, &r) == SORA_OK;
        if (facts_check(lex, &f) != SORA_OK) fail_msg("%s: %s", text, err_text());
        assert_int_equal(r.said.actor >> f.actors, 0);
        assert_int_equal(r.said.size >> f.actors, 0);
    }
    assert_true(done > 10000);
}

static int setup(void **state)
{
    static Arena *a;
    a = arena_new("lexicon", 0);
    *state = a;
    return lexicon_builtin(a, &lex) == SORA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_scrambled),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
