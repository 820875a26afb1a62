/* A mix of two sources: evenly spread, each in its own order, none left out. */
#include "check.h"

#include "train/source_mix.h"

/* Example i says who made it and which one it is. */
static void size_of(const void *self, uint64_t i, SourceSize *out)
{
    (void)self;
    *out = (SourceSize){ .frames = 1 + (size_t)i, .height = 8, .width = 8, .share = 1 };
}

static SoraStatus make(const void *self, uint64_t i, Arena *a, Example *out)
{
    out->caption = arena_printf(a, "%s %d", (const char *)self, (int)i);
    return SORA_OK;
}

static void check_share(double share, uint64_t from)
{
    Arena *a = arena_new("test", 0);
    SourceMix m = { { size_of, make, "most" }, { size_of, make, "some" }, share };
    Source s = source_mix(&m);
    int of[2] = { -1, -1 }, drawn = 0;
    enum { COUNT = 1000 };
    for (uint64_t i = from; i < from + COUNT; i++) {
        Example e;
        SourceSize size;
        char name[16];
        int at;
        CHECK_OK(s.make(s.self, i, a, &e));
        s.size(s.self, i, &size);
        assert_int_equal(sscanf(e.caption, "%15s %d", name, &at), 2);
        assert_int_equal(size.frames, at + 1);
        int *last = &of[strcmp(name, "some") == 0];
        if (*last >= 0) assert_int_equal(at, *last + 1);
        *last = at;
        drawn += last == &of[1];
        double even = share * (double)(i + 1 - from);
        assert_true(drawn >= even - 1.001 && drawn <= even + 1.001);
    }
    arena_free(a);
}

static void spreads_evenly(void **state)
{
    (void)state;
    check_share(0, 0);
    check_share(0.5, 0);
    check_share(0.3, 0);
    check_share(0.3, 123456);
    check_share(0.95, 7);
    check_share(1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(spreads_evenly) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
