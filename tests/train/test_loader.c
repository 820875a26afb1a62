/* The loader: what was asked for comes out, in order, whatever ran ahead in the background. */
#include "check.h"

#include "train/loader.h"

/* Example i is one grey pixel of value i; every seventh cannot be made. */
static void one_pixel(const void *self, uint64_t i, SourceSize *out)
{
    (void)self, (void)i;
    *out = (SourceSize){ .frames = 1, .height = 8, .width = 8, .share = 1 };
}

static SoraStatus make_pixel(const void *self, uint64_t i, Arena *a, Example *out)
{
    (void)self;
    if (i % 7 == 6) return err_set(SORA_E_FORMAT, "number %d is broken", (int)i);
    TRY(clip_new(a, 1, 1, 1, 0, &out->clip));
    memset(out->clip.rgb, (int)(i & 255), 3);
    out->caption = arena_printf(a, "%d", (int)i);
    return SORA_OK;
}

static void check_batch(const Loaded *l, uint64_t first, size_t count)
{
    size_t k = 0;
    assert_int_equal(l->first, first);
    assert_int_equal(l->asked, count);
    for (uint64_t i = first; i < first + count; i++) {
        if (i % 7 == 6) continue;
        assert_int_equal(l->example[k].clip.rgb[0], i & 255);
        assert_int_equal(atoi(l->example[k].caption), i);
        k++;
    }
    assert_int_equal(l->made, k);
    if (k == count) {
        assert_int_equal(l->failed, SORA_OK);
    } else {
        assert_int_equal(l->failed, SORA_E_FORMAT);
        assert_non_null(strstr(l->sentence, "is broken"));
    }
}

static void in_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        Loader *l;
        uint64_t at = 0;
        CHECK_OK(loader_new((Source){ one_pixel, make_pixel, NULL }, threads, &l));
        for (size_t round = 0; round < 200; round++) {
            size_t count = 1 + round * 5 % 23, next = 1 + (round + 1) * 5 % 23;
            const Loaded *now = loader_take(l, at, count);
            loader_start(l, at + count, next);
            check_batch(now, at, count); /* while the next is being made */
            at += count;
        }
        loader_free(l); /* in the middle of one */
    }
}

/* A resumed run asks for something else than what was started. */
static void another_than_started(void **state)
{
    (void)state;
    Loader *l;
    CHECK_OK(loader_new((Source){ one_pixel, make_pixel, NULL }, 2, &l));
    loader_start(l, 0, 8);
    check_batch(loader_take(l, 50, 5), 50, 5);
    check_batch(loader_take(l, 6, 1), 6, 1);
    check_batch(loader_take(l, 0, LOADER_EXAMPLES_MAX), 0, LOADER_EXAMPLES_MAX);
    loader_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(another_than_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
