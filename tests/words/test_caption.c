/* Captions are true, varied and well formed. */
#include "check.h"
#include "base/utf8.h"

#include "random_facts.h"

enum { SAMPLES = 20000 };

static const Lexicon *lex;

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_nine_of_ten_differ(void **state)
{
    (void)state;
    static char *seen[SAMPLES];
    Arena *a = arena_new("captions", 0);
    for (int i = 0; i < SAMPLES; i++) {
        Facts f = random_facts(lex, (uint64_t)i);
        CaptionView view = caption_view_all(&f);
        CaptionStyle style;
        caption_mix((uint64_t)i, &style);
        char out[CAPTION_SIZE_MAX];
        size_t n = caption_write(lex, &f, &view, &style, out, NULL);
        assert_int_equal(n, strlen(out));
        assert_true(n > 0 && n < CAPTION_SIZE_MAX - 200);
        CHECK_OK(utf8_check(out, n));
        seen[i] = arena_strdup(a, out);
    }
    qsort(seen, SAMPLES, sizeof *seen, order);
    int distinct = 1;
    for (int i = 1; i < SAMPLES; i++) distinct += strcmp(seen[i], seen[i - 1]) != 0;
    if (distinct < SAMPLES * 9 / 10) fail_msg("%d of %d captions differ", distinct, SAMPLES);
    arena_free(a);
}

static void test_mix(void **state)
{
    (void)state;
    int language[LANG_COUNT] = { 0 }, form[3] = { 0 };
    for (uint64_t i = 0; i < 8000; i++) {
        CaptionStyle s;
        caption_mix(i, &s);
        language[s.language]++;
        form[s.form]++;
        assert_false(s.held_out);
    }
    CHECK_CLOSE(language[LANG_EN] / 8000.0, 0.5, 0.03);
    CHECK_CLOSE(language[LANG_ZH_HANT] / 8000.0, 0.125, 0.03);
    CHECK_CLOSE(form[CAPTION_SHORT] / 8000.0, 0.3, 0.03);
    CHECK_CLOSE(form[CAPTION_SENTENCE] / 8000.0, 0.4, 0.03);
}

static void test_same_seed_same_words(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        Facts f = random_facts(lex, (uint64_t)i);
        CaptionView view = caption_view_all(&f);
        CaptionStyle s = { (Language)(i % LANG_COUNT), (CaptionForm)(i / 3 % 3), 7 };
        char a[CAPTION_SIZE_MAX], b[CAPTION_SIZE_MAX];
        caption_write(lex, &f, &view, &s, a, NULL);
        caption_write(lex, &f, &view, &s, b, NULL);
        assert_string_equal(a, b);
    }
}

static void test_said_is_within_the_view(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 6000; i++) {
        Facts f = random_facts(lex, i);
        CaptionView v = caption_view_all(&f), said;
        uint64_t r = rng_u64(i, 5);
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
        CaptionStyle s = { (Language)(i % LANG_COUNT), (CaptionForm)(i / 3 % 3), i };
        char out[CAPTION_SIZE_MAX];
        caption_write(lex, &f, &v, &s, out, &said);
        assert_int_equal(said.actor, v.actor); /* every actor that shows is named */
        assert_int_equal(said.size & ~v.size, 0);
        assert_int_equal(said.prop & ~v.prop, 0);
        for (int k = 0; k < FACTS_ACTORS_MAX; k++) {
            assert_int_equal(said.event[k] & ~v.event[k], 0);
            assert_int_equal(said.heading[k] & ~v.heading[k], 0);
            assert_int_equal(said.fast[k] & ~v.fast[k], 0);
        }
        assert_true(said.relation <= v.relation && said.scene <= v.scene && said.time <= v.time);
        assert_true(said.weather <= v.weather && said.camera <= v.camera);
        if (s.form == CAPTION_DETAILED) {
            assert_int_equal(said.size, v.size & v.actor);
            assert_int_equal(said.prop, v.prop);
            for (int k = 0; k < f.actors; k++)
                if (v.actor >> k & 1) assert_int_equal(said.event[k], v.event[k]);
        }
    }
}

static bool says(const char *text, const char *word)
{
    return strstr(text, word) != NULL;
}

/* Sides change places in a mirror and back, and nothing else does. */
static void test_mirror(void **state)
{
    (void)state;
    int sided = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        Facts f = random_facts(lex, i), other = f;
        CaptionView view = caption_view_all(&f);
        CaptionStyle style = { .language = LANG_EN, .form = CAPTION_DETAILED, .names = true };
        char text[2][CAPTION_SIZE_MAX];
        facts_mirror(&other);
        caption_write(lex, &f, &view, &style, text[0], NULL);
        caption_write(lex, &other, &view, &style, text[1], NULL);
        bool left = says(text[0], "left"), right = says(text[0], "right");
        if (left != right) { /* one of the two alone: then the other one */
            assert_true(says(text[1], "left") == right && says(text[1], "right") == left);
            sided++;
        } else if (!left)
            assert_string_equal(text[0], text[1]);
        facts_mirror(&other);
        assert_memory_equal(&other, &f, sizeof f);
    }
    assert_true(sided > 200);
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
        cmocka_unit_test(test_nine_of_ten_differ),      cmocka_unit_test(test_mix),
        cmocka_unit_test(test_same_seed_same_words),    cmocka_unit_test(test_mirror),
        cmocka_unit_test(test_said_is_within_the_view),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
