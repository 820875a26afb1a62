#include "check.h"

#include <unistd.h>

#include "broken.h"

static void judge_table(const char *file, size_t least)
{
    Arena *a = arena_new("test", 0);
    Slice text;
    const Json *table;
    CHECK_OK(file_read(test_data(file), 1 << 20, a, &text));
    CHECK_OK(json_parse((const char *)text.bytes, text.size, file, a, &table));
    assert_true(table->count >= least);
    for (size_t i = 0; i < table->count; i++) {
        char why[300];
        const char *name = json_text(&table->item[i], "file");
        const char *wrong = broken_judge(&table->item[i], test_data(name), why);
        if (wrong) fail_msg("%s: %s", name, wrong);
    }
    arena_free(a);
}

static void judges_gguf_and_pth(void **state)
{
    (void)state;
    judge_table("broken/weights.json", 38);
}

static void judges_safetensors(void **state)
{
    (void)state;
    judge_table("broken/safetensors.json", 40);
}

/* Names the thing and says what is wrong with it. */
static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *file, *words;
        SoraStatus status;
    } rows[] = {
        { "broken/pth/global-refused.pth", "asks to run", SORA_E_UNSUPPORTED },
        { "broken/pth/storage-missing.pth", "data/7", SORA_E_FORMAT },
        { "broken/pth/zip-truncated.pth", "cut", SORA_E_FORMAT },
        { "broken/gguf/version-99.gguf", "version 99", SORA_E_UNSUPPORTED },
        { "broken/gguf/type-999.gguf", "type 999", SORA_E_UNSUPPORTED },
        { "broken/gguf/row-not-block.gguf", "33", SORA_E_FORMAT },
        { "broken/gguf/duplicate-tensor.gguf", "twice", SORA_E_FORMAT },
    };
    Arena *a = arena_new("test", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Weights *w;
        CHECK_FAILS(weights_open(test_data(rows[i].file), a, &w), rows[i].status, rows[i].words);
    }
    arena_free(a);
}

/* Every prefix of a good file is refused or read, never more. */
static void survives_every_cut(void **state)
{
    (void)state;
    static const char *const files[] = { "broken/gguf/ok-all-kv-types.gguf",
                                         "broken/pth/ok-nested-state-dict.pth" };
    for (size_t f = 0; f < 2; f++) {
        Slice whole;
        char path[64];
        CHECK_OK(file_map(test_data(files[f]), &whole));
        snprintf(path, sizeof path, "/tmp/sora-cut-%d", (int)getpid());
        size_t padding = f ? 0 : 16; /* a GGUF may end with its last tensor */
        for (size_t n = 0; n < whole.size - padding; n += n < 600 ? 1 : 7) {
            Arena *a = arena_new("test", 0);
            Weights *w;
            CHECK_OK(file_write(path, whole.bytes, n));
            if (weights_open(path, a, &w) == SORA_OK) fail_msg("%zu bytes were accepted", n);
            arena_free(a);
        }
        unlink(path);
        file_unmap(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_gguf_and_pth),
        cmocka_unit_test(judges_safetensors),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(survives_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
