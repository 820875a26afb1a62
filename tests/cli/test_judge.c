/* sora read and sora eval as people run them, on a tiny reader and a tiny model made here. */
#include "shell.h"

#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

static char folder[] = "/tmp/sora-judge-XXXXXX";

/* Runs `sora ARGS` in the folder of test data; {} in ARGS is a folder of ours, % the options that
 * name the tests' cast and the text encoder. The exit code; what was printed is in `output`. */
static int run(const char *lang, const char *args)
{
    char command[8192], *end = command + sizeof command, *to = command;
    to += snprintf(to, (size_t)(end - to),
                   "cd '%s' && { LC_ALL= LC_MESSAGES= LANG=%s SORA_MODELS=/nowhere '%s' ",
                   getenv("SORA_TEST_DATA"), lang, getenv("SORA_PROGRAM"));
    for (; *args && end - to > 1024; args++) {
        if (strncmp(args, "{}", 2) == 0) {
            to += snprintf(to, (size_t)(end - to), "%s", folder);
            args++;
        } else if (*args == '%') {
            to +=
                snprintf(to, (size_t)(end - to),
                         "--cast cast/cast.bin --text-encoder '%s/models/default/text.safetensors'",
                         getenv("SORA_SOURCE"));
        } else {
            *to++ = *args;
        }
    }
    snprintf(to, (size_t)(end - to), "; } 2>&1");
    return shell_run(command);
}

static void check_run(const char *lang, const char *args, int code, const char *words)
{
    shell_expect(args, run(lang, args), code, words);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    check_run("C",
              "train {}/r % --network reader --sizes 32x32,32x32x13@6 --width 32 --heads 2 "
              "--layers 1 --hidden 32 --batch-tokens 40 --steps 2",
              0, "saved");
    check_run("C",
              "train {}/v % --sizes 32x32,32x32x13@6 --width 32 --heads 2 --layers 1 "
              "--hidden 32 --batch-tokens 40 --steps 2 --sample-every 0",
              0, "saved");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void reads(void **state)
{
    (void)state;
    check_run("C", "read media/three.gif", 1, "there is no reader at /nowhere/default/reader");
    check_run("zh_CN.UTF-8", "read media/three.gif", 1, "没有识别模型");
    check_run("C", "read", 2, "--help");
    check_run("C", "read --reader {}/v/model.safetensors media/three.gif", 1, "is no reader");
    check_run("C", "read --reader {}/r/reader.safetensors media/three.gif", 0, "camera");
    check_run("zh_CN.UTF-8", "read --reader {}/r/reader.safetensors media/three.gif", 0, "场景");
    check_run("C", "read --reader {}/r/reader.safetensors media/alpha.png", 0, "likeness");
    assert_null(strstr(output, "camera")); /* a picture has no moving camera */
    check_run("C", "read --reader {}/r/reader.safetensors media/list.m3u8", 1, "playlist");
    assert_int_equal(run("C", "read --json --reader {}/r/reader.safetensors media/three.gif"), 0);
    Arena *a = arena_new("test", 0);
    const Json *event;
    CHECK_OK(json_parse(output, strcspn(output, "\n"), "event", a, &event));
    assert_string_equal(json_text(event, "file"), "media/three.gif");
    assert_non_null(json_get(json_get(event, "facts"), "likeness"));
    arena_free(a);
}

static void evaluates(void **state)
{
    (void)state;
    check_run("C",
              "eval --suite reader -n 6 --reader {}/r/reader.safetensors --cast cast/cast.bin "
              "-o {}/report.json",
              0, "new pairs");
    check_run("C",
              "eval --suite reader -n 6 --reader {}/r/reader.safetensors --cast cast/cast.bin "
              "-o {}/report.json",
              1, "exists already; -y");
    check_run("C", "eval {}/v % -n 3 --steps 1 --reader {}/r/reader.safetensors --sheet {}/p.png",
              0, "edges of actors");
    check_run("zh_CN.UTF-8", "eval {}/v % -n 2 --images --steps 1 --reader {}/r/reader.safetensors",
              0, "角色正确率");
    check_run("C",
              "eval {}/v % -n 1 --steps 1 --suite shape --minutes 1 --minute-length 6s --reader "
              "{}/r/reader.safetensors",
              0, "optical flow");
    check_run("C", "info {}/r", 0, "a reader of sora");
    check_run("C", "info {}/v/model.safetensors", 0, " bytes)"); /* of words, cut short */
    assert_non_null(strstr(output, "size: width 32, 1 layers"));
    assert_true(strlen(output) < 4000);
    check_run("C", "info --json {}/v/model.safetensors", 0, "Rows of actors and props stand");
    check_run("C", "eval {}/v % --suite taste", 2, "must be one of text|reader|shape|looks");
    check_run("C", "eval {}/none % --reader {}/r/reader.safetensors", 1, "none");
    check_run("zh_CN.UTF-8", "eval {}/v % --suite shape --images --reader {}/r/reader.safetensors",
              1, "单张图片");
    char path[64];
    snprintf(path, sizeof path, "%s/p.txt", folder);
    assert_true(file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(evaluates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
