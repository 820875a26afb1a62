#include "check.h"

#include "nn/params.h"
#include "tensor/convert.h"

static const Tensor *find_weight(void *self, const char *name)
{
    return strcmp(name, "w") == 0 ? self : NULL;
}

static void draws_values_by_name(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    size_t shape[2] = { 8, 16 };
    const Param *one, *two, *again;
    ParamSet *first = params_new_train(a, 7, NULL, NULL);
    CHECK_OK(params_declare(first, "one", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, shape, &one));
    CHECK_OK(params_declare(first, "two", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, shape, &two));
    ParamSet *second = params_new_train(a, 7, NULL, NULL);
    CHECK_OK(params_declare(second, "two", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, shape, &again));
    assert_memory_equal(two->value->data, again->value->data, 128 * sizeof(float));
    assert_memory_not_equal(two->value->data, one->value->data, 128 * sizeof(float));
    assert_int_equal(params_count(first), 2);
    assert_int_equal(params_elements(first), 256);
    arena_free(a);
}

static void keeps_params_in_place(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    ParamSet *set = params_new_train(a, 1, NULL, NULL);
    const Param *p[200];
    char name[16];
    size_t shape[1] = { 4 };
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "p%d", i);
        CHECK_OK(params_declare(set, name, PARAM_OTHER, (ParamInit){ 1, 0 }, 1, shape, &p[i]));
    }
    for (size_t i = 0; i < 200; i++) assert_ptr_equal(p[i], params_at(set, i));
    arena_free(a);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    size_t shape[2] = { 4, 4 }, other[2] = { 4, 8 };
    Tensor *w = tensor_new_2d(a, TYPE_BF16, 4, 4);
    ParamSet *set = params_new_load(a, find_weight, w);
    const Param *p;
    CHECK_OK(params_declare(set, "w", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, shape, &p));
    assert_ptr_equal(p->operand->data, w->data);
    CHECK_FAILS(params_declare(set, "w", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, other, &p),
                SORA_E_FORMAT, "w is [4,4] bf16, the model needs [4,8]");
    CHECK_FAILS(params_declare(set, "v", PARAM_HIDDEN, (ParamInit){ 0, 1 }, 2, shape, &p),
                SORA_E_FORMAT, "there is no tensor v");
    arena_free(a);
}

static void refreshes_operands(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    ParamSet *set = params_new_train(a, 1, NULL, NULL);
    const Param *p;
    size_t shape[1] = { 3 };
    CHECK_OK(params_declare(set, "p", PARAM_OTHER, (ParamInit){ 2, 0 }, 1, shape, &p));
    ((float *)p->value->data)[1] = 0.5f;
    p->value->grad[2] = 9;
    params_refresh(set, c);
    params_zero_grad(set, c);
    assert_true(bf16_to_f32(((uint16_t *)p->operand->data)[0]) == 2);
    assert_true(bf16_to_f32(((uint16_t *)p->operand->data)[1]) == 0.5f);
    assert_true(p->value->grad[2] == 0);
    compute_free(c);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_values_by_name),
        cmocka_unit_test(keeps_params_in_place),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(refreshes_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
