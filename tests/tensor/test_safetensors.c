#include "check.h"

#include <unistd.h>

#include "base/json.h"
#include "tensor/safetensors.h"

/* Loads one file of the table and compares what it holds with what the table says. */
static void check_file(const Json *row)
{
    Arena *a = arena_new("test", 0);
    Safetensors st;
    const char *expect = json_text(row, "expect"), *file = json_text(row, "file");
    SoraStatus s = safetensors_open(test_data(file), a, &st);
    if (strcmp(expect, "error") == 0 && s == SORA_OK) fail_msg("%s was accepted", file);
    if (strcmp(expect, "error") == 0) assert_true(strlen(err_text()) > 10);
    if (strcmp(expect, "ok") == 0 && s != SORA_OK) fail_msg("%s: %s", file, err_text());
    const Json *tensors = json_get(row, "tensors");
    if (s == SORA_OK && tensors) assert_int_equal(st.count, tensors->count);
    for (size_t i = 0; s == SORA_OK && tensors && i < tensors->count; i++) {
        const Tensor *x = safetensors_find(&st, tensors->item[i].key);
        const Json *values = json_get(&tensors->item[i], "values");
        assert_non_null(x);
        assert_int_equal(tensor_count(x), values->count);
        for (size_t k = 0; x->type == TYPE_F32 && k < values->count; k++)
            assert_true(((float *)x->data)[k] == (float)values->item[k].number);
    }
    if (s == SORA_OK) safetensors_close(&st);
    arena_free(a);
}

static void judges_broken_files(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Slice text;
    const Json *table;
    CHECK_OK(file_read(test_data("broken/safetensors.json"), 1 << 20, a, &text));
    CHECK_OK(json_parse((const char *)text.bytes, text.size, "table", a, &table));
    assert_true(table->count > 40);
    for (size_t i = 0; i < table->count; i++) check_file(&table->item[i]);
    arena_free(a);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Tensor *x = tensor_new_2d(a, TYPE_F32, 3, 5), *y = tensor_new_2d(a, TYPE_BF16, 1, 7);
    for (int i = 0; i < 15; i++) ((float *)x->data)[i] = (float)i;
    memset(y->data, 7, 14);
    SafetensorsEntry e[2] = { { "z.\"x\"", *x }, { "a", *y } };
    SafetensorsMeta m[1] = { { "words", "小狗\n" } };
    char path[] = "/tmp/sora_test_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    CHECK_OK(safetensors_write(path, e, 2, m, 1));
    Safetensors st;
    CHECK_OK(safetensors_open(path, a, &st));
    assert_string_equal(safetensors_metadata(&st, "words"), "小狗\n");
    assert_memory_equal(safetensors_find(&st, "z.\"x\"")->data, x->data, 60);
    assert_memory_equal(safetensors_find(&st, "a")->data, y->data, 14);
    assert_null(safetensors_find(&st, "b"));
    safetensors_close(&st);
    unlink(path);
    CHECK_FAILS(safetensors_open(path, a, &st), SORA_E_IO, path);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_broken_files),
        cmocka_unit_test(reads_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
