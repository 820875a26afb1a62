#include "check.h"

#include "options.h"
#include "options_value.h"

typedef struct All {
    bool yes, given;
    int64_t steps;
    double scale, seconds;
    const char *text, *path;
    OptionSize size;
    uint64_t bytes;
    int sampler;
    OptionList list;
} All;

static const char *const samplers[] = { "euler", "heun", "unipc", NULL };

/* Parses a command line of words with one space between. */
static SoraStatus parse(All *a, Cli *cli, const char *line)
{
    static char words[512];
    static char *argv[64];
    *a = (All){ .steps = 30, .scale = 4.5, .sampler = 1 };
    *cli = (Cli){ .command = "test", .events = stdout };
    const Option options[] = {
        { 'y', "yes", "write", .flag = &a->yes },
        { .group = "more" },
        { 's', "steps", "steps", .integer = &a->steps, .min = 1, .max = 1000, .given = &a->given },
        { 0, "cfg-scale", "scale", .number = &a->scale, .min = 0, .max = 30 },
        { 'n', "negative", "what not", .text = &a->text },
        { 'o', "output", "where", .path = &a->path },
        { 0, "size", "size", .size = &a->size },
        { 0, "frame", "size or shape", .size = &a->size, .shapes = true },
        { 0, "duration", "time", .seconds = &a->seconds, .min = 0.01, .max = 3600 },
        { 0, "memory", "memory", .bytes = &a->bytes },
        { 0, "sampler", "sampler", .choice = &a->sampler, .names = samplers },
        { 0, "lora", "loras", .list = &a->list },
        { 0 },
    };
    int argc = 0;
    snprintf(words, sizeof words, "test %s", line);
    for (char *rest = words, *w; (w = strsep(&rest, " "));)
        if (*w) argv[argc++] = w;
    return options_parse(&(Usage){ .about = "about",
                                   .arguments = "PROMPT",
                                   .arg_min = 1,
                                   .arg_max = 2,
                                   .options = options },
                         cli, argc, argv);
}

static void test_values(void **state)
{
    (void)state;
    All a;
    Cli cli;
    CHECK_OK(parse(&a, &cli, "fox"));
    assert_int_equal(a.steps, 30);
    assert_false(a.given);
    assert_string_equal(cli.arg[0], "fox");
    CHECK_OK(parse(&a, &cli,
                   "--steps 50 fox --cfg-scale=7.5 -y -o out.mp4 -nbad --size 256x144 "
                   "--duration 1.5m --memory 4G --sampler unipc --lora a,b --lora c"));
    assert_int_equal(a.steps, 50);
    assert_true(a.given && a.yes);
    CHECK_CLOSE(a.scale, 7.5, 0);
    CHECK_CLOSE(a.seconds, 90, 0);
    assert_int_equal(a.bytes, 4ull << 30);
    assert_string_equal(a.path, "out.mp4");
    assert_string_equal(a.text, "bad");
    assert_int_equal(a.size.width, 256);
    assert_int_equal(a.size.height, 144);
    assert_int_equal(a.sampler, 2);
    assert_int_equal(a.list.count, 3);
    assert_string_equal(a.list.item[2], "c");
    assert_int_equal(cli.arg_count, 1);
    assert_false(a.size.shape);
    CHECK_OK(parse(&a, &cli, "fox --memory 300MB"));
    assert_int_equal(a.bytes, 300000000);
    CHECK_OK(parse(&a, &cli, "fox --memory 300MiB"));
    assert_int_equal(a.bytes, 300ull << 20);
    CHECK_OK(parse(&a, &cli, "fox --frame 16:9"));
    assert_true(a.size.shape && a.size.width == 16 && a.size.height == 9);
    CHECK_OK(parse(&a, &cli, "fox --frame 9：16"));
    assert_true(a.size.shape && a.size.width == 9 && a.size.height == 16);
    CHECK_OK(parse(&a, &cli, "fox --frame 64x48"));
    assert_false(a.size.shape);
    CHECK_OK(parse(&a, &cli, "-yo - -- --fox"));
    assert_string_equal(a.path, "-");
    assert_string_equal(cli.arg[0], "--fox");
    CHECK_OK(parse(&a, &cli, "--size 64 x --threads 3 --json -q --duration 500ms"));
    assert_int_equal(a.size.height, 64);
    CHECK_CLOSE(a.seconds, 0.5, 1e-12);
    assert_int_equal(cli.threads, 3);
    assert_true(cli.json && cli.quiet);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        { "", "PROMPT is missing" },
        { "a b c", "'c' is one argument too many" },
        { "a --step 3", "did you mean --steps?" },
        { "a --sampelr euler", "did you mean --sampler?" },
        { "a --zzzzzz", "there is no option --zzzzzz" },
        { "a -Z", "there is no option -Z" },
        { "a --steps", "--steps needs a value: --steps N" },
        { "a --steps 0", "--steps is 0, it must be 1 to 1000" },
        { "a --steps 1e3", "it must be a whole number" },
        { "a --steps 99999999999999999999", "it must be a whole number" },
        { "a --steps= ", "it must be a whole number" },
        { "a --cfg-scale nan", "it must be a number" },
        { "a --cfg-scale 31", "it must be 0 to 30" },
        { "a --size 256x", "WIDTHxHEIGHT" },
        { "a --size -3x4", "WIDTHxHEIGHT" },
        { "a --size 16:9", "such as 256x144" },
        { "a --frame 16:", "a shape such as 16:9" },
        { "a --frame 99:9", "a shape such as 16:9" },
        { "a --size 256x999999999999", "WIDTHxHEIGHT" },
        { "a --duration 2y", "a time such as" },
        { "a --duration 2h", "it must be 0.01s to 60m" },
        { "a --memory -1G", "an amount such as" },
        { "a --sampler hun", "did you mean heun?" },
        { "a --yes=no", "--yes takes no value" },
        { "a --threads 1000", "0 to 256" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        All a;
        Cli cli;
        if (parse(&a, &cli, lines[i][0]) == SORA_OK) fail_msg("accepted: %s", lines[i][0]);
        CHECK_FAILS(parse(&a, &cli, lines[i][0]), SORA_E_ARGUMENT, lines[i][1]);
        assert_true(cli.usage_error);
    }
}

static void test_limits(void **state)
{
    (void)state;
    char out[OPTIONS_VALUE_MAX];
    int64_t steps = 30;
    options_value_limits(&(Option){ .integer = &steps, .min = 1, .max = 1000 }, out);
    assert_string_equal(out, "1 to 1000, default 30");
    double seconds = 120;
    options_value_limits(&(Option){ .seconds = &seconds }, out);
    assert_string_equal(out, "default 2m");
    const char *none = NULL;
    options_value_limits(&(Option){ .path = &none }, out);
    assert_string_equal(out, "");
    int which = 0;
    options_value_name(&(Option){ .choice = &which, .names = samplers }, out);
    assert_string_equal(out, "euler|heun|unipc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
