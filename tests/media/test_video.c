/* Out and in again, in every format; and files from strangers. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "media/read.h"
#include "media/write.h"

enum { FRAMES = 13, HEIGHT = 48, WIDTH = 64 };
static const char comment[] = "{\"prompt\":\"一只企鹅 & a \\\"<dog>\\\"\",\"seed\":7}";
static char folder[] = "/tmp/sora-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[2][256];
    static int turn;
    char *p = path[turn ^= 1];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

/* A disc that moves over a slow gradient. */
static Clip painting(Arena *a)
{
    Clip c;
    CHECK_OK(clip_new(a, FRAMES, HEIGHT, WIDTH, 24, &c));
    for (int f = 0; f < FRAMES; f++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                uint8_t *p = clip_frame(&c, (size_t)f) + (y * WIDTH + x) * 3;
                int dx = x - 12 - 3 * f, dy = y - 24;
                bool disc = dx * dx + dy * dy < 100;
                p[0] = (uint8_t)(disc ? 230 : 60 + x), p[1] = (uint8_t)(disc ? 60 : 180 - y);
                p[2] = (uint8_t)(disc ? 70 : 90 + y);
            }
    return c;
}

static double psnr(const Clip *a, const Clip *b)
{
    size_t n = a->frames * a->height * a->width * 3;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(255 * 255 * (double)n / (sum + 1e-9));
}

static void check_round(const char *name, const WriteOptions *o, double least_db, double fps)
{
    Arena *a = arena_new("test", 0);
    Clip in = painting(a), out;
    WriteOptions with = *o;
    with.comment = comment;
    const char *path = in_folder(name);
    CHECK_OK(write_clip(path, &in, &with));
    CHECK_OK(read_clip(path, NULL, a, &out));
    assert_int_equal(out.frames, FRAMES);
    assert_int_equal(out.height, HEIGHT);
    assert_int_equal(out.width, WIDTH);
    CHECK_CLOSE(out.fps, fps, 0.01);
    double db = psnr(&in, &out);
    if (!(db >= least_db)) fail_msg("%s comes back at %.1f dB, expected %.1f", name, db, least_db);
    Reader *r;
    CHECK_OK(read_open(path, NULL, &r));
    assert_non_null(read_info(r)->comment);
    assert_string_equal(read_info(r)->comment, comment);
    read_close(r);
    CHECK_FAILS(write_clip(path, &in, o), SORA_E_IO, "exists already");
    with.overwrite = true;
    CHECK_OK(write_clip(path, &in, &with));
    arena_free(a);
}

static void test_round_trips(void **state)
{
    (void)state;
    check_round("a.mp4", &(WriteOptions){ 0 }, 30, 24);
    check_round("444.mp4", &(WriteOptions){ .yuv444 = true, .quality = 100 }, 45, 24);
    check_round("影片.webm", &(WriteOptions){ 0 }, 31, 24);
    check_round("a.gif", &(WriteOptions){ 0 }, 30, 24);
    check_round("a.webp", &(WriteOptions){ 0 }, 29, 24);
    check_round("a.y4m", &(WriteOptions){ 0 }, 45, 24);
}

/* Same input, same bytes. */
static void test_sameness(void **state)
{
    (void)state;
    static const char *const names[] = { "s.mp4", "s.webm", "s.gif", "s.webp", "s.y4m", "s.png" };
    Arena *a = arena_new("test", 0);
    Clip in = painting(a);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Slice first, second;
        const char *path = in_folder(names[i]);
        CHECK_OK(write_clip(path, &in, &(WriteOptions){ .comment = comment }));
        CHECK_OK(file_read(path, 1 << 24, a, &first));
        CHECK_OK(write_clip(path, &in, &(WriteOptions){ .comment = comment, .overwrite = true }));
        CHECK_OK(file_read(path, 1 << 24, a, &second));
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.bytes, second.bytes, first.size);
    }
    arena_free(a);
}

static void test_pictures(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in = painting(a), out;
    CHECK_OK(write_clip(in_folder("frames/"), &in, &(WriteOptions){ .comment = comment }));
    CHECK_OK(read_clip(in_folder("frames/0013.png"), NULL, a, &out));
    assert_int_equal(out.frames, 1);
    CHECK_CLOSE(out.fps, 0, 0);
    assert_memory_equal(out.rgb, clip_frame(&in, FRAMES - 1), HEIGHT * WIDTH * 3);
    CHECK_OK(read_clip(in_folder("frames"), NULL, a, &out));
    assert_int_equal(out.frames, FRAMES);
    assert_memory_equal(out.rgb, in.rgb, FRAMES * HEIGHT * WIDTH * 3);
    in.frames = 1;
    CHECK_OK(write_clip(in_folder("one.png"), &in, &(WriteOptions){ 0 }));
    CHECK_OK(read_clip(in_folder("one.png"), NULL, a, &out));
    assert_memory_equal(out.rgb, in.rgb, HEIGHT * WIDTH * 3);
    arena_free(a);
}

/* A folder of pictures: by the numbers in their names, as fast as the first says, and what is wrong
 * with one of them is said of that one. */
static void test_folder_of_pictures(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip out, one = painting(a);
    Reader *r;
    one.frames = 1;
    assert_int_equal(mkdir(in_folder("many"), 0700), 0);
    CHECK_FAILS(read_open(in_folder("many"), NULL, &r), SORA_E_FORMAT, "without pictures");
    assert_false(read_has_pictures(in_folder("many")));
    static const char *const names[] = { "many/2.png", "many/10.png", "many/1.png" };
    for (size_t i = 0; i < 3; i++) {
        memset(one.rgb, (int)(40 * (i + 1)), HEIGHT * WIDTH * 3);
        CHECK_OK(
            write_clip(in_folder(names[i]), &one, &(WriteOptions){ .comment = "{\"fps\":8}" }));
    }
    assert_true(read_has_pictures(in_folder("many")));
    CHECK_OK(read_clip(in_folder("many"), NULL, a, &out));
    assert_int_equal(out.frames, 3);
    CHECK_CLOSE(out.fps, 8, 0);
    static const uint8_t want[] = { 120, 40, 80 };
    for (size_t f = 0; f < 3; f++) assert_int_equal(clip_frame(&out, f)[0], want[f]);
    CHECK_OK(read_open(in_folder("many"), NULL, &r));
    assert_string_equal(read_info(r)->comment, "{\"fps\":8}");
    read_close(r);
    one.height = HEIGHT / 2;
    CHECK_OK(write_clip(in_folder("many/4.png"), &one, &(WriteOptions){ 0 }));
    CHECK_FAILS(read_clip(in_folder("many"), NULL, a, &out), SORA_E_FORMAT, "many/4.png");
    assert_int_equal(unlink(in_folder("many/4.png")), 0);
    assert_int_equal(symlink(".", in_folder("many/3.png")), 0);
    CHECK_FAILS(read_clip(in_folder("many"), NULL, a, &out), SORA_E_FORMAT, "a folder among");
    arena_free(a);
}

static size_t files_in_folder(void)
{
    char command[128], text[32] = "";
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *f = popen(command, "r");
    assert_non_null(fgets(text, sizeof text, f));
    pclose(f);
    return (size_t)atol(text);
}

static void test_refusals(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip in = painting(a);
    size_t before = files_in_folder();
    Writer *w;
    WriteOptions o = { .height = HEIGHT, .width = WIDTH };
    CHECK_FAILS(write_open(in_folder("a.xyz"), &o, &w), SORA_E_ARGUMENT, "must end in");
    CHECK_FAILS(write_open(in_folder("no/a.mp4"), &o, &w), SORA_E_IO, "no/a.mp4");
    CHECK_FAILS(write_open("-", &o, &w), SORA_E_ARGUMENT, "a format is needed");
    o.width = 63;
    CHECK_FAILS(write_open(in_folder("odd.mp4"), &o, &w), SORA_E_ARGUMENT, "63x48");
    o.width = 0;
    CHECK_FAILS(write_open(in_folder("0.gif"), &o, &w), SORA_E_ARGUMENT, "0x48");
    o.width = WIDTH;
    o.fps = 120;
    CHECK_FAILS(write_open(in_folder("fast.gif"), &o, &w), SORA_E_ARGUMENT, "at most 100");
    o.fps = 0, o.frames = 65;
    CHECK_FAILS(write_open(in_folder("many.png"), &o, &w), SORA_E_ARGUMENT, "at most 64");
    o.frames = 0;
    CHECK_OK(write_open(in_folder("none/"), &o, &w));
    write_abort(w); /* a folder that was made for nothing goes, too */
    CHECK_OK(file_make_folder(in_folder("full/")));
    CHECK_OK(file_write(in_folder("full/0001.png"), "mine", 4));
    CHECK_FAILS(write_open(in_folder("full/"), &o, &w), SORA_E_IO, "0001.png exists already");
    unlink(in_folder("full/0001.png"));
    rmdir(in_folder("full/"));
    CHECK_OK(file_write(in_folder("n.gif.json"), "mine", 4));
    WriteOptions told = { .comment = comment };
    CHECK_FAILS(write_clip(in_folder("n.gif"), &in, &told), SORA_E_IO, "n.gif.json exists already");
    unlink(in_folder("n.gif.json"));
    static const char *const names[] = { "u.mp4", "u.webm", "u.gif", "u.webp", "u.y4m", "u.png" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_OK(write_open(in_folder(names[i]), &o, &w));
        CHECK_OK(write_frame(w, in.rgb));
        write_abort(w); /* leaves nothing */
        CHECK_OK(write_open(in_folder(names[i]), &o, &w));
        CHECK_FAILS(write_commit(w), SORA_E_ARGUMENT, "no frame was written");
    }
    assert_int_equal(files_in_folder(), before);
    arena_free(a);
}

/* ---- files made by others (tests/data/media: quadrants red, green / blue, white) ---- */

static void check_colour(const Clip *c, size_t y, size_t x, int r, int g, int b)
{
    const uint8_t *p = c->rgb + (y * c->width + x) * 3;
    if (abs(p[0] - r) > 4 || abs(p[1] - g) > 4 || abs(p[2] - b) > 4)
        fail_msg("pixel (%zu, %zu) is %d %d %d, expected %d %d %d", x, y, p[0], p[1], p[2], r, g,
                 b);
}

static Clip read_data(Arena *a, const char *name, const ReadOptions *o)
{
    char path[256];
    Clip c;
    snprintf(path, sizeof path, "media/%s", name);
    CHECK_OK(read_clip(test_data(path), o, a, &c));
    return c;
}

static void test_colour_and_turn(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    static const char *const same[] = { "q709.mp4", "q601full.mp4", "sar.mp4" };
    for (size_t i = 0; i < 3; i++) {
        Clip c = read_data(a, same[i], NULL);
        assert_int_equal(c.width, i == 2 ? 64 : 32); /* sar.mp4 has pixels twice as wide as high */
        check_colour(&c, 0, 0, 255, 0, 0);
        check_colour(&c, 0, c.width - 1, 0, 255, 0);
        check_colour(&c, 15, 0, 0, 0, 255);
        check_colour(&c, 15, c.width - 1, 255, 255, 255);
    }
    Clip left = read_data(a, "rot90.mp4", NULL), right = read_data(a, "exif6.jpg", NULL);
    assert_int_equal(left.width, 16);
    check_colour(&left, 0, 0, 0, 255, 0);
    check_colour(&left, 31, 0, 255, 0, 0);
    check_colour(&right, 0, 0, 0, 0, 255);
    check_colour(&right, 0, 15, 255, 0, 0);
    Clip alpha = read_data(a, "alpha.png", NULL);
    check_colour(&alpha, 3, 3, 127, 127, 127);
    arena_free(a);
}

static void test_time(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Clip gif = read_data(a, "three.gif", NULL); /* 100, 100 and 300 ms */
    assert_int_equal(gif.frames, 5);
    gif.frames = 5;
    static const int red[5] = { 255, 0, 0, 0, 0 }, blue[5] = { 0, 0, 255, 255, 255 };
    for (size_t f = 0; f < 5; f++) {
        assert_int_equal(clip_frame(&gif, f)[0], red[f]);
        assert_int_equal(clip_frame(&gif, f)[2], blue[f]);
    }
    /* shown at 0, 100, 200, 500 and 600 ms */
    Clip vfr = read_data(a, "vfr.mp4", NULL);
    assert_int_equal(vfr.frames, 7);
    assert_int_equal(clip_frame(&vfr, 2)[0], clip_frame(&vfr, 4)[0]);
    assert_true(clip_frame(&vfr, 5)[0] > clip_frame(&vfr, 4)[0]);
    assert_int_equal(read_data(a, "late.mkv", NULL).frames, 6); /* from 3 s on, with sound before */
    Clip twice = read_data(a, "vfr.mp4", &(ReadOptions){ .fps = 20 });
    assert_int_equal(twice.frames, 14);
    Clip half = read_data(a, "vfr.mp4", &(ReadOptions){ .fps = 20, .frames_max = 6 });
    assert_int_equal(half.frames, 6);
    assert_int_equal(clip_frame(&half, 5)[0], clip_frame(&vfr, 2)[0]);
    arena_free(a);
}

static void test_strangers(void **state)
{
    (void)state;
    Reader *r;
    CHECK_FAILS(read_open(test_data("media/list.m3u8"), NULL, &r), SORA_E_UNSUPPORTED, "playlist");
    CHECK_FAILS(read_open("https://example.org/a.mp4", NULL, &r), SORA_E_ARGUMENT, "an address");
    CHECK_FAILS(read_open(in_folder("none.mp4"), NULL, &r), SORA_E_IO, "none.mp4");
    CHECK_OK(file_write(in_folder("text.mp4"), "hello, this is text", 19));
    CHECK_FAILS(read_open(in_folder("text.mp4"), NULL, &r), SORA_E_FORMAT, "text.mp4");
    CHECK_OK(file_write(in_folder("empty.mp4"), "", 0));
    CHECK_FAILS(read_open(in_folder("empty.mp4"), NULL, &r), SORA_E_FORMAT, "empty.mp4 is empty");
}

static void spoil(const char *name, const Slice good, size_t trial)
{
    uint8_t *bytes = malloc(good.size);
    memcpy(bytes, good.bytes, good.size);
    size_t size = trial % 3 ? good.size : rng_below(trial, 99, good.size);
    for (size_t k = 0; k < 1 + trial % 8; k++)
        bytes[rng_below(trial, 2 * k, good.size)] = (uint8_t)rng_u64(trial, 2 * k + 1);
    CHECK_OK(file_write(in_folder(name), bytes, size));
    free(bytes);
}

/* Damaged at random: read or refused with the file's name, never a crash or a hang. */
static void test_damage(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a.mp4", "影片.webm", "a.gif", "a.webp", "a.y4m", "one.png"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Arena *a = arena_new("test", 0);
        Slice good;
        CHECK_OK(file_read(in_folder(names[i]), 1 << 24, a, &good));
        for (size_t trial = 0; trial < 60; trial++) {
            ArenaMark mark = arena_mark(a);
            Clip c;
            spoil("spoilt", good, trial);
            ReadOptions o = { .bytes_max = 1 << 26, .frames_max = 1000 };
            if (read_clip(in_folder("spoilt"), &o, a, &c) != SORA_OK)
                assert_non_null(strstr(err_text(), "spoilt"));
            arena_rewind(a, mark);
        }
        arena_free(a);
    }
}

static void check_cut(Slice good, size_t size)
{
    Arena *a = arena_new("test", 0);
    Clip c;
    CHECK_OK(file_write(in_folder("cut"), good.bytes, size));
    CHECK_FAILS(read_clip(in_folder("cut"), NULL, a, &c), SORA_E_FORMAT, "cut");
    arena_free(a);
}

/* A video that ends early is not passed off as a short one; where the cut falls between two of its
 * last frames neither. */
static void test_cut(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Slice good;
    CHECK_OK(file_read(in_folder("a.mp4"), 1 << 24, a, &good));
    for (size_t part = 1; part < 20; part++) check_cut(good, good.size * part / 20);
    for (size_t less = 1; less <= 200; less++) check_cut(good, good.size - less);
    CHECK_OK(file_read(in_folder("影片.webm"), 1 << 24, a, &good));
    for (size_t part = 1; part < 18; part++) check_cut(good, good.size * part / 20);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_sameness),
        cmocka_unit_test(test_pictures),    cmocka_unit_test(test_folder_of_pictures),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_colour_and_turn),
        cmocka_unit_test(test_time),        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_damage),      cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
