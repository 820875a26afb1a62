/* What a model says of a prompt: words it was never shown, the nearest it knows, how much it reads.
 */
#include "check.h"

#include <unistd.h>

#include "api/engine.h"
#include "base/file.h"
#include "base/json.h"
#include "model/bundle.h"

static char folder[] = "/tmp/sora-prompt-XXXXXX";
static char taught_all[256], taught_few[256];

/* A model of random weights that says which actors it was taught. */
static void write_model(const char *path, const char *actors)
{
    Arena *a = arena_new("test", 0);
    DitConfig config = dit_config_default();
    config.width = 64, config.heads = 2, config.layers = 1, config.hidden = 64;
    ParamSet *set = params_new_train(a, 3, NULL, NULL);
    Dit *dit;
    CHECK_OK(dit_new(&config, set, a, &dit));
    size_t count = params_count(set);
    SafetensorsEntry *entry = arena_zero(a, count * sizeof *entry);
    for (size_t i = 0; i < count; i++)
        entry[i] = (SafetensorsEntry){ params_at(set, i)->name, *params_at(set, i)->value };
    SafetensorsMeta meta[] = { { "sora.kind", "dit" },
                               { "sora.dit", dit_config_write(&config, a) },
                               { "sora.actors", actors } };
    CHECK_OK(safetensors_write(path, entry, count, meta, actors ? 3 : 2));
    arena_free(a);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    char text[4096], beside[300];
    snprintf(taught_all, sizeof taught_all, "%s/all.safetensors", folder);
    snprintf(taught_few, sizeof taught_few, "%s/few.safetensors", folder);
    write_model(taught_all, NULL);
    write_model(taught_few, "cat,fox,ship");
    snprintf(text, sizeof text, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    snprintf(beside, sizeof beside, "%s/text.safetensors", folder);
    return symlink(text, beside);
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static SoraEngine *open_engine(const char *model)
{
    SoraEngineOptions o;
    SoraEngine *engine;
    sora_engine_options_init(&o);
    o.model = model;
    CHECK_OK(sora_engine_open(&o, &engine));
    return engine;
}

/* "submarine>ship, red>" */
static void check(SoraEngine *e, const char *prompt, const char *language, const char *want)
{
    SoraPromptCheck c;
    char got[2048] = "";
    CHECK_OK(sora_prompt_check(e, prompt, &c));
    assert_string_equal(c.language, language);
    assert_int_equal(c.read, strlen(prompt));
    for (int i = 0; i < c.unknowns; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s%s>%s", i ? ", " : "", c.unknown[i], c.nearest[i]);
    }
    if (strcmp(got, want) != 0) fail_msg("%s: '%s', expected '%s'", prompt, got, want);
}

/* "cat 0.5, dog 0.25" */
static void check_weak(SoraEngine *e, const char *prompt, const char *want)
{
    SoraPromptCheck c;
    char got[512] = "";
    CHECK_OK(sora_prompt_check(e, prompt, &c));
    for (int i = 0; i < c.weaks; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s%s %g", i ? ", " : "", c.weak[i], c.weak_share[i]);
    }
    if (strcmp(got, want) != 0) fail_msg("%s: '%s', expected '%s'", prompt, got, want);
}

static void write_table(const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/learned.tsv", folder);
    CHECK_OK(file_write(path, text, strlen(text)));
}

/* What was taught but does not come out right is not claimed, if the table is of these weights. */
static void test_hardly_learned(void **state)
{
    (void)state;
    SoraEngine *e;
    char path[300];
    write_table("# of weights - - - -\nkind\tid\tasked\tright\n"
                "actor\tcat\t10\t5\nactor\tfox\t10\t8\ncamera\tshake\t20\t1\n"
                "camera\tstill\t20\t20\naction\tdance\t8\t2\nweather\twind\t5\t0\n"
                "smell\tsweet\t5\t0\n");
    e = open_engine(taught_few);
    check_weak(e, "a kitty and a fox", "kitty 0.5");
    check_weak(e, "一只猫和一艘船", "猫 0.5"); /* nobody asked for ships */
    check_weak(e, "a fox dances in the wind as the camera shakes",
               "wind 0, shaky camera 0.05, dance 0.25");
    check_weak(e, "刮着风，一只狐狸在跳舞，镜头抖动。", "风 0, 镜头抖动 0.05, 跳舞 0.25");
    check_weak(e, "a fox, and the camera stands still", "");
    check_weak(e, "a fox dances and a ship stands still", ""); /* measured of one alone */
    check(e, "a dog and a cat", "en", "dog>cat");
    sora_engine_close(e);
    char *words;
    CHECK_OK(sora_words(taught_few, &words));
    assert_non_null(strstr(words, "\"right\":0.5"));
    sora_words_free(words);
    write_table("# of weights 7 - - -\nkind\tid\tasked\tright\nactor\tcat\t10\t5\n");
    e = open_engine(taught_few);
    check_weak(e, "a cat", "");
    sora_engine_close(e);
    write_table("# of weights - - - -\nkind\tid\tasked\tright\nactor\tcat\t10\t11\n");
    e = open_engine(taught_few);
    SoraPromptCheck c;
    CHECK_FAILS(sora_prompt_check(e, "a cat", &c), SORA_E_FORMAT, "cat was right 11 times of 10");
    sora_engine_close(e);
    write_table("# of weights - - - -\nactor\tasked\tright\ncat\t10\t5\n"); /* an older build's */
    e = open_engine(taught_few);
    check_weak(e, "a cat", "");
    sora_engine_close(e);
    snprintf(path, sizeof path, "%s/learned.tsv", folder);
    unlink(path);
}

static void test_unknown(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_all);
    check(e, "a fox jumps in the snow", "en", "");
    check(e, "一只狐狸在雪地里跳跃", "zh", "");
    check(e, "a submarine in the sea", "en", "submarine>ship");
    check(e, "一艘潜水艇在海里", "zh", "潜水艇>快艇");
    check(e, "一艘潛水艇在海裡", "zh-Hant", "潛水艇>快艇");
    check(e, "a red fox eats a starfish", "en", "red>, eats>, starfish>fish"); /* by its letters */
    check(e, "一条鳄鱼", "zh", "鳄鱼>鱼");
    check(e, "a dog, a cat, a fox and a bird", "en", ""); /* too many, but shown */
    sora_engine_close(e);
}

/* What the lexicon has words for, and this model was never shown. */
static void test_taught(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_few);
    check(e, "a cat chases a fox", "en", "");
    check(e, "a vixen runs", "en", "");
    check(e, "a puppy and a cat", "en", "puppy>cat");
    check(e, "一只狗和一只猫", "zh", "狗>猫");
    sora_engine_close(e);
    char *words;
    const Json *tree;
    Arena *a = arena_new("json", 0);
    CHECK_OK(sora_words(taught_few, &words));
    CHECK_OK(json_parse(words, strlen(words), "words", a, &tree));
    assert_int_equal(json_get(tree, "actors")->count, 3);
    assert_int_equal(json_get(tree, "scenes")->count, 16);
    sora_words_free(words);
    CHECK_OK(sora_words(NULL, &words));
    CHECK_OK(json_parse(words, strlen(words), "words", a, &tree));
    assert_true(json_get(tree, "actors")->count > 100);
    sora_words_free(words);
    CHECK_FAILS(sora_words("/nowhere", &words), SORA_E_IO, "/nowhere");
    arena_free(a);
}

static void check_told(SoraEngine *e, const char *prompt, const char *want)
{
    SoraPromptCheck c;
    CHECK_OK(sora_prompt_check(e, prompt, &c));
    if (strcmp(c.told, want) != 0) fail_msg("%s: told '%s', expected '%s'", prompt, c.told, want);
}

/* What takes over is said of who was there. */
static void check_after(SoraEngine *e, const char *before, const char *prompt, const char *want)
{
    SoraPromptCheck c;
    CHECK_OK(sora_prompt_check_after(e, before, prompt, &c));
    if (strcmp(c.told, want) != 0) fail_msg("%s: told '%s', expected '%s'", prompt, c.told, want);
}

static SoraClip *picture(SoraEngine *e, const char *prompt, int verbatim)
{
    SoraShot shot;
    SoraClip *clip;
    sora_shot_init(&shot);
    shot.prompt = prompt, shot.verbatim = verbatim;
    shot.frames = 1, shot.height = shot.width = 64, shot.steps = 2;
    CHECK_OK(sora_generate(e, &shot, &clip));
    return clip;
}

/* A model hears what it was taught, unless nobody says what that was, or is asked not to tell. */
static void test_told(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_few);
    check_told(e, "kitten", "There is a cat.");
    check_told(e, "a purple puppy", "There is a cat."); /* the nearest */
    check_told(e, "一只小猫", "有一只猫。");
    check_told(e, "sunset", "");
    check_told(e, " ", "");
    check_after(e, "a kitten", "it starts to snow", "There is a cat in falling snow.");
    check_after(e, "a kitten", "a fox", "There is a fox.");
    check_after(e, "a kitten on the beach at night", "a fox",
                "There is a fox on the beach at night.");
    check_after(e, "a kitten on the beach at night", "a fox in the snow",
                "There is a fox in a snowy field.");
    check_after(e, "a kitten in a room", "it starts to snow", "There is a cat in a room.");
    check_after(e, "a kitten in space", "a fox", "There is a fox in space.");
    check_after(e, "sunset", "it starts to snow", "");
    sora_engine_close(e);
    char path[300];
    snprintf(path, sizeof path, "%s/models/default", getenv("SORA_SOURCE"));
    e = open_engine(path);
    SoraClip *told = picture(e, "kitten", 0), *same = picture(e, "There is a cat.", 1),
             *verbatim = picture(e, "kitten", 1);
    size_t bytes = (size_t)64 * 64 * 3;
    assert_memory_equal(sora_clip_pixels(told, 0), sora_clip_pixels(same, 0), bytes);
    assert_true(memcmp(sora_clip_pixels(told, 0), sora_clip_pixels(verbatim, 0), bytes) != 0);
    sora_clip_free(told), sora_clip_free(same), sora_clip_free(verbatim);
    sora_engine_close(e);
    e = open_engine(taught_all);
    check_told(e, "a kitten", "");
    sora_engine_close(e);
}

static void test_length(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_all);
    SoraPromptCheck c;
    static char text[60000];
    for (size_t i = 0; i + 8 < sizeof text; i += 4) strcpy(text + i, "fox ");
    CHECK_OK(sora_prompt_check(e, text, &c));
    assert_in_range(c.read, 200, 504); /* 124 tokens of the prompt, one or two a word */
    assert_int_equal(c.unknowns, 0);
    size_t whole = c.read;
    text[whole] = 0;
    CHECK_OK(sora_prompt_check(e, text, &c));
    assert_int_equal(c.read, whole);
    for (size_t i = 0; i + 4 < sizeof text; i += 3) strcpy(text + i, "狐");
    CHECK_OK(sora_prompt_check(e, text, &c));
    assert_int_equal(c.read % 3, 0); /* whole characters */
    assert_in_range(c.read, 100, 1200);
    CHECK_OK(sora_prompt_check(e, "", &c));
    assert_int_equal(c.unknowns, 0);
    CHECK_FAILS(sora_prompt_check(e, "a\xff", &c), SORA_E_ARGUMENT, "reading the prompt");
    sora_engine_close(e);
}

static int planned_width(SoraEngine *e, SoraShot s)
{
    SoraPlan p;
    CHECK_OK(sora_plan(e, &s, &p));
    return p.width;
}

/* What others take meanwhile is planned for, and refused. */
static void test_besides(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_few);
    SoraShot s;
    SoraPlan alone, with;
    sora_shot_init(&s);
    s.prompt = "a cat", s.frames = 25, s.height = s.width = 64;
    CHECK_OK(sora_plan(e, &s, &alone));
    s.besides = sora_clip_write_bytes("cat.mp4", s.frames, s.height, s.width, NULL);
    assert_true(s.besides > sora_clip_write_bytes("cat.y4m", s.frames, s.height, s.width, NULL));
    CHECK_OK(sora_plan(e, &s, &with));
    assert_int_equal(with.bytes, alone.bytes + s.besides);
    s.memory = with.bytes;
    CHECK_OK(sora_plan(e, &s, &with));
    s.memory = with.bytes - 1;
    CHECK_FAILS(sora_plan(e, &s, &with), SORA_E_MEMORY, "allowed");
    sora_engine_close(e);
}

/* For a pan more is made than is shown; not where it is not said, or nothing can move. */
static void test_pan(void **state)
{
    (void)state;
    SoraEngine *e = open_engine(taught_few);
    SoraShot s;
    sora_shot_init(&s);
    s.frames = 25, s.height = s.width = 64;
    static const char *const PANS[] = { "a cat walks in the forest, the camera pans left",
                                        "一只狐狸在雪地里跳舞，镜头向右摇" };
    static const char *const STAYS[] = { "a cat walks in the forest", "a cat, the camera shakes",
                                         "a cat walks left, the camera tilts up",
                                         "the camera pans left", "a red wombat pan" };
    for (size_t i = 0; i < sizeof PANS / sizeof *PANS; i++) {
        s.prompt = PANS[i];
        assert_int_equal(planned_width(e, s), 96);
    }
    s.prompt = "a cat and a fox, the camera pans to the right";
    assert_int_equal(planned_width(e, s), 80);
    for (size_t i = 0; i < sizeof STAYS / sizeof *STAYS; i++) {
        s.prompt = STAYS[i];
        assert_int_equal(planned_width(e, s), 64);
    }
    s.prompt = PANS[0], s.verbatim = 1;
    assert_int_equal(planned_width(e, s), 64);
    s.verbatim = 0, s.frames = 1;
    assert_int_equal(planned_width(e, s), 64);
    sora_engine_close(e);
}

/* What the model is told of the clip in a mirror: sides exchanged, in Chinese; nothing
 * where the prompt goes to the model as it is. */
static void test_mirrored(void **state)
{
    (void)state;
    static const struct {
        const char *prompt, *mirrored, *held; /* parts of it; NULL: none */
    } said[] = {
        { "a cat walks to the left in the forest", "右", NULL },
        { "一只狐狸向右跑", "左", NULL },
        { "a cat sleeps on the beach, the camera pans left", "镜头向右", NULL },
        { "一只猫向左跑，镜头摇晃", "抖动", "右" },
        { "一只猫和一只狐狸向左跑", NULL, NULL },
        { "a cat dances in the forest", NULL, NULL },
        { "一只猫在草地上跑，镜头跟着它", NULL, NULL }, /* to a side, but nobody says which */
        { "the camera pans left", NULL, NULL },
    };
    SoraEngine *e = open_engine(taught_few);
    Arena *a = arena_new("test", 0);
    CHECK_OK(engine_words(e));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        Told told;
        CHECK_OK(prompt_told(e->words, NULL, said[i].prompt, a, &told));
        const char *got[] = { told.mirrored, told.camera.mirrored };
        const char *want[] = { said[i].mirrored, said[i].held };
        for (int k = 0; k < 2; k++)
            if (!got[k] != !want[k] || (want[k] && !strstr(got[k], want[k])))
                fail_msg("%s: %s", said[i].prompt, got[k] ? got[k] : "nothing");
        assert_true(!told.camera.mirrored || !strstr(told.camera.mirrored, "镜头"));
    }
    arena_free(a);
    sora_engine_close(e);
}

/* Of one actor the model is told in English, of several in the prompt's language; people are shown
 * theirs. */
static void test_told_in(void **state)
{
    (void)state;
    static const struct {
        const char *before, *prompt, *text, *shown;
    } said[] = {
        { NULL, "一只狐狸在森林里跳舞", "fox", "狐狸" },
        { NULL, "a fox dances in the forest", "fox", "fox" },
        { NULL, "一只猫和一只狐狸向左跑", "狐狸", "狐狸" },
        { "A fox is dancing in the forest.", "开始下雨", "rain", "雨" },
        { NULL, "一只狐狸，镜头摇晃", "shak", "抖动" },
    };
    SoraEngine *e = open_engine(taught_few);
    Arena *a = arena_new("test", 0);
    CHECK_OK(engine_words(e));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        Told told;
        SoraPromptCheck c = { .size = sizeof c };
        CHECK_OK(prompt_told(e->words, said[i].before, said[i].prompt, a, &told));
        CHECK_OK(sora_prompt_check_after(e, said[i].before, said[i].prompt, &c));
        if (!strstr(told.text, said[i].text) || !strstr(told.shown, said[i].shown))
            fail_msg("%s: %s, shown as %s", said[i].prompt, told.text, told.shown);
        assert_string_equal(c.told, told.shown);
        assert_true(!told.camera.held || strstr(told.camera.held, "fox"));
    }
    arena_free(a);
    sora_engine_close(e);
}

static void test_bad_model(void **state)
{
    (void)state;
    char path[300];
    char *words;
    snprintf(path, sizeof path, "%s/bad.safetensors", folder);
    write_model(path, "cat,jabberwock");
    CHECK_FAILS(sora_words(path, &words), SORA_E_FORMAT, "jabberwock");
    SoraEngine *e = open_engine(path);
    SoraPromptCheck c;
    CHECK_FAILS(sora_prompt_check(e, "a cat", &c), SORA_E_FORMAT, "jabberwock");
    sora_engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hardly_learned),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_taught),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_besides),
        cmocka_unit_test(test_pan),
        cmocka_unit_test(test_mirrored),
        cmocka_unit_test(test_told_in),
        cmocka_unit_test(test_bad_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
