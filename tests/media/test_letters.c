/* Letters: a font that has all characters the program draws, and where they land. */
#include "check.h"

#include "media/letters.h"
#include "words/lexicon.h"

static Letters *letters;
static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new("test", 0);
    if (letters_open(NULL, &letters) == SORA_OK) return 0;
    fprintf(stderr, "%s\n", err_text());
    return -1;
}

static int teardown(void **state)
{
    (void)state;
    letters_close(letters);
    arena_free(arena);
    return 0;
}

/* No name or word of the lexicon has a character that would be drawn as a box. */
static void test_every_word_can_be_drawn(void **state)
{
    (void)state;
    const Lexicon *lex;
    CHECK_OK(lexicon_builtin(arena, &lex));
    for (int k = 0; k < WORD_KIND_COUNT; k++)
        for (int i = 0; i < lexicon_count(lex, k); i++)
            for (int l = 0; l < LANG_COUNT; l++)
                for (int w = 0; w < lexicon_words(lex, k, i, l); w++)
                    CHECK_OK(letters_check(letters, lexicon_word(lex, k, i, l, w)));
}

static void test_missing_glyphs_are_errors(void **state)
{
    (void)state;
    int width;
    Clip c;
    CHECK_OK(clip_new(arena, 1, 20, 40, 0, &c));
    memset(c.rgb, 255, 20 * 40 * 3);
    LettersPlace at = { .x = 2, .y = 15, .size = 16 };
    CHECK_FAILS(letters_check(letters, "dog \xf3\xbf\xbf\xbd"), SORA_E_FORMAT, "U+FFFFD");
    CHECK_FAILS(letters_width(letters, "\xf3\xbf\xbf\xbd", 12, &width), SORA_E_FORMAT, "U+FFFFD");
    CHECK_FAILS(letters_draw(letters, "a\xf3\xbf\xbf\xbd", &at, &c, 0), SORA_E_FORMAT, "U+FFFFD");
    for (size_t i = 0; i < 20 * 40 * 3; i++)
        assert_int_equal(c.rgb[i], 255); /* nothing half drawn */
    CHECK_FAILS(letters_check(letters, "a\xff"), SORA_E_FORMAT, "UTF-8");
}

/* Dark pixels inside and outside of a box. */
static void count_dark(const Clip *c, const int box[4], int *in, int *out)
{
    *in = *out = 0;
    for (int y = 0; y < (int)c->height; y++)
        for (int x = 0; x < (int)c->width; x++) {
            bool dark = c->rgb[((size_t)y * c->width + (size_t)x) * 3] < 128;
            bool inside = x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
            *in += dark && inside;
            *out += dark && !inside;
        }
}

static void test_letters_land_in_their_place(void **state)
{
    (void)state;
    static const char *const text[] = { "penguin", "企鹅", "企鵝" };
    for (int i = 0; i < 3; i++) {
        Clip c;
        int width, in, out;
        CHECK_OK(clip_new(arena, 1, 64, 160, 0, &c));
        memset(c.rgb, 255, 64 * 160 * 3);
        CHECK_OK(letters_width(letters, text[i], 24, &width));
        assert_in_range(width, i ? 40 : 60, i ? 52 : 110);
        LettersPlace at = { .x = 20, .y = 40, .size = 24 };
        CHECK_OK(letters_draw(letters, text[i], &at, &c, 0));
        count_dark(&c, (int[]){ 18, 14, 22 + width, 50 }, &in, &out);
        assert_int_equal(out, 0);
        assert_true(in > 100);
    }
}

static void test_at_the_edge(void **state)
{
    (void)state;
    Clip c;
    CHECK_OK(clip_new(arena, 1, 10, 10, 0, &c));
    for (int x = -40; x < 40; x += 7)
        for (int y = -20; y < 40; y += 7) {
            LettersPlace at = { .x = x, .y = y, .size = 20, .rgb = { 9, 8, 7 } };
            CHECK_OK(letters_draw(letters, "龙g", &at, &c, 0)); /* ASan watches */
        }
    LettersPlace none = { .size = 0 };
    CHECK_FAILS(letters_draw(letters, "a", &none, &c, 0), SORA_E_ARGUMENT, "letters of 0 pixels");
}

static void test_fonts(void **state)
{
    (void)state;
    Letters *l;
    CHECK_FAILS(letters_open("/nowhere.ttf", &l), SORA_E_FORMAT, "/nowhere.ttf");
    CHECK_FAILS(letters_open(test_data("media/three.gif"), &l), SORA_E_FORMAT, "three.gif");
    CHECK_OK(letters_open(letters_font(letters), &l));
    letters_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_can_be_drawn),
        cmocka_unit_test(test_missing_glyphs_are_errors),
        cmocka_unit_test(test_letters_land_in_their_place),
        cmocka_unit_test(test_at_the_edge),
        cmocka_unit_test(test_fonts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
