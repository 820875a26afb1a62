#include "check.h"

#include "model/tokenizer.h"

/* Ids that the tokenizers package (0.23) gives for the same file. 'A' is normalised to 'a', what
 * has no piece is spelled in bytes. */
static const struct {
    const char *text;
    size_t count;
    uint32_t id[8];
} rows[] = {
    { "cat", 2, { 261, 264 } },
    { "A cat  ", 3, { 263, 261, 264 } },
    { " cat<unk>cat", 5, { 261, 264, 3, 261, 264 } },
    { "a <extra_id_0> cat", 4, { 263, 4, 261, 264 } },
    { "A\xCC\x81"
      "a",
      2,
      { 263, 262 } }, /* a mark goes with its short grapheme */
    { "\xE7\x8C\xAB \xC3\xA9", 5, { 261, 267, 261, 200, 174 } },
    { "</s>", 1, { 1 } },
    { "<0x41>", 2, { 261, 70 } }, /* pieces of bytes can be written out */
    { "", 0, { 0 } },
    { "   ", 0, { 0 } },
    { "a   A", 2, { 263, 263 } },
    { "x <pad> y", 5, { 261, 125, 0, 261, 126 } },
    { "cat\xE3\x80\x80"
      "cat",
      6,
      { 261, 264, 232, 133, 133, 264 } },
};

static Tokenizer *read_json(Arena *a, const char *file)
{
    Slice text;
    Tokenizer *t;
    CHECK_OK(file_read(test_data(file), 1 << 20, a, &text));
    CHECK_OK(tokenizer_read_json(text, file, a, &t));
    return t;
}

static void follows_tokenizer_json(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Tokenizer *t = read_json(a, "fuzz/tokenizer/tiny.json");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TokenizerIds ids;
        CHECK_OK(tokenizer_encode(t, rows[i].text, strlen(rows[i].text), a, &ids));
        bool same = ids.count == rows[i].count;
        for (size_t k = 0; same && k < ids.count; k++) same = ids.id[k] == rows[i].id[k];
        if (!same) fail_msg("'%s' gives %zu other ids", rows[i].text, ids.count);
    }
    arena_free(a);
}

static void refuses_what_it_cannot_follow(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        SoraStatus status;
    } bad[] = {
        { "{}", "no model", SORA_E_FORMAT },
        { "{\"model\":{\"type\":\"BPE\"}}", "BPE", SORA_E_UNSUPPORTED },
        { "{\"model\":{\"type\":\"Unigram\",\"unk_id\":5,\"vocab\":[[\"a\",-1.0]]}}", "not know",
          SORA_E_FORMAT },
        { "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",-1.0]]},"
          "\"normalizer\":{\"type\":\"Lowercase\"}}",
          "Lowercase", SORA_E_UNSUPPORTED },
        { "{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",-1.0],[\"b\",\"x\"]]}}",
          "not a text with a number", SORA_E_FORMAT },
    };
    Arena *a = arena_new("test", 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Tokenizer *t;
        Slice text = { (const unsigned char *)bad[i].text, strlen(bad[i].text) };
        CHECK_FAILS(tokenizer_read_json(text, "some file", a, &t), bad[i].status, bad[i].words);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_tokenizer_json),
        cmocka_unit_test(refuses_what_it_cannot_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
