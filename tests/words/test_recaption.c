/* Prompts said again say the same, in the words of training. */
#include "check.h"
#include "random_facts.h"
#include "told.h"
#include "words/recaption.h"

enum { PROMPTS = 6000 };

static const Lexicon *lex;

/* By a word that training uses. */
static bool names(const char *text, int actor, Language l)
{
    for (int w = 0; w < lexicon_words(lex, WORD_ACTOR, actor, l); w++)
        if (!lexicon_held_out(lex, WORD_ACTOR, actor, l, w) &&
            strstr(text, lexicon_word(lex, WORD_ACTOR, actor, l, w)))
            return true;
    return false;
}

/* The words held out of training go in, all that they said comes out without them. */
static void test_same_facts(void **state)
{
    (void)state;
    size_t differ = 0, lost = 0, shown = 0;
    for (uint64_t i = 0; i < PROMPTS; i++) {
        Facts f = random_facts(lex, i), first, second;
        CaptionView view = caption_view_all(&f);
        Language language = (Language)(i % LANG_COUNT);
        CaptionStyle s = { .language = language,
                           .form = (CaptionForm)(i / 3 % 3),
                           .seed = rng_split(i, 3),
                           .held_out = true };
        ParseReport r, again;
        char text[CAPTION_SIZE_MAX], told[CAPTION_SIZE_MAX];
        caption_write(lex, &f, &view, &s, text, NULL);
        CHECK_OK(prompt_parse(lex, text, &first, &r));
        if (r.unknowns || r.language != language) continue;
        shown++;
        if (!recaption(lex, &first, &r.said, language, told)) {
            lost++;
            continue;
        }
        CHECK_OK(prompt_parse(lex, told, &second, &again));
        differ += told_back(&first, &r.said, &second, &again) != NULL;
        if (first.actors == 1 && !names(told, first.actor[0].actor, language))
            fail_msg("%s: %s", text, told);
    }
    assert_in_range(shown, PROMPTS * 9 / 10, PROMPTS);
    assert_in_range(lost, 0, shown / 500);
    assert_in_range(differ, 0, shown / 200);
}

static void check(const char *prompt, const char *want)
{
    Facts f;
    ParseReport r;
    char told[CAPTION_SIZE_MAX];
    CHECK_OK(prompt_parse(lex, prompt, &f, &r));
    assert_true(recaption(lex, &f, &r.said, r.language, told));
    CHECK_OK(prompt_parse(lex, told, &f, &r));
    char got[512];
    in_short(lex, &f, &r, got, sizeof got);
    if (strcmp(got, want) != 0) fail_msg("%s: %s: %s", prompt, told, got);
}

/* What a prompt does not say is not made up, what is not understood is left out. */
static void test_nothing_else(void **state)
{
    (void)state;
    check("puppy", "dog(~stand)");
    check("a cute fluffy kitten, cinematic, 4k", "cat(~stand)");
    check("A hound dashes left at midnight!", "dog(move_left!*) night");
    check("一只小狗在茫茫白雪中向右跑", "dog(move_right!*) snow");
    check("a lioness, a steed, a heifer and a hog", "lion(~stand) horse(~stand) cow(~stand)");
}

static int setup(void **state)
{
    *state = arena_new("test", 0);
    return lexicon_builtin(*state, &lex) == SORA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same_facts),
                                        cmocka_unit_test(test_nothing_else) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
