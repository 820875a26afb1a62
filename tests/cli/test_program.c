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
    check_run("C", "ifno --json 2>/dev/null", 2, "{\"event\":\"error\"");
    check_run("C", "--help >/dev/full", 1, "cannot write to the standard output");
    check_run("C", "--version >/dev/full", 1, "cannot write");
    check_run("C", "--commands >/dev/full", 1, "cannot write");
    check_run("C", "info --help >/dev/full", 1, "cannot write");
    check_run("C", "info --bogus --json 2>/dev/null", 2, "\"event\":\"error\"");
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

/* What is wrong is refused before a model is looked for. */
static void test_asked(void **state)
{
    (void)state;
    const char *files = "$SORA_TEST_DATA/media/three.gif";
    char args[512];
    check_run("C", "generate", 2, "PROMPT is missing");
    check_run("C", "generate a --size 64x64 --width 32", 2, "one of the two");
    check_run("C", "generate a --duration 1s --frames 3", 2, "one of the two");
    check_run("C", "generate a --prompts nofile", 2, "one of the two");
    check_run("C", "generate a -o ''", 1, "the name after -o is empty");
    check_run("C", "generate a -o a.png --preview a.png", 1, "both the output and its preview");
    snprintf(args, sizeof args, "generate a -o /nowhere/a.mp4 --preview %s", files);
    check_run("C", args, 1, "three.gif exists already; -y writes over it");
    check_run("C", "generate '' --json -o - 2>/dev/null | wc -c", 0, "0\n");
    check_run("C", "generate --bogus -o - --json >/dev/null", 2, "\"event\":\"error\"");
}

/* `generate` of a file that holds what printf makes of `text`. */
static void check_file(const char *text, const char *args, int code, const char *words)
{
    char line[1024];
    snprintf(line, sizeof line,
             "--version >/dev/null; printf '%s' >$GIVEN/given.txt && '%s' generate -m nomodel %s",
             text, getenv("SORA_PROGRAM"), args);
    check_run("C", line, code, words);
}

static void test_prompts_file(void **state)
{
    (void)state;
    const char *args = "-o - --prompts $GIVEN/given.txt";
    check_file("a\\rb\\r\\nc\\n\\rd", args, 1, "4 videos do not go through one pipe");
    check_file("a\\r\\n\\377", args, 1, "given.txt is not UTF-8");
    check_file("a\\nb\\rc\\000d\\ne", args, 1, "given.txt has a zero byte");
    check_file("\\377\\376a\\000", args, 1, "is UTF-16");
    check_file(" \\r\\n", args, 1, "has no prompt in it");
}

static void check_notes(const char *notes, const char *words)
{
    const char *args = "-o /nowhere/a.png --like $GIVEN/given.gif";
    char line[512];
    snprintf(line, sizeof line,
             "$(cp media/three.gif $GIVEN/given.gif; cp $GIVEN/given.txt "
             "$GIVEN/given.gif.json) %s",
             args);
    check_file(notes, line, 1, words);
}

/* The notes of a gif are in a file beside it. */
static void test_like(void **state)
{
    (void)state;
    check_notes("{\"prompt\":\"a\",\"command\":\"extend\"}", "give the same 'sora extend'");
    check_notes("{\"prompt\":\"a\",\"image\":\"b.png\"}", "say --image beside --like");
    check_notes("{\"prompt\":\"a\",\"at\":[\"0s=b.png\"]}", "say --at beside --like");
    check_notes("{\"prompt\":\"a\",\"lora\":[\"b\"]}", "say --lora beside --like");
    check_notes("{\"prompt\":\"a\",\"frames\":4294967297}", "a frames that is not 1 to 1000000");
    check_notes("{\"prompt\":\"a\",\"steps\":\"two\"}", "a steps that is not 1 to 1000");
    check_notes("{\"prompt\":\" \"}", "does not say its prompt");
    check_notes("{\"prompt\":\"a\",\"steps\":2}", "nomodel");
    check_run("C", "info $GIVEN/given.gif", 0, "steps: 2");
    check_file("{\"later\":[{\"from\":2,\"prompt\":\"b\"}],\"skip_layers\":[7,8]}",
               "--prompts nofile; cp $GIVEN/given.txt $GIVEN/given.gif.json", 0, "");
    check_run("C", "info $GIVEN/given.gif", 0, "  later: from 2, prompt b\n  skip_layers: 7, 8");
    check_run("C", "generate a -m nomodel -o $GIVEN/given.gif", 1, "-y writes over it");
    check_run("C", "generate a -m nomodel -o $GIVEN/given.png; rm $GIVEN/given.gif", 0, "");
    check_run("C", "generate a -m nomodel -o $GIVEN/given.gif", 1,
              "given.gif.json exists already; -y writes over it");
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

/* Files that tests make lie in $GIVEN. */
static int setup(void **state)
{
    static char folder[] = "/tmp/sora-program-XXXXXX";
    (void)state;
    return mkdtemp(folder) ? setenv("GIVEN", folder, 1) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return system("rm -r \"$GIVEN\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_front),        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_words),        cmocka_unit_test(test_show),
        cmocka_unit_test(test_info),         cmocka_unit_test(test_every_help),
        cmocka_unit_test(test_generated),    cmocka_unit_test(test_asked),
        cmocka_unit_test(test_prompts_file), cmocka_unit_test(test_like),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
