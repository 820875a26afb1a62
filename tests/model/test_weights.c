#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "model/weights.h"
#include "tensor/safetensors.h"

static char folder[] = "/tmp/sora-weights-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    CHECK_OK(file_write(in_folder(name), text, strlen(text)));
}

/* A file of single numbers, called by the letters of `names`. */
static void write_tensors(const char *file, const char *names)
{
    static float value[26];
    static char name[26][2];
    SafetensorsEntry e[26];
    size_t n = strlen(names);
    for (size_t i = 0; i < n; i++) {
        value[i] = names[i];
        name[i][0] = names[i];
        e[i] = (SafetensorsEntry){
            name[i],
            { .type = TYPE_F32, .rank = 1, .shape = { 1, 1, 1, 1, 1, 1 }, .data = &value[i] }
        };
    }
    SafetensorsMeta m = { "from", file };
    CHECK_OK(safetensors_write(in_folder(file), e, n, &m, 1));
}

static int setup(void **state)
{
    if (!mkdtemp(folder)) return -1;
    *state = arena_new("test", 0);
    write_tensors("x-1.safetensors", "ca");
    write_tensors("x-2.safetensors", "db");
    write_text("x.safetensors.index.json",
               "{\"metadata\":{},\"weight_map\":{\"a\":\"x-1.safetensors\",\"b\":"
               "\"x-2.safetensors\",\"c\":\"x-1.safetensors\",\"d\":\"x-2.safetensors\"}}");
    return 0;
}

static int teardown(void **state)
{
    char command[300];
    arena_free(*state);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void check_four(const Weights *w)
{
    assert_int_equal(weights_count(w), 4);
    for (size_t i = 0; i < 4; i++) {
        char name[2] = { (char)('a' + i), 0 };
        assert_string_equal(weights_name(w, i), name);
        assert_ptr_equal(weights_find(w, name), weights_at(w, i));
        CHECK_CLOSE(*(float *)weights_at(w, i)->data, 'a' + (double)i, 0);
    }
    assert_null(weights_find(w, "e"));
    assert_int_equal(weights_files(w), 2);
    assert_string_equal(weights_kind(w), "safetensors");
}

static void opens_a_sharded_set_by_index_and_folder(void **state)
{
    Weights *w;
    CHECK_OK(weights_open(in_folder("x.safetensors.index.json"), *state, &w));
    check_four(w);
    weights_close(w);
    CHECK_OK(weights_open(folder, *state, &w));
    check_four(w);
    weights_close(w);
}

static void opens_one_file(void **state)
{
    Weights *w;
    CHECK_OK(weights_open(in_folder("x-2.safetensors"), *state, &w));
    assert_int_equal(weights_count(w), 2);
    assert_string_equal(weights_metadata(w, "from"), "x-2.safetensors");
    assert_null(weights_metadata(w, "to"));
    assert_true(weights_bytes(w) > 8);
    weights_close(w);
}

static void refuses_an_index_that_lies(void **state)
{
    Weights *w;
    write_text("y.index.json", "{\"weight_map\":{\"a\":\"x-2.safetensors\"}}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_FORMAT,
                "does not hold it");
    write_text("y.index.json", "{\"weight_map\":{\"a\":\"x-1.safetensors\"}}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_FORMAT,
                "lists 1 tensors, its files hold 2");
    write_text("y.index.json", "{\"weight_map\":{\"a\":\"../x-1.safetensors\"}}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_FORMAT,
                "not said to be in a file of its folder");
    write_text("y.index.json", "{\"weight_map\":{\"a\":\"none.safetensors\"}}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_IO, "none.safetensors");
    write_text("y.index.json", "{}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_FORMAT, "weight_map");
    write_tensors("z.safetensors", "a");
    write_text("y.index.json",
               "{\"weight_map\":{\"a\":\"x-1.safetensors\",\"c\":\"z.safetensors\"}}");
    CHECK_FAILS(weights_open(in_folder("y.index.json"), *state, &w), SORA_E_FORMAT, "is both in");
    unlink(in_folder("y.index.json"));
    CHECK_FAILS(weights_open(folder, *state, &w), SORA_E_FORMAT, "several files");
    unlink(in_folder("z.safetensors"));
}

static void refuses_what_is_not_there(void **state)
{
    Weights *w;
    mkdir(in_folder("empty"), 0755);
    CHECK_FAILS(weights_open(in_folder("empty"), *state, &w), SORA_E_FORMAT,
                "no file with weights");
    CHECK_FAILS(weights_open(in_folder("nothing"), *state, &w), SORA_E_IO, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_sharded_set_by_index_and_folder),
        cmocka_unit_test(opens_one_file),
        cmocka_unit_test(refuses_an_index_that_lies),
        cmocka_unit_test(refuses_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
