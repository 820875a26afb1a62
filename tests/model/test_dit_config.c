#include "check.h"

#include "model/dit.h"

static SoraStatus parse(const char *text, DitConfig *c)
{
    return dit_config_parse(text, strlen(text), c);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    DitConfig c = dit_config_default(), back;
    c.layers = 3;
    c.step_input = false;
    CHECK_OK(parse(dit_config_write(&c, a), &back));
    assert_string_equal(dit_config_write(&c, a), dit_config_write(&back, a));
    assert_int_equal(back.layers, 3);
    assert_false(back.step_input);
    arena_free(a);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    DitConfig c;
    CHECK_FAILS(parse("[]", &c), SORA_E_FORMAT, "no JSON object");
    CHECK_FAILS(parse("{\"depth\":3}", &c), SORA_E_FORMAT, "depth");
    CHECK_FAILS(parse("{\"width\":-3}", &c), SORA_E_FORMAT, "width");
    CHECK_FAILS(parse("{\"width\":1e30}", &c), SORA_E_FORMAT, "width");
    CHECK_FAILS(parse("{\"gated\":1}", &c), SORA_E_FORMAT, "gated");
    CHECK_FAILS(parse("{\"width\":256}", &c), SORA_E_FORMAT, "all of its sizes");
    CHECK_FAILS(parse("{\"width\":255,\"heads\":4,\"layers\":1,\"hidden\":4,\"in_values\":4,"
                      "\"out_values\":4,\"text_width\":4}",
                      &c),
                SORA_E_FORMAT, "4 heads");
    CHECK_FAILS(parse("{\"patch\":33}", &c), SORA_E_FORMAT, "patch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
