#include "check.h"

#include <unistd.h>

#include "model/lora.h"
#include "tensor/quant.h"
#include "tensor/safetensors.h"

enum { OUT = 6, IN = 4, RANK = 2 };

typedef struct Fixture {
    Arena *a;
    Compute *c;
    char folder[64];
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    f->a = arena_new("test", 0);
    snprintf(f->folder, sizeof f->folder, "/tmp/sora-lora-XXXXXX");
    if (!mkdtemp(f->folder)) return -1;
    CHECK_OK(compute_new(NULL, NULL, &f->c));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    compute_free(f->c);
    arena_free(f->a);
    free(f);
    return system(command);
}

static const char *path_of(Fixture *f, const char *name)
{
    return arena_printf(f->a, "%s/%s", f->folder, name);
}

/* An f32 tensor [rows, width] (width 0: a vector) of x[i] = scale * (i % 7 - 3). */
static SafetensorsEntry entry(Fixture *f, const char *name, size_t rows, size_t width, float scale)
{
    size_t shape[2] = { rows, width };
    Tensor *x = tensor_new(f->a, TYPE_F32, width ? 2 : 1, shape);
    for (size_t i = 0; i < tensor_count(x); i++)
        ((float *)x->data)[i] = scale * ((float)(i % 7) - 3);
    return (SafetensorsEntry){ name, *x };
}

static const char *write_file(Fixture *f, const char *file, const SafetensorsEntry *e, size_t n)
{
    const char *path = path_of(f, file);
    CHECK_OK(safetensors_write(path, e, n, NULL, 0));
    return path;
}

static Weights *open_model(Fixture *f)
{
    const SafetensorsEntry e[] = {
        entry(f, "model.diffusion_model.blocks.0.self_attn.q.weight", OUT, IN, 1),
        entry(f, "model.diffusion_model.blocks.0.self_attn.q.bias", OUT, 0, 1),
        entry(f, "model.diffusion_model.blocks.0.ffn.0.weight", OUT, IN, 2),
    };
    Weights *w;
    CHECK_OK(weights_open(write_file(f, "model.safetensors", e, 3), f->a, &w));
    return w;
}

/* Every element of q is what it was plus factor * up down. */
static void check_q(const Weights *w, double factor)
{
    const Tensor *x = weights_find(w, "model.diffusion_model.blocks.0.self_attn.q.weight");
    float got[OUT * IN];
    quant_decode(got, x->data, x->type, OUT * IN);
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < IN; i++) {
            double sum = (o * IN + i) % 7 - 3;
            for (int r = 0; r < RANK; r++)
                sum += factor * ((o * RANK + r) % 7 - 3) * ((r * IN + i) % 7 - 3);
            CHECK_CLOSE(got[o * IN + i], sum, 1e-5);
        }
}

static SafetensorsEntry number(Fixture *f, const char *name, float value)
{
    Tensor *x = tensor_new(f->a, TYPE_F32, 0, NULL);
    *(float *)x->data = value;
    return (SafetensorsEntry){ name, *x };
}

static void merges_all_spellings(void **state)
{
    Fixture *f = *state;
    static const char *const names[][3] = {
        { "lora_unet_blocks_0_self_attn_q.lora_down.weight",
          "lora_unet_blocks_0_self_attn_q.lora_up.weight", "lora_unet_blocks_0_self_attn_q.alpha" },
        { "transformer.blocks.0.attn1.to_q.lora_A.weight",
          "transformer.blocks.0.attn1.to_q.lora_B.weight", NULL },
        { "diffusion_model.blocks.0.self_attn.q.lora_A.weight",
          "diffusion_model.blocks.0.self_attn.q.lora_B.weight",
          "diffusion_model.blocks.0.self_attn.q.alpha" },
        { "base_model.model.blocks.0.self_attn.q.lora_A.default.weight",
          "base_model.model.blocks.0.self_attn.q.lora_B.default.weight", NULL },
        { "blocks.0.self_attn.q.lora_down.weight", "blocks.0.self_attn.q.lora_up.weight", NULL },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SafetensorsEntry e[3] = { entry(f, names[i][0], RANK, IN, 1),
                                  entry(f, names[i][1], OUT, RANK, 1) };
        if (names[i][2]) e[2] = number(f, names[i][2], 1);
        const char *path = write_file(f, "l.safetensors", e, names[i][2] ? 3 : 2);
        Weights *w = open_model(f);
        LoraReport report;
        CHECK_OK(lora_merge(&(LoraSpec){ path, 0.5f, false }, 1, f->c, true, w, &report));
        assert_int_equal(report.changed, 1);
        assert_int_equal(report.unmatched, 0);
        check_q(w, names[i][2] ? 0.25 : 0.5); /* alpha 1 of rank 2 halves it */
        weights_close(w);
    }
}

static void two_files_add_up(void **state)
{
    Fixture *f = *state;
    const SafetensorsEntry e[] = {
        entry(f, "blocks.0.self_attn.q.lora_A.weight", RANK, IN, 1),
        entry(f, "blocks.0.self_attn.q.lora_B.weight", OUT, RANK, 1),
        entry(f, "blocks.9.self_attn.q.lora_A.weight", RANK, IN, 1),
        entry(f, "blocks.9.self_attn.q.lora_B.weight", OUT, RANK, 1),
    };
    const char *path = write_file(f, "l.safetensors", e, 4);
    LoraSpec specs[2] = { { path, 1, false }, { path, -0.25f, false } };
    Weights *w = open_model(f);
    LoraReport report;
    CHECK_OK(lora_merge(specs, 2, f->c, true, w, &report));
    check_q(w, 0.75);
    assert_int_equal(report.unmatched, 2); /* block 9, of both files */
    assert_string_equal(report.unmatched_name[0], "blocks.9.self_attn.q");
    weights_close(w);
}

/* Each expert takes its own half of a file for both. */
static void experts_take_their_own(void **state)
{
    Fixture *f = *state;
    const SafetensorsEntry e[] = {
        entry(f, "transformer.blocks.0.attn1.to_q.lora_A.weight", RANK, IN, 1),
        entry(f, "transformer.blocks.0.attn1.to_q.lora_B.weight", OUT, RANK, 1),
        entry(f, "transformer_2.blocks.0.attn1.to_q.lora_A.weight", RANK, IN, 1),
        entry(f, "transformer_2.blocks.0.attn1.to_q.lora_B.weight", OUT, RANK, 3),
    };
    const char *path = write_file(f, "l.safetensors", e, 4);
    for (int second = 0; second < 2; second++) {
        Weights *w = open_model(f);
        LoraReport report;
        CHECK_OK(lora_merge(&(LoraSpec){ path, 1, second }, 1, f->c, true, w, &report));
        check_q(w, second ? 3 : 1);
        assert_int_equal(report.unmatched, 0);
        weights_close(w);
    }
}

static void refuses(void **state)
{
    Fixture *f = *state;
    const struct {
        SafetensorsEntry e[3];
        size_t n;
        SoraStatus status;
        const char *words;
    } rows[] = {
        { { entry(f, "blocks.0.self_attn.q.lora_A.weight", RANK, IN + 1, 1),
            entry(f, "blocks.0.self_attn.q.lora_B.weight", OUT, RANK, 1) },
          2,
          SORA_E_FORMAT,
          "another size" },
        { { entry(f, "blocks.0.self_attn.q.lora_A.weight", RANK, IN, 1) },
          1,
          SORA_E_FORMAT,
          "incomplete" },
        { { entry(f, "blocks.0.self_attn.q.lora_A.weight", RANK, IN, 1),
            entry(f, "blocks.0.self_attn.q.lora_B.weight", OUT, RANK + 1, 1) },
          2,
          SORA_E_FORMAT,
          "incomplete" },
        { { entry(f, "blocks.0.self_attn.q.diff_b", OUT + 1, 0, 1) },
          1,
          SORA_E_FORMAT,
          "another size" },
        { { entry(f, "down_blocks.0.q.lora_A.weight", RANK, IN, 1),
            entry(f, "down_blocks.0.q.lora_B.weight", OUT, RANK, 1) },
          2,
          SORA_E_FORMAT,
          "changes nothing" },
        { { entry(f, "blocks.0.self_attn.q.lora_A.weight", RANK, IN, 1),
            entry(f, "blocks.0.self_attn.q.lora_B.weight", OUT, RANK, 1),
            entry(f, "blocks.0.self_attn.q.dora_scale", OUT, 1, 1) },
          3,
          SORA_E_UNSUPPORTED,
          "DoRA" },
        { { entry(f, "blocks.0.self_attn.q.lokr_w1", 4, 2, 1),
            entry(f, "blocks.0.self_attn.q.lokr_w2", 2, 2, 1) },
          2,
          SORA_E_FORMAT,
          "another size" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = write_file(f, "bad.safetensors", rows[i].e, rows[i].n);
        Weights *w = open_model(f);
        LoraReport report;
        CHECK_FAILS(lora_merge(&(LoraSpec){ path, 1, false }, 1, f->c, true, w, &report),
                    rows[i].status, rows[i].words);
        weights_close(w);
    }
}

static void parses_strengths(void **state)
{
    Fixture *f = *state;
    LoraSpec s;
    CHECK_OK(lora_parse("a.safetensors", f->a, &s));
    assert_string_equal(s.path, "a.safetensors");
    CHECK_CLOSE(s.strength, 1, 0);
    CHECK_OK(lora_parse("d:x/a.safetensors:-0.5", f->a, &s));
    assert_string_equal(s.path, "d:x/a.safetensors");
    CHECK_CLOSE(s.strength, -0.5, 0);
    CHECK_FAILS(lora_parse("a.safetensors:much", f->a, &s), SORA_E_ARGUMENT, "much");
    CHECK_FAILS(lora_parse("a.safetensors:nan", f->a, &s), SORA_E_ARGUMENT, "nan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(merges_all_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(two_files_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(experts_take_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(parses_strengths, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
