/* sora_eval on a tiny model and a tiny reader, hardly trained: the bookkeeping has to be right,
 * whatever they answer. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

static char folder[] = "/tmp/sora-eval-XXXXXX";
static char encoder[4096];

static const char *in_folder(const char *name)
{
    static char path[8][160];
    static int k;
    char *p = path[k++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void train(const char *network, const char *dir, const char *actors)
{
    SoraTrainOptions o;
    SoraTrainer *t;
    SoraTrainReport r;
    sora_train_options_init(&o);
    o.dir = in_folder(dir), o.data = "world", o.network = network, o.text_encoder = encoder;
    o.cast = test_data("cast/cast.bin");
    o.sizes = "32x32,32x32x13@6";
    o.width = 32, o.heads = 2, o.layers = 1, o.hidden = 32;
    o.batch_tokens = 60, o.steps = 3, o.threads = 2;
    o.actors = actors;
    CHECK_OK(sora_train_open(&o, &t));
    do CHECK_OK(sora_train_step(t, &r));
    while (r.progress < 1);
    CHECK_OK(sora_train_save(t));
    sora_train_close(t);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(encoder, sizeof encoder, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    train("reader", "reader", "6");
    train("video", "video", "4");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static SoraEvalOptions small(const char *suite)
{
    SoraEvalOptions o;
    sora_eval_options_init(&o);
    o.suite = suite;
    o.reader = in_folder("reader/reader.safetensors");
    o.model = in_folder("video");
    o.text_encoder = encoder;
    o.cast = test_data("cast/cast.bin");
    o.threads = 2;
    o.steps = 2;
    return o;
}

/* The report, parsed, in `a`. */
static const Json *evaluated(const SoraEvalOptions *o, Arena *a)
{
    SoraEval *e;
    const Json *tree;
    CHECK_OK(sora_eval(o, &e));
    const char *text = arena_strdup(a, sora_eval_report(e));
    sora_eval_free(e);
    CHECK_OK(json_parse(text, strlen(text), "report", a, &tree));
    assert_string_equal(json_text(tree, "suite"), o->suite);
    return tree;
}

static double number(const Json *x, const char *key)
{
    const Json *n = json_get(x, key);
    if (!n) fail_msg("there is no \"%s\"", key);
    return n->number;
}

static void check_score(const Json *x)
{
    double asked = number(x, "asked"), right = number(x, "right");
    assert_true(right >= 0 && right <= asked);
    if (asked > 0) CHECK_CLOSE(number(x, "accuracy"), right / asked, 1e-4);
}

static void check_same(const Json *x, const Json *y)
{
    assert_int_equal(x->kind, y->kind);
    assert_int_equal(x->count, y->count);
    assert_true(x->integer == y->integer && (x->number == y->number || x->kind != JSON_IS_REAL));
    for (size_t i = 0; i < x->count; i++) check_same(&x->item[i], &y->item[i]);
}

static double told, of_all;

static int on_progress(void *self, double done, double total)
{
    assert_true(done >= told - 1e-9 && done <= total + 1e-6);
    told = done, of_all = total;
    return self != NULL;
}

static void reads_the_world(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    SoraEvalOptions o = small("reader");
    o.count = 16, o.frames = 13;
    o.progress = on_progress;
    told = 0;
    const Json *r = evaluated(&o, a), *again;
    CHECK_CLOSE(told, of_all, 0);
    static const char *const set[] = { "clips", "images", "pairs" };
    for (int k = 0; k < 3; k++) {
        const Json *x = json_get(r, set[k]);
        assert_int_equal(number(x, "clips"), k ? 8 : 16);
        check_score(json_get(x, "actor"));
        check_score(json_get(x, "scene"));
        assert_true(number(json_get(x, "scene"), "asked") > 4);
    }
    assert_true(number(json_get(json_get(r, "clips"), "action"), "asked") > 2);
    const Json *actors = json_get(r, "actors");
    assert_true(actors->count > 0 && actors->count <= 6); /* those it was taught */
    told = 0;
    again = evaluated(&o, a);
    check_same(r, again);
    /* Calibrated: the file has it, and the answers are the same ones. */
    o.calibrate = 1;
    o.progress = NULL;
    again = evaluated(&o, a);
    CHECK_CLOSE(number(json_get(json_get(again, "clips"), "scene"), "right"),
                number(json_get(json_get(r, "clips"), "scene"), "right"), 0);
    double t = number(json_get(again, "temperature"), "scene");
    assert_true(t != 1);
    o.calibrate = 0;
    CHECK_CLOSE(number(json_get(evaluated(&o, a), "temperature"), "scene"), t, 1e-5);
    o.progress = on_progress, o.progress_self = &o;
    told = 0;
    SoraEval *e;
    assert_int_equal(sora_eval(&o, &e), SORA_CANCELLED);
    CHECK_CLOSE(told, 0, 0); /* in the middle of the first clips */
    arena_free(a);
}

/* Those of `list` that were asked for often enough, in the table; of what is no actor those that
 * the reader finds in the world's own clips. */
static void check_rows(const char *path, Slice table, const char *kind, const Json *list)
{
    char line[128];
    for (size_t i = 0; i < list->count; i++) {
        const Json *x = &list->item[i];
        bool seen = number(x, "world_right") >= 0.8 * number(x, "asked");
        bool wanted = number(x, "asked") >= 5 && (seen || strcmp(kind, "actor") == 0);
        snprintf(line, sizeof line, "\n%s\t%s\t%.0f\t%.0f\n", kind, json_text(x, "id"),
                 number(x, "asked"), number(x, "right"));
        bool has = strstr((const char *)table.bytes, line) != NULL;
        if (has != wanted) fail_msg("%s %s%s", path, has ? "has" : "has no", line);
    }
}

/* What was asked for often enough is in the table that generate reads; and answer by answer makes
 * as much as all of them. */
static void check_learned(const char *path, const Json *r, Arena *a)
{
    static const char *const kind[] = { "scene", "time", "weather", "camera", "action", "size" };
    const Json *answers = json_get(r, "answers"),
               *all = json_get(json_get(json_get(r, "groups"), "all"), "model");
    Slice table;
    assert_non_null(path);
    assert_string_equal(path, in_folder("video/learned.tsv"));
    CHECK_OK(file_read(path, 1 << 16, a, &table));
    assert_int_equal(strncmp((const char *)table.bytes, "# of weights 3 ", 15), 0);
    check_rows(path, table, "actor", json_get(r, "actors"));
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        const Json *list = json_get(answers, kind[k]);
        double asked = 0, right = 0;
        for (size_t i = 0; i < list->count; i++) {
            asked += number(&list->item[i], "asked"), right += number(&list->item[i], "right");
            assert_true(number(&list->item[i], "world_right") <= number(&list->item[i], "asked"));
        }
        CHECK_CLOSE(asked, number(json_get(all, kind[k]), "asked"), 0);
        CHECK_CLOSE(right, number(json_get(all, kind[k]), "right"), 0);
        check_rows(path, table, kind[k], list);
    }
    assert_true(json_get(answers, "count")->count > 0);
    assert_null(strstr((const char *)table.bytes, "\ncount\t")); /* no word */
}

static void asks_the_model(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    SoraEvalOptions o = small("text");
    o.count = 60; /* five for each of the tests' cast */
    o.steps = 1;
    o.sheet = in_folder("pairs.png");
    o.sheet_pairs = 3;
    const Json *r = evaluated(&o, a), *groups = json_get(r, "groups");
    double untaught = number(r, "untaught"), made = number(r, "prompts") - untaught;
    assert_int_equal(number(r, "prompts"), 60);
    assert_true(untaught > 0 && made > 0); /* four of the cast were taught */
    assert_int_equal(number(r, "frames"), 13);
    assert_false(json_get(r, "verbatim")->boolean);
    static const char *const halves[][2] = { { "seen", "pairs" },
                                             { "en", "zh" },
                                             { "plain", "paraphrase" } };
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        for (int i = 0; i < 2; i++)
            sum += number(json_get(json_get(groups, halves[k][i]), "model"), "clips");
        CHECK_CLOSE(sum, made, 0);
    }
    const Json *all = json_get(groups, "all");
    check_score(json_get(json_get(all, "model"), "actor"));
    CHECK_CLOSE(number(json_get(json_get(all, "world"), "actor"), "asked"),
                number(json_get(json_get(all, "model"), "actor"), "asked"), 0);
    assert_true(json_get(r, "actors")->count <= 4);
    assert_true(number(json_get(r, "looks"), "gradient_ratio") > 0);
    assert_true(file_exists(o.sheet));
    Slice text;
    CHECK_OK(file_read(in_folder("pairs.txt"), 1 << 16, a, &text));
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++) lines += text.bytes[i] == '\n';
    assert_int_equal(lines, 3);
    check_learned(json_text(r, "learned"), r, a);
    o.sheet = NULL;
    o.count = 8;
    o.verbatim = 1;
    r = evaluated(&o, a);
    assert_true(json_get(r, "verbatim")->boolean);
    assert_null(json_get(r, "learned")); /* too few to say anything */
    check_same(r, evaluated(&o, a));
    o.threads = 1; /* prompts are made by two threads at a time, or one after the other */
    check_same(r, evaluated(&o, a));
    o.images = 1;
    o.count = 4;
    assert_int_equal(number(evaluated(&o, a), "frames"), 1);
    arena_free(a);
}

static void check_fill(const Json *fill)
{
    assert_int_equal(fill->count, 2); /* 16 frames do not fit into 13 */
    for (size_t i = 0; i < fill->count; i++) {
        const Json *model = json_get(&fill->item[i], "model");
        const Json *nearest = json_get(&fill->item[i], "nearest");
        double blend = number(json_get(&fill->item[i], "blend"), "psnr");
        assert_int_equal(number(&fill->item[i], "gap"), i ? 8 : 4);
        assert_true(number(model, "psnr") < blend && number(model, "psnr") > 0); /* untrained */
        assert_true(number(nearest, "psnr") > 5 && number(nearest, "psnr") < 99);
        CHECK_CLOSE(number(nearest, "actor_edges"), 1, 0.9);
        assert_non_null(json_get(&fill->item[i], "minterpolate"));
        if (number(&fill->item[i], "moving") > 0) {
            assert_true(number(nearest, "position_error") >= 0);
            assert_true(number(model, "gradient_error") > 0.3);
        }
    }
}

static void looks_as_shown(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    SoraEvalOptions o = small("looks");
    o.count = 2, o.frames = 5;
    const Json *r = evaluated(&o, a), *looks = json_get(r, "looks");
    assert_int_equal(number(r, "width"), 256);
    assert_int_equal(number(r, "untaught"), 0); /* only of what it was taught */
    assert_true(number(json_get(r, "likeness"), "world") > 0);
    assert_true(number(looks, "gradient_ratio") < 0.9); /* an untrained one, enlarged */
    CHECK_CLOSE(number(json_get(looks, "world"), "borders"), 1, 0.2);

    /* The second stage beside the model makes them larger, as in sora generate. */
    char command[1024];
    double plain = number(looks, "gradient_ratio");
    snprintf(command, sizeof command, "cp %s/models/default/upscale.safetensors %s/",
             getenv("SORA_SOURCE"), o.model);
    assert_int_equal(system(command), 0);
    assert_true(number(json_get(evaluated(&o, a), "looks"), "gradient_ratio") != plain);
    snprintf(command, sizeof command, "rm %s/upscale.safetensors", o.model);
    assert_int_equal(system(command), 0);
    o.width = o.height = 64;
    assert_int_equal(number(evaluated(&o, a), "height"), 64);
    arena_free(a);
}

static void shapes_clips(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    SoraEvalOptions o = small("shape");
    o.count = 2;
    o.minutes = 1, o.minute_s = 8;
    o.sheet = in_folder("shape.png");
    o.progress = on_progress;
    told = 0;
    const Json *r = evaluated(&o, a);
    CHECK_CLOSE(told, of_all, 1e-6);
    assert_int_equal(number(r, "clips"), 2);
    CHECK_CLOSE(number(r, "given_psnr"), 99, 0); /* what is given comes back as it was */
    check_fill(json_get(r, "fill"));
    assert_true(number(json_get(r, "extend"), "position") > 1.5); /* its frames are mush */
    const Json *edit = json_get(r, "edit"), *curve = json_get(json_get(r, "minute"), "curve");
    assert_int_equal(edit->count, 6);
    double actors = number(&edit->item[0], "actors"), kept = number(&edit->item[0], "edges");
    assert_true(number(&edit->item[0], "pictures") <= 1 && actors <= 1);
    assert_true(number(&edit->item[0], "pictures") == 0 || (kept >= 0 && kept <= 1));
    if (actors > 0) {
        double outside = number(&edit->item[0], "psnr_outside");
        assert_true(outside > 5 && outside < 99); /* what an untrained one makes */
    }
    assert_int_equal(curve->count, 12);
    CHECK_CLOSE(number(&curve->item[0], "sharpness"), 1, 1e-4);
    CHECK_CLOSE(number(&curve->item[0], "colour"), 0, 1e-4);
    CHECK_CLOSE(number(&curve->item[11], "at"), 8, 0.01);
    assert_true(number(&curve->item[11], "colour") > 0);
    const Json *fast = json_get(r, "fast");
    assert_int_equal(number(fast, "clips"), number(r, "clips"));
    assert_int_equal(number(fast, "steps"), 4);
    assert_true(number(fast, "gradient_ratio") > 0);
    assert_true(file_exists(o.sheet));
    o.sheet = NULL, o.progress = NULL;
    o.count = 1;
    check_same(evaluated(&o, a), evaluated(&o, a));
    o.parts = "loop,extend", o.minutes = -1, o.progress = on_progress, told = 0;
    r = evaluated(&o, a);
    CHECK_CLOSE(told, of_all, 1e-6);
    assert_non_null(json_get(r, "loop"));
    assert_non_null(json_get(r, "extend"));
    assert_null(json_get(r, "fill"));
    assert_null(json_get(r, "fast"));
    o.parts = NULL, o.minutes = 0, o.progress = NULL;
    SoraEval *e;
    o.images = 1;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "no frames to shape");
    o.images = 0, o.frames = 9;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_UNSUPPORTED, "13 frames and more, not 9");
    o = small("shape"), o.parts = "fill,dance";
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "has no part \"dance\"");
    o = small("shape"), o.minute_s = 601;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "a minute of 601 s");
    arena_free(a);
}

static void refuses(void **state)
{
    (void)state;
    SoraEval *e;
    SoraEvalOptions o = small("text");
    o.suite = "taste";
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "\"taste\" is no suite");
    o = small("text");
    o.count = -1;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "a count of -1");
    o = small("text");
    o.reader = "/nowhere/reader.safetensors";
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_IO, "--network reader");
    o = small("text");
    o.model = o.reader;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_FORMAT, "reader.safetensors");
    o = small("text");
    o.cast = "/nowhere/cast.bin";
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_IO, "/nowhere/cast.bin");
    o = small("text");
    o.sheet = "pairs.gif";
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "a sheet is a .png");
    o = small("text");
    o.size = 3;
    CHECK_FAILS(sora_eval(&o, &e), SORA_E_ARGUMENT, "SoraEvalOptions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_world), cmocka_unit_test(asks_the_model),
        cmocka_unit_test(looks_as_shown),  cmocka_unit_test(shapes_clips),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
