#include "check.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/clock.h"
#include "base/size.h"
#include "base/utf8.h"

static void test_arena_rewinds_and_reuses(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    arena_alloc(a, 100);
    ArenaMark mark = arena_mark(a);
    unsigned char *first = arena_alloc(a, 3000000);
    memset(first, 1, 3000000);
    arena_alloc(a, 9000000);
    size_t peak = arena_peak(a);
    arena_rewind(a, mark);
    for (int i = 0; i < 50; i++) {
        ArenaMark inner = arena_mark(a);
        memset(arena_alloc(a, 3000000), i, 3000000);
        arena_rewind(a, inner);
    }
    assert_int_equal(arena_peak(a), peak);
    assert_int_equal((uintptr_t)arena_alloc(a, 1) % ARENA_ALIGN, 0);
    arena_free(a);
}

static void test_arena_refuses_beyond_limit(void **state)
{
    (void)state;
    Arena *a = arena_new("run", 1 << 20);
    void *p;
    CHECK_FAILS(arena_try(a, 2 << 20, &p), SORA_E_MEMORY, "run memory");
    CHECK_FAILS(arena_try(a, SIZE_MAX - 3, &p), SORA_E_MEMORY, "more than any machine");
    CHECK_OK(arena_try(a, 1 << 19, &p));
    arena_free(a);
}

static void add_index(void *ctx, size_t i, int worker)
{
    (void)worker;
    atomic_fetch_add((atomic_size_t *)ctx, i);
}

static void test_parallel_for_visits_each_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        Pool *p;
        CHECK_OK(pool_new(threads, &p));
        for (size_t n = 0; n < 300; n++) {
            atomic_size_t sum = 0;
            parallel_for(p, n, add_index, &sum);
            assert_int_equal(sum, n ? n * (n - 1) / 2 : 0);
        }
        pool_free(p);
    }
    Pool *p;
    CHECK_FAILS(pool_new(-1, &p), SORA_E_ARGUMENT, "-1 threads");
}

typedef struct Asked {
    size_t times, after; /* says yes from then on */
    atomic_size_t done;
} Asked;

static bool asked(void *self)
{
    Asked *a = self;
    return ++a->times > a->after;
}

static void work_a_while(void *ctx, size_t i, int worker)
{
    Asked *a = ctx;
    (void)i, (void)worker;
    double begun = clock_now_s();
    while (clock_now_s() - begun < 0.002) continue;
    a->done++;
}

/* A region of many seconds ends within a moment of being asked to, and so do those after it. */
static void test_pool_stops_in_the_middle(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        enum { PIECES = 10000 };
        Asked a = { .after = 2 };
        Pool *p;
        CHECK_OK(pool_new(threads, &p));
        pool_watch(p, asked, &a);
        parallel_for(p, PIECES, work_a_while, &a);
        size_t done = a.done;
        assert_in_range(done, 1, PIECES / 10);
        assert_int_equal(pool_status(p), SORA_CANCELLED);
        parallel_for(p, PIECES, work_a_while, &a);
        assert_int_equal(a.done, done);
        pool_watch(p, NULL, NULL);
        CHECK_OK(pool_status(p));
        parallel_for(p, 5, work_a_while, &a);
        assert_int_equal(a.done, done + 5);
        pool_free(p);
    }
}

static void test_rng_any_part_alone(void **state)
{
    (void)state;
    float whole[64], part[64];
    rng_fill_normal(whole, 0, 64, 7);
    for (size_t first = 0; first < 64; first++) {
        rng_fill_normal(part, first, 64 - first, 7);
        assert_memory_equal(part, whole + first, (64 - first) * sizeof *part);
    }
    for (size_t i = 0; i < 64; i++) /* vectors, whatever this machine has, and one at a time */
        assert_true(whole[i] == (float)rng_normal(7, i));
    double mean = 0, square = 0;
    for (size_t i = 0; i < 100000; i++) {
        double x = rng_normal(11, i);
        mean += x / 1e5;
        square += x * x / 1e5;
    }
    CHECK_CLOSE(mean, 0, 0.01);
    CHECK_CLOSE(square, 1, 0.02);
}

/* Box-Muller as libm has it. */
static void test_normal_is_box_muller(void **state)
{
    (void)state;
    for (uint64_t block = 0; block < 2000; block++) {
        double u = ((double)(rng_u64(5, block) >> 11) + 0.5) * 0x1p-53;
        double v = (double)(rng_split(5 ^ 0x5851F42D4C957F2DULL, block) >> 11) * 0x1p-53;
        double radius = sqrt(-2 * log(u));
        CHECK_CLOSE(rng_normal(5, 2 * block), radius * cos(6.283185307179586 * v), 1e-14);
        CHECK_CLOSE(rng_normal(5, 2 * block + 1), radius * sin(6.283185307179586 * v), 1e-14);
    }
}

static void test_philox_known_answer(void **state)
{
    (void)state; /* Random123 kat_vectors: philox4x32 10, zero counter and key */
    assert_true(rng_u64(0, 0) == 0xe169c58d6627e8d5ULL);
}

static void test_folders_are_made_with_those_above(void **state)
{
    (void)state;
    char dir[] = "/tmp/sora-folder-XXXXXX", path[64], command[96];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a/b//c/", dir);
    CHECK_OK(file_make_folder(path));
    CHECK_OK(file_make_folder(path));
    snprintf(path, sizeof path, "%s/a/b/c/file", dir);
    CHECK_OK(file_write(path, "x", 1));
    CHECK_FAILS(file_make_folder(path), SORA_E_IO, "is a file, a folder is needed");
    snprintf(path, sizeof path, "%s/a/b/c/file/d", dir);
    CHECK_FAILS(file_make_folder(path), SORA_E_IO, "is a file, a folder is needed");
    CHECK_FAILS(file_make_folder(""), SORA_E_ARGUMENT, "0 bytes");
    CHECK_FAILS(file_make_folder("/proc/sora"), SORA_E_IO, "cannot make the folder /proc/sora");
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void test_file_write_is_whole_or_absent(void **state)
{
    (void)state;
    char path[] = "/tmp/sora-test-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    CHECK_OK(file_write(path, "hello", 5));
    FileWriter w;
    CHECK_OK(file_begin(path, &w));
    CHECK_OK(file_put(&w, "never", 5));
    file_abort(&w);
    Arena *a = arena_new("test", 0);
    Slice s;
    CHECK_OK(file_read(path, 100, a, &s));
    assert_string_equal((const char *)s.bytes, "hello");
    CHECK_FAILS(file_read(path, 4, a, &s), SORA_E_FORMAT, "5 bytes, at most 4");
    CHECK_FAILS(file_read("/tmp", 4, a, &s), SORA_E_IO, "a folder");
    CHECK_FAILS(file_begin("/no/such/folder/x", &w), SORA_E_IO, "No such file");
    unlink(path);
    arena_free(a);
}

static void test_utf8_rejects_what_is_not(void **state)
{
    (void)state;
    const char *bad[] = { "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xE4\xBD", "\xFF",         "a\x80" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(utf8_check(bad[i], strlen(bad[i])), SORA_E_FORMAT, "not UTF-8");
    for (uint32_t cp = 1; cp <= 0x10FFFF; cp += 37) {
        char out[4];
        uint32_t back;
        if (cp >= 0xD800 && cp <= 0xDFFF) continue;
        size_t n = utf8_encode(cp, out);
        assert_int_equal(utf8_decode(out, out + n, &back), n);
        assert_int_equal(back, cp);
    }
}

static void test_sizes_are_checked(void **state)
{
    (void)state;
    size_t out;
    assert_false(size_mul(SIZE_MAX, 2, &out));
    assert_false(size_add(SIZE_MAX, 1, &out));
    assert_true(size_mul(3, 4, &out) && out == 12);
    for (size_t multiple = 1; multiple <= 70; multiple++) /* tiles have 6 and 12 rows */
        for (size_t a = 0; a <= 300; a++) {
            size_t up = size_round_up(a, multiple);
            assert_true(up >= a && up < a + multiple && up % multiple == 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_rewinds_and_reuses),
        cmocka_unit_test(test_arena_refuses_beyond_limit),
        cmocka_unit_test(test_parallel_for_visits_each_once),
        cmocka_unit_test(test_pool_stops_in_the_middle),
        cmocka_unit_test(test_rng_any_part_alone),
        cmocka_unit_test(test_normal_is_box_muller),
        cmocka_unit_test(test_philox_known_answer),
        cmocka_unit_test(test_file_write_is_whole_or_absent),
        cmocka_unit_test(test_folders_are_made_with_those_above),
        cmocka_unit_test(test_utf8_rejects_what_is_not),
        cmocka_unit_test(test_sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
