/* A folder of clips as people have them: what is used, what is left out and why, in which order. */
#include "check.h"

#include <sys/stat.h>

#include "base/file.h"
#include "media/write.h"
#include "train/source_folder.h"

static char dir[] = "/tmp/sora-folder-XXXXXX";
static char told[16384]; /* every sentence about a file that was left out */

static const char *in(const char *name)
{
    static char path[4][512];
    static int k;
    char *p = path[k++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void put_text(const char *name, const char *text)
{
    CHECK_OK(file_write(in(name), text, strlen(text)));
}

/* Frame f is of brightness 10 f + base. */
static void put_clip(const char *name, size_t frames, size_t height, size_t width, int base)
{
    Arena *a = arena_new("test", 0);
    Clip c;
    CHECK_OK(clip_new(a, frames, height, width, frames > 1 ? 12 : 0, &c));
    for (size_t f = 0; f < frames; f++)
        memset(clip_frame(&c, f), base + 10 * (int)f, height * width * 3);
    CHECK_OK(write_clip(in(name), &c, &(WriteOptions){ .overwrite = true, .quality = 100 }));
    arena_free(a);
}

static void remember(void *self, const char *sentence)
{
    (void)self;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s\n", sentence);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir)) return -1;
    mkdir(in("more"), 0777);
    put_clip("wide.mp4", 12, 36, 64, 40);
    put_text("wide.txt", "\xef\xbb\xbf  a wide clip \r\n");
    put_clip("square.gif", 6, 32, 32, 60);
    put_text("square.txt", "正方形的视频");
    put_clip("more/still.png", 1, 48, 48, 90);
    put_text("more/still.txt", "a still");
    put_clip("silent.png", 1, 16, 16, 0);
    put_text("alone.txt", "nothing to see");
    put_clip("gb.png", 1, 16, 16, 0);
    put_text("gb.txt", "\xba\xec\xc9\xab\xb5\xc4\xba\xfc\xc0\xea"); /* GB18030: a red fox */
    put_clip("blank.png", 1, 16, 16, 0);
    put_text("blank.txt", " \n ");
    put_text("broken.mp4", "this is no video");
    put_text("broken.txt", "broken");
    put_text("notes.md", "not looked at");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static Folder *open_folder(const char *sizes, double validation)
{
    static SourceSize size[SOURCE_SIZES_MAX];
    FolderOptions o = { .sizes = size, .seed = 3, .validation = validation, .dropped = remember };
    Folder *f;
    told[0] = 0;
    CHECK_OK(sizes_parse(sizes, size, &o.size_count));
    CHECK_OK(folder_open(dir, &o, &f));
    return f;
}

static void expect_told(const char *words)
{
    if (!strstr(told, words)) fail_msg("expected '%s' in:\n%s", words, told);
}

static void names_what_is_left_out(void **state)
{
    (void)state;
    Folder *f = open_folder("16x16,32x18x5@12,16x16x5@12", 0);
    FolderCount n = folder_count(f);
    assert_int_equal(n.training, 3);
    assert_int_equal(n.validation, 0);
    assert_int_equal(n.dropped, 5);
    expect_told("silent.png has no caption: there is no ");
    expect_told("alone.txt is a caption without a video or picture");
    expect_told("gb.txt is GB18030 (or GBK), not UTF-8; convert it: iconv -f GB18030");
    expect_told("blank.txt is empty");
    expect_told("broken.mp4");
    folder_close(f);
}

/* Every file goes to the size of its own shape, comes once in each round, and its caption with it.
 */
static void every_file_once_a_round(void **state)
{
    (void)state;
    Folder *f = open_folder("16x16,32x18x5@12,16x16x5@12", 0);
    Source s = folder_training(f);
    Arena *a = arena_new("test", 0);
    for (uint64_t round = 0; round < 3; round++) {
        int wide = 0, square = 0, still = 0;
        for (uint64_t i = 3 * round; i < 3 * round + 3; i++) {
            SourceSize size;
            Example e;
            s.size(s.self, i, &size);
            CHECK_OK(s.make(s.self, i, a, &e));
            assert_int_equal(e.clip.frames, size.frames);
            assert_int_equal(e.clip.width, size.width);
            if (strcmp(e.caption, "a wide clip") == 0) {
                wide++;
                assert_true(size.frames == 1 || size.width == 32);
            }
            square += strcmp(e.caption, "正方形的视频") == 0;
            if (strcmp(e.caption, "a still") == 0) {
                still++;
                assert_int_equal(size.frames, 1);
                assert_true(abs(e.clip.rgb[0] - 90) < 3);
            }
        }
        assert_int_equal(wide * square * still, 1);
    }
    arena_free(a);
    folder_close(f);
}

/* Clips longer than their size start at different frames, and time runs as in the file. */
static void windows_move(void **state)
{
    (void)state;
    Folder *f = open_folder("32x18x5@12", 0);
    Source s = folder_training(f);
    Arena *a = arena_new("test", 0);
    bool seen[16] = { 0 };
    int starts = 0;
    for (uint64_t i = 0; i < 60; i++) {
        Example e, again;
        CHECK_OK(s.make(s.self, i, a, &e));
        CHECK_OK(s.make(s.self, i, a, &again));
        assert_memory_equal(e.clip.rgb, again.clip.rgb, 5 * 18 * 32 * 3);
        if (strcmp(e.caption, "a wide clip") != 0) continue;
        int first = (e.clip.rgb[0] - 40 + 5) / 10;
        assert_in_range(first, 0, 7);
        for (size_t k = 1; k < 5; k++)
            assert_true(abs(clip_frame(&e.clip, k)[0] - e.clip.rgb[0] - 10 * (int)k) <= 4);
        starts += !seen[first];
        seen[first] = true;
    }
    assert_true(starts >= 5);
    arena_free(a);
    folder_close(f);
}

static void validation_is_apart(void **state)
{
    (void)state;
    Folder *f = open_folder("16x16", 0.5);
    FolderCount n = folder_count(f);
    assert_int_equal(n.training + n.validation, 3);
    Source t = folder_training(f), v = folder_validation(f);
    Arena *a = arena_new("test", 0);
    for (uint64_t i = 0; n.validation && i < 6; i++) {
        Example x, y;
        CHECK_OK(t.make(t.self, i, a, &x));
        CHECK_OK(v.make(v.self, i % 2, a, &y));
        assert_string_not_equal(x.caption, y.caption);
    }
    arena_free(a);
    folder_close(f);
}

static void refuses(void **state)
{
    (void)state;
    SourceSize size[SOURCE_SIZES_MAX];
    FolderOptions o = { .sizes = size };
    Folder *f;
    CHECK_OK(sizes_parse("16x16x500@12", size, &o.size_count));
    CHECK_FAILS(folder_open(dir, &o, &f), SORA_E_FORMAT, "has no video or picture with a caption");
    CHECK_FAILS(folder_open("/nowhere/at/all", &o, &f), SORA_E_IO, "/nowhere/at/all");
    CHECK_FAILS(sizes_parse("64", size, &o.size_count), SORA_E_ARGUMENT, "\"64\" is no size");
    CHECK_FAILS(sizes_parse("64x64x0", size, &o.size_count), SORA_E_ARGUMENT, "64x64x0");
    CHECK_FAILS(sizes_parse("64x64,,8x8", size, &o.size_count), SORA_E_ARGUMENT, "missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_left_out),
        cmocka_unit_test(every_file_once_a_round),
        cmocka_unit_test(windows_move),
        cmocka_unit_test(validation_is_apart),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
