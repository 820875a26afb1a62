#include "check.h"

#include <unistd.h>

#include "progress.h"

static void test_times(void **state)
{
    (void)state;
    static const struct {
        double s;
        const char *text;
    } times[] = { { 0, "0:00" },       { 59.4, "0:59" }, { 59.6, "1:00" }, { 3600, "1:00:00" },
                  { 7384, "2:03:04" }, { NAN, "0:00" },  { -5, "0:00" } };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char out[16];
        progress_time(times[i].s, out, sizeof out);
        assert_string_equal(out, times[i].text);
    }
}

/* What is written to stderr by fn, in `out`. */
static void capture(void (*fn)(Cli *), Cli *cli, char *out, size_t room)
{
    FILE *f = tmpfile();
    int keep = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(f), STDERR_FILENO);
    fn(cli);
    fflush(stderr);
    dup2(keep, STDERR_FILENO);
    close(keep);
    rewind(f);
    out[fread(out, 1, room - 1, f)] = 0;
    fclose(f);
}

static void work(Cli *cli)
{
    progress_begin(cli, "making", 3);
    for (int i = 1; i <= 3; i++) progress_at(cli, i, "clip %d", i);
    progress_say(cli, "seed %d", 7);
    progress_end(cli);
    progress_end(cli);
}

/* Not a terminal: plain lines, no carriage returns; quick work is told once, at its end. */
static void test_lines(void **state)
{
    (void)state;
    char out[4096];
    Cli cli = { .command = "test", .events = stdout };
    capture(work, &cli, out, sizeof out);
    assert_null(strchr(out, '\r'));
    assert_string_equal(out, "seed 7\nmaking: 3 of 3 in 0:00  clip 3\n");
    cli.quiet = true;
    capture(work, &cli, out, sizeof out);
    assert_string_equal(out, "");
}

static void test_events(void **state)
{
    (void)state;
    char out[4096], line[4096];
    Cli cli = { .command = "test", .json = true, .events = tmpfile() };
    capture(work, &cli, out, sizeof out);
    assert_string_equal(out, "");
    rewind(cli.events);
    int progress = 0, notes = 0;
    double last = -1;
    while (fgets(line, sizeof line, cli.events)) {
        Arena *a = arena_new("test", 0);
        const Json *x;
        CHECK_OK(json_parse(line, strlen(line), "event", a, &x));
        const char *event = json_text(x, "event");
        assert_non_null(event);
        if (strcmp(event, "progress") == 0) {
            progress++;
            assert_true(json_get(x, "done")->number > last);
            last = json_get(x, "done")->number;
            CHECK_CLOSE(json_get(x, "total")->number, 3, 0);
        } else {
            assert_string_equal(json_text(x, "text"), "seed 7");
            notes++;
        }
        arena_free(a);
    }
    assert_int_equal(notes, 1);
    assert_true(progress >= 2); /* the start and the end at least */
    CHECK_CLOSE(last, 3, 0);
    fclose(cli.events);
}

/* The time left of the last event that `fn` sends; NAN: it does not say. */
static double left_after(void (*fn)(Cli *))
{
    Cli cli = { .command = "test", .json = true, .events = tmpfile() };
    char line[4096];
    double left = NAN;
    fn(&cli);
    rewind(cli.events);
    while (fgets(line, sizeof line, cli.events)) {
        Arena *a = arena_new("test", 0);
        const Json *x;
        CHECK_OK(json_parse(line, strlen(line), "event", a, &x));
        const Json *seconds = json_get(x, "seconds_left");
        left = seconds && seconds->kind != JSON_IS_NULL ? seconds->number : NAN;
        arena_free(a);
    }
    fclose(cli.events);
    return left;
}

static void one_step(Cli *cli)
{
    progress_begin(cli, "making", 50);
    usleep(200000);
    progress_at(cli, 1, "%s", "");
}

static void goes_on(Cli *cli)
{
    progress_begin(cli, "making", 50);
    progress_from(cli, 40);
    usleep(200000);
    progress_at(cli, 41, "%s", "");
}

static void has_gone_on(Cli *cli)
{
    progress_begin(cli, "making", 50);
    usleep(200000);
    progress_from(cli, 40);
    progress_at(cli, 40, "%s", "");
    cli->progress.shown_s = 0;
    progress_at(cli, 40, "%s", "");
}

/* From the first step on by what a step took here; steps that an earlier run made took no time. */
static void test_time_left(void **state)
{
    (void)state;
    double left = left_after(one_step);
    assert_true(left >= 49 * 0.2 && left < 49 * 2);
    left = left_after(goes_on);
    assert_true(left >= 9 * 0.2 && left < 9 * 2);
    assert_true(isnan(left_after(has_gone_on)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_time_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
