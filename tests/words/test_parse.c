/* Prompts are read back: every caption, and what people write. */
#include "check.h"
#include "random_facts.h"
#include "told.h"

enum { CAPTIONS = 18000 };

static const Lexicon *lex;

static void random_style(uint64_t i, CaptionStyle *s)
{
    *s = (CaptionStyle){ .language = (Language)(i % LANG_COUNT),
                         .form = (CaptionForm)(i / 3 % 3),
                         .seed = rng_split(i, 3),
                         .held_out = i % 7 == 0 };
}

static CaptionView random_view(const Facts *f, uint64_t i)
{
    CaptionView v = caption_view_all(f);
    uint64_t r = rng_u64(i, 5);
    if (i % 2) return v;
    v.actor &= (uint8_t)(r | 1);
    v.size &= (uint8_t)(r >> 8);
    v.prop &= (uint8_t)(r >> 16);
    for (int k = 0; k < FACTS_ACTORS_MAX; k++) {
        v.event[k] &= (uint8_t)(r >> (20 + k));
        v.heading[k] &= (uint8_t)(r >> (30 + k));
        v.fast[k] &= (uint8_t)(r >> (40 + k));
    }
    v.relation &= r >> 50 & 1;
    v.scene &= r >> 51 & 1;
    v.time &= r >> 52 & 1;
    v.weather &= r >> 53 & 1;
    v.camera &= r >> 54 & 1;
    return v;
}

/* What captions say comes back, whatever their form and language. */
static void test_captions_come_back(void **state)
{
    (void)state;
    int lost[LANG_COUNT][3] = { 0 }, sum = 0;
    const char *show = getenv("SHOW");
    for (uint64_t i = 0; i < CAPTIONS; i++) {
        Facts f = random_facts(lex, i), got;
        CaptionView view = random_view(&f, i), said;
        CaptionStyle s;
        ParseReport r;
        char text[CAPTION_SIZE_MAX];
        random_style(i, &s);
        caption_write(lex, &f, &view, &s, text, &said);
        CHECK_OK(prompt_parse(lex, text, &got, &r));
        const char *wrong = told_back(&f, &said, &got, &r);
        if (!wrong) continue;
        lost[s.language][s.form]++;
        if (show)
            printf("# %d%d %s: %s [%s]\n", s.language, s.form, wrong, text, r.unknown[0].text);
        sum++;
    }
    for (int l = 0; l < LANG_COUNT; l++)
        for (int k = 0; k < 3; k++)
            if (lost[l][k])
                print_message("# language %d form %d: %d of %d\n", l, k, lost[l][k], CAPTIONS / 9);
    if (sum * 1000 > CAPTIONS) fail_msg("%d of %d captions are not read back", sum, CAPTIONS);
}

typedef struct Reading {
    const char *prompt, *facts;
} Reading;

static void check_readings(const Reading *x)
{
    int wrong = 0;
    for (; x->prompt; x++) {
        Facts f;
        ParseReport r;
        char got[1024];
        CHECK_OK(prompt_parse(lex, x->prompt, &f, &r));
        CHECK_OK(facts_check(lex, &f));
        in_short(lex, &f, &r, got, sizeof got);
        if (strcmp(got, x->facts) == 0) continue;
        print_error("%s\n  read as  %s\n  expected %s\n", x->prompt, got, x->facts);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* clang-format off */
static void test_english(void **state)
{
    (void)state;
    static const Reading readings[] = {
        { "a penguin dances on the beach at night",
          "penguin(dance) beach night" },
        { "a fox jumps in the snow, camera pans left",
          "fox(jump) snow @pan_left" },
        { "the dog runs off",
          "dog(go_away*)" },
        { "A PUPPY   runs to the  LEFT in the FOREST,while a kitty sleeps",
          "dog(move_left!*) cat(sleep) forest" },
        { "a dog and a cat dance together in the rain",
          "dog(dance) cat(dance) :rain" },
        { "two dogs jump on the meadow",
          "dog(jump) dog(jump) meadow" },
        { "three small penguins waddle to the right",
          "small penguin(move_right!) small penguin(move_right!) small penguin(move_right!)" },
        { "In the snow jumps a fox",
          "fox(jump) snow" },
        { "On the beach at night, a penguin, dancing",
          "penguin(dance) beach night" },
        { "a cat enters, stops, jumps",
          "cat(enter,stand,jump)" },
        { "a dog next to a red apple",
          "dog(~stand) +red_apple" },
        { "ｔｗｏ　ｃａｔｓ　ｓｌｅｅｐ，ａｔ　ｎｉｇｈｔ",
          "cat(sleep) cat(sleep) night" },
        { "a penguin to the left of a seal",
          "penguin(~stand) seal(~stand) left_of" },
        { "to the right of a robot there is an alien",
          "robot(~stand) alien(~stand) left_of" },
        { "a mouse is chased by a cat",
          "cat(~stand) mouse(~stand) chases" },
        { "a cat smaller than a dog",
          "dog(~stand) cat(~stand) bigger_than" },
        { "a cat on the left and a dog on the right",
          "cat(~stand) dog(~stand) left_of" },
        { "a horse gallops through the desert at sunset",
          "horse(move_right*) desert dusk" },
        { "a jumping dog and a sleeping cat",
          "dog(jump) cat(sleep)" },
        { "there's a robot spinning on a stage",
          "robot(spin) stage" },
        { "a t rex stomps into view and then goes away quickly",
          "t_rex(enter,go_away*)" },
        { "a bird flies from left to right and the camera follows it",
          "bird(move_right!) @track" },
        { "a dog runs after a cat, then they both jump",
          "dog(jump) cat(jump) chases" },
        { "a butter fly flutters",
          "butterfly(move_right)" },
        { "a race car drives past a fire truck on the sea floor",
          "racing_car(move_right) fire_engine(~stand) sea_floor" },
        { "it is raining. a frog hops.",
          "frog(move_right) :rain" },
        { "a dog hops",
          "dog(jump)" },
        { "a dog is jumping while a cat is sleeping, and a bird is flying to the left",
          "dog(jump) cat(sleep) bird(move_left!)" },
        { "a wizard leaves after dancing",
          "wizard(dance,leave)" },
        { "night city, taxi, rain, tracking shot",
          "taxi(~stand) night_city night :rain @track" },
        { "dog. cat. bird.",
          "dog(~stand) cat(~stand) bird(~stand)" },
        { "cat dog bird dance",
          "cat(dance) dog(dance) bird(dance)" },
        { "A dog chases a cat chasing a mouse",
          "dog(~stand) cat(~stand) mouse(~stand) chases" },
        { "a dog in the forest in the snow",
          "dog(~stand) forest :snow" },
        { "it starts to snow on a city street, a tram rolls by",
          "tram(move_right) city :snow" },
        { "a dog and another dog sleep",
          "dog(sleep) dog(sleep)" },
        { "the first dog jumps, the second dog sleeps",
          "dog(jump) dog(sleep)" },
        { "the camera moves from left to right as a train rolls to the left",
          "locomotive(move_left!) @pan_right" },
        { "handheld camera: a runner jogs toward us",
          "runner(approach) @shake" },
        { "a train, viewed from a static camera, goes into the distance",
          "locomotive(go_away) @still" },
        { "I want to see an owl at midnight",
          "owl(~stand) night" },
        { "A shark swims toward the camera quickly, then leaves.",
          "shark(approach*,leave)" },
        { "a kangaroo hops from right to left and then jumps up",
          "kangaroo(move_left!,jump)" },
        { "a woman in a red dress spins",
          "dancing_woman(spin)" },
        { "the small dog is big",
          "big dog(~stand)" },
        { "PENGUIN_DANCES",
          "penguin(dance)" },
        { "\"a-penguin\" (at night)",
          "penguin(~stand) night" },
        { "a dog ran to the left, then it slept",
          "dog(move_left!*,sleep)" },
        { "a dog follows a cat. The cat walks away and the dog sleeps.",
          "dog(sleep) cat(go_away) follows" },
        { 0 },
    };
    check_readings(readings);
}

static void test_chinese(void **state)
{
    (void)state;
    static const Reading readings[] = {
        { "一只狐狸在雪地里跳跃",
          "fox(jump) snow" },
        { "一只狗追着一只猫",
          "dog(~stand) cat(~stand) chases" },
        { "一隻貓在沙灘上睡覺，鏡頭拉近",
          "cat(sleep) beach @zoom_in" },
        { "一只cat在beach上dance",
          "cat(dance) beach" },
        { "镜头缓缓推进，一头狮子慢慢走来，天黑了，下着大雪",
          "lion(approach) night :snow @zoom_in" },
        { "一只老鼠被一只猫追着",
          "cat(~stand) mouse(~stand) chases" },
        { "猫的左边有一只狗",
          "cat(~stand) dog(~stand) right_of" },
        { "左边有一只猫，右边有一只狗",
          "cat(~stand) dog(~stand) left_of" },
        { "大象比老鼠大",
          "elephant(~stand) mouse(~stand) bigger_than" },
        { "一群羊在山坡上",
          "sheep(~stand) sheep(~stand) sheep(~stand) mountain" },
        { "一只小狗快速地跑过来，然后睡觉",
          "dog(approach*,sleep)" },
        { "黄昏时分一艘帆船驶向远方",
          "sailboat(go_away) dusk" },
        { "警车追着出租车在夜晚的城市里飞驰",
          "police_car(move_right*) taxi(~stand) chases night_city night" },
        { "请给我一个下雪天里两只企鹅跳舞的视频",
          "penguin(dance) penguin(dance) :snow" },
        { "在下雨的晚上，一辆出租车开过城市街道",
          "taxi(move_right) night_city night :rain" },
        { "马在沙漠里奔跑",
          "horse(move_right*) desert" },
        { "跑步的人向右跑，镜头跟着他",
          "runner(move_right!*) @track" },
        { "镜头从左往右移动，一匹马在草原上奔跑",
          "horse(move_right*) meadow @pan_right" },
        { "一只鸟从左往右飞过天空",
          "bird(move_right!) sky" },
        { "狗和猫一起睡觉",
          "dog(sleep) cat(sleep)" },
        { "火箭起飞",
          "rocket(rise)" },
        { "机器人旋转后离开",
          "robot(spin,leave)" },
        { "一只猫跳上沙发",
          "cat(jump) +sofa" },
        { "一 只 狗 在 沙 滩 上 跳 舞",
          "dog(dance) beach" },
        { "在舞台上跳舞的很小的狗",
          "small dog(dance) stage" },
        { "两辆汽车向左开，最后停下",
          "car(move_left!,stand) car(move_left!,stand)" },
        { "一只兔子旁边有一个胡萝卜和一个红苹果",
          "rabbit(~stand) +carrot +red_apple" },
        { "一头猪先进入画面，再转圈，最后离开画面",
          "pig(enter,spin,leave)" },
        { "月光下，一只狼和一只狐狸都在跳舞",
          "wolf(dance) fox(dance) night" },
        { "一只鸭子在水面上游",
          "duck(move_right) river" },
        { "這隻大象在這隻老鼠的前面",
          "elephant(~stand) mouse(~stand) in_front_of" },
        { "一只猫从一只狗身后经过。",
          "cat(~stand) dog(~stand) passes_behind" },
        { 0 },
    };
    check_readings(readings);
}

static void test_unknown_words(void **state)
{
    (void)state;
    static const Reading readings[] = {
        { "a yellow submarine swims in the sea",
          "sea_floor [submarine]" },
        { "a submarine explodes in the sea",
          "sea_floor [submarine] [explodes does]" },
        { "two fire hydrants dance",
          "[fire hydrants]" },
        { "fire hydrants",
          "[fire hydrants]" },
        { "a polar bear walks",
          "bear(move_right) [polar is]" },
        { "a big red car drives",
          "big car(move_right) [red is]" },
        { "a girl eats a banana in the park",
          "walker(~stand) +banana playground [eats does]" },
        { "four dogs run",
          "dog(move_right*) dog(move_right*) dog(move_right*) [four more]" },
        { "a dog, a cat, a bird and a fish",
          "dog(~stand) cat(~stand) bird(~stand) [fish more]" },
        { "a dog in the forest on a farm",
          "dog(~stand) forest [farm more]" },
        { "a dog behind a tree",
          "dog(~stand) [tree]" },
        { "rainbow over the river",
          "river [rainbow]" },
        { "a raccoon quickly and happily juggles",
          "[raccoon] [juggles does]" },
        { "🐶 dances",
          "[🐶]" },
        { "кот",
          "[кот]" },
        { "rain",
          ":rain" },
        { "一艘潜水艇在海里",
          "sea_floor [潜水艇]" },
        { "一条鳄鱼在河边",
          "river [鳄鱼]" },
        { "一匹海马在海底游",
          "sea_floor [海马]" },
        { "一个小丑在舞台上跳舞",
          "stage [小丑]" },
        { "一辆马车在街上",
          "city [马车]" },
        { "一条热狗",
          "[热狗]" },
        { "一隻貓在月球上睡覺",
          "cat(sleep) [月球]" },
        { "一只橘猫趴在沙发上",
          "cat(stand) +sofa [橘 is]" },
        { "两只小猫在客厅里玩耍",
          "cat(~stand) cat(~stand) room [玩耍 does]" },
        { "小明骑自行车",
          "+bicycle [小明]" },
        { "一头北极熊跑了",
          "bear(leave) [北极 is]" },
        { "一只可爱的小熊猫在竹林里吃竹子",
          "panda(~stand) [竹林] [吃 does] [竹子]" },
        { "四只狗",
          "dog(~stand) dog(~stand) dog(~stand) [四只 more]" },
        { 0 },
    };
    check_readings(readings);
}
/* clang-format on */

/* Each word of the lexicon means its own entry. */
static void test_every_word(void **state)
{
    (void)state;
    static const WordKind kinds[] = { WORD_ACTOR, WORD_PROP,    WORD_SCENE,
                                      WORD_TIME,  WORD_WEATHER, WORD_ACTION };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int i = 0; i < lexicon_count(lex, kinds[k]); i++)
            for (int l = 0; l < LANG_COUNT; l++)
                for (int n = 0; n < lexicon_words(lex, kinds[k], i, l); n++) {
                    const char *word = lexicon_word(lex, kinds[k], i, l, n);
                    char prompt[128], got[1024];
                    Facts f;
                    ParseReport r;
                    bool act = kinds[k] == WORD_ACTION;
                    snprintf(prompt, sizeof prompt, "%s%s", !act ? "" : l ? "狗" : "dog ", word);
                    CHECK_OK(prompt_parse(lex, prompt, &f, &r));
                    in_short(lex, &f, &r, got, sizeof got);
                    bool right = kinds[k] == WORD_ACTOR   ? f.actors == 1 && f.actor[0].actor == i
                                 : kinds[k] == WORD_PROP  ? f.props == 1 && f.prop[0] == i
                                 : kinds[k] == WORD_SCENE ? (r.said.scene && (int)f.scene == i) ||
                                                                (r.said.weather && i == SCENE_SNOW)
                                 : kinds[k] == WORD_TIME ? r.said.time && (int)f.time == i
                                 : kinds[k] == WORD_WEATHER
                                     ? r.said.weather && (int)f.weather == i
                                     : r.said.event[0] == 1 && (int)f.actor[0].event[0].action == i;
                    if (!right || r.unknowns) fail_msg("%s is read as %s", prompt, got);
                }
}

static void test_languages(void **state)
{
    (void)state;
    static const struct {
        const char *prompt;
        Language language;
    } x[] = { { "a dog", LANG_EN },
              { "一只狗", LANG_ZH_HANS },
              { "一隻貓", LANG_ZH_HANT },
              { "一只cat在beach", LANG_ZH_HANS },
              { "ＤＯＧ", LANG_EN },
              { "12", LANG_EN },
              { "a very long English sentence about a 狗", LANG_EN } };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        Facts f;
        ParseReport r;
        CHECK_OK(prompt_parse(lex, x[i].prompt, &f, &r));
        if (r.language != x[i].language) fail_msg("%s: language %d", x[i].prompt, r.language);
    }
}

static void test_bad_input(void **state)
{
    (void)state;
    Facts f;
    ParseReport r;
    CHECK_FAILS(prompt_parse(lex, "", &f, &r), SORA_E_ARGUMENT, "the prompt is empty");
    CHECK_FAILS(prompt_parse(lex, " \t\n ", &f, &r), SORA_E_ARGUMENT, "the prompt is empty");
    CHECK_FAILS(prompt_parse(lex, "a dog\xff runs", &f, &r), SORA_E_ARGUMENT,
                "byte 5 is not UTF-8");
    CHECK_FAILS(prompt_parse(lex, "\xe7\x8b", &f, &r), SORA_E_ARGUMENT, "UTF-8");
    char *text = malloc(PARSE_PROMPT_MAX + 2);
    memset(text, 'a', PARSE_PROMPT_MAX + 1);
    text[PARSE_PROMPT_MAX + 1] = 0;
    CHECK_FAILS(prompt_parse(lex, text, &f, &r), SORA_E_ARGUMENT, "16385 bytes");
    text[PARSE_PROMPT_MAX] = 0;
    CHECK_OK(prompt_parse(lex, text, &f, &r));
    assert_int_equal(r.unknowns, 1);
    assert_int_equal(strlen(r.unknown[0].text), PARSE_WORD_SIZE - 1);
    for (size_t i = 0; i + 12 < PARSE_PROMPT_MAX; i += 12) memcpy(text + i, "一只狗跑", 13);
    CHECK_OK(prompt_parse(lex, text, &f, &r)); /* more than facts can hold */
    assert_int_equal(f.actors, 3);
    CHECK_OK(facts_check(lex, &f));
    free(text);
    CHECK_OK(prompt_parse(lex, "...!?", &f, &r));
    assert_true(r.actor_missing);
    assert_int_equal(f.actors, 0);
}

/* Any bytes that are UTF-8 give sound facts. */
static void test_scrambled_words(void **state)
{
    (void)state;
    static const char *const word[] = {
        "a",      "the",      "dog",   "cats",    "two",    "chases",      "to the left of",
        "left",   "runs",     "then",  "big",     "and",    ",",           ".",
        "一只",   "狗",       "的",    "在",      "左边",   "追着",        "跳舞",
        "被",     "比",       "大",    "it",      "they",   "the camera",  "pans left",
        "镜头",   "拉近",     "snow",  "night",   "rose",   "zorb",        "潜",
        "while",  "there is", "after", "另一只",  "第二只", "on the left", "together",
        "都",     "，",       "。",    "next to", "flies",  "in circles",  "quickly",
        "飞快地",
    };
    for (uint64_t i = 0; i < 20000; i++) {
        char text[1024] = "";
        size_t n = 1 + rng_below(i, 0, 24);
        for (size_t k = 1; k <= n; k++) {
            strcat(text, word[rng_below(i, k, sizeof word / sizeof *word)]);
            strcat(text, " ");
        }
        Facts f;
        ParseReport r;
        CHECK_OK(prompt_parse(lex, text, &f, &r));
        if (facts_check(lex, &f) != SORA_OK) fail_msg("%s: %s", text, err_text());
        assert_int_equal(r.said.actor, (1 << f.actors) - 1);
        for (int k = 0; k < FACTS_ACTORS_MAX; k++) {
            int events = k < f.actors ? f.actor[k].events : 0;
            assert_int_equal(r.said.event[k] >> events, 0);
            assert_int_equal(r.said.heading[k] & ~r.said.event[k], 0);
            assert_int_equal(r.said.fast[k] & ~r.said.event[k], 0);
        }
        assert_int_equal(r.said.prop, (1 << f.props) - 1);
        assert_true(!r.said.relation || (f.actors > 1 && f.relation != REL_NONE));
    }
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
        cmocka_unit_test(test_captions_come_back),
        cmocka_unit_test(test_english),
        cmocka_unit_test(test_chinese),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_scrambled_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
