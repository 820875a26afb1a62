/* The program as people run it: what it prints where, and its exit codes. */
#include "shell.h"

#include "cli.h"

/* Runs `sora ARGS` in a shell with LANG set, everything it prints in `output`; the exit code. */
static int run(const char *lang, const char *args)
{
    char command[8192];
    const char *program = getenv("SORA_PROGRAM");
    assert_non_null(program);
    snprintf(command, sizeof command, "cd '%s' && { LC_ALL= LC_MESSAGES= LANG=%s '%s' %s; } 2>&1",
             getenv("SORA_TEST_DATA"), lang, program, args);
    return shell_run(command);
}

static void check_run(const char *lang, const char *args, int code, const char *words)
{
    shell_expect(args, run(lang, args), code, words);
}

static void test_front(void **state)
{
    (void)state;
    check_run("C", "", 2, "usage: sora COMMAND");
    check_run("C", "--help", 0, "sora COMMAND --help");
    check_run("C", "--version", 0, "sora 0.");
    check_run("C", "ifno", 2, "did you mean 'info'?");
    check_run("C", "help info", 0, "usage: sora info");
    check_run("zh_CN.UTF-8", "--help", 0, "用法");
}

static void test_words(void **state)
{
    (void)state;
    check_run("C", "words", 0, "penguin");
    check_run("C", "words zh", 0, "企鹅");
    check_run("C", "words zh", 0, "角色 (");
    check_run("zh_CN.UTF-8", "words", 0, "角色");
    check_run("zh_CN.UTF-8", "words en", 0, "penguin");
    check_run("C", "words --json", 0, "\"id\":\"penguin\"");
    check_run("C", "words fr", 2, "'fr' is no language");
    check_run("C", "words --model nofile", 1, "nofile");
    const char *to = "--sheet /tmp/sora-words.png -y --cast cast/cast.bin";
    char args[512];
    snprintf(args, sizeof args, "words zh %s", to);
    check_run("C", args, 0, "");
    check_run("C", "info /tmp/sora-words.png", 0, "1352x");
    check_run("C", "words --sheet /tmp/sora-words.png --cast cast/cast.bin", 1, "exists");
    check_run("C", "words --sheet /tmp/sora-words.png -y --cast nofile", 1, "nofile");
}

static void test_show(void **state)
{
    (void)state;
    const char *to = "--cast cast/cast.bin --size 48x32 --frames 5 -y -o /tmp/sora-show.gif";
    char args[512];
    snprintf(args, sizeof args, "world --show 'a purple cat dances' %s", to);
    check_run("C", args, 0, "the world cannot show this: purple");
    check_run("zh_CN.UTF-8", args, 0, "小世界里没有：purple");
    snprintf(args, sizeof args, "world --json --show '一只猫在拖拉机旁边跳舞' %s", to);
    check_run("C", args, 1, "this cast has no");
    snprintf(args, sizeof args, "world --show 'a submarine' %s", to);
    check_run("C", args, 1, "words it does not know: submarine");
    check_run("zh_CN.UTF-8", args, 1, "不认识的词：submarine");
    snprintf(args, sizeof args, "world --json --show '一只猫和一艘潜水艇' %s", to);
    check_run("C", args, 0, "\"unknown\":\"潜水艇\"");
}

static void test_convert(void **state)
{
    (void)state;
    check_run("C", "convert quant/dtypes.safetensors nowhere.bin", 1, "must end with");
    check_run("C", "convert quant/dtypes.safetensors nowhere.gguf --type q9", 1, "no type q9");
    check_run("C", "convert quant/dtypes.safetensors quant/blocktypes.gguf", 1, "exists");
    check_run("C", "convert quant/blocktypes.gguf /tmp/sora-convert.safetensors -y", 0,
              "14 tensors");
    check_run("C", "convert broken/pth/global-refused.pth nowhere.gguf", 1, "asks to run");
    check_run("C", "convert one", 2, "--help");
}

static void test_info(void **state)
{
    (void)state;
    check_run("C", "info media/three.gif", 0, "5 frames, 10 a second");
    check_run("C", "info --json media/three.gif", 0, "\"frames\":5");
    check_run("C", "info quant/blocktypes.gguf", 0, "q4_k");
    check_run("C", "info --json quant/blocktypes.gguf", 0, "\"kind\":\"gguf\"");
    check_run("C", "info broken/gguf/type-999.gguf", 1, "type 999");
    check_run("C", "info media/list.m3u8", 1, "media/list.m3u8 is a playlist");
    check_run("zh_CN.UTF-8", "info nofile.mp4", 1, "找不到文件 nofile.mp4");
    check_run("C", "info", 2, "'sora info --help' shows");
    check_run("C", "info --jsn x", 2, "did you mean --json?");
    check_run("C", "info media/three.gif > /dev/full", 1, "standard output");
}

/* Every command explains itself, in both languages, and every line of the help fits. */
static void test_every_help(void **state)
{
    (void)state;
    static char names[sizeof output];
    char args[64];
    assert_int_equal(run("C", "--commands"), 0);
    memcpy(names, output, sizeof names);
    for (char *rest = names, *name; (name = strsep(&rest, "\n"));) {
        if (!*name) continue;
        snprintf(args, sizeof args, "%.40s --help", name);
        check_run("C", args, 0, "Every command");
        for (char *at = output, *line; (line = strsep(&at, "\n"));)
            if (lang_columns(line) > 100) fail_msg("%s: too long: %s", args, line);
        check_run("zh_CN.UTF-8", args, 0, "所有命令通用");
    }
}

/* The shells' own parsers accept what is generated for them. */
static void test_generated(void **state)
{
    (void)state;
    check_run("C", "completion bash", 0, "complete -o filenames -F _sora sora");
    check_run("C", "completion bash | bash -n", 0, "");
    check_run("C", "completion zsh", 0, "#compdef sora");
    check_run("C", "completion fish", 2, "must be bash or zsh");
    check_run("C", "manual", 0, ".SS sora info");
    check_run("C", "manual", 0, ".TH SORA 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_front),     cmocka_unit_test(test_convert),
        cmocka_unit_test(test_words),     cmocka_unit_test(test_show),
        cmocka_unit_test(test_info),      cmocka_unit_test(test_every_help),
        cmocka_unit_test(test_generated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
