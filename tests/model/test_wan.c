#include "check.h"

#include "model/dit_cache.h"
#include "model/import/wan.h"
#include "model/latent.h"

static void check_name(const char *from, const char *to)
{
    char name[WAN_NAME_MAX];
    assert_true(wan_name(from, name));
    assert_string_equal(name, to);
}

static void everybodys_names_become_the_originals(void **state)
{
    (void)state;
    check_name("blocks.3.self_attn.q.weight", "blocks.3.self_attn.q.weight");
    check_name("model.diffusion_model.blocks.3.norm3.bias", "blocks.3.norm3.bias");
    check_name("diffusion_model.head.modulation", "head.modulation");
    check_name("blocks.12.attn1.to_out.0.bias", "blocks.12.self_attn.o.bias");
    check_name("blocks.0.attn2.norm_added_k.weight", "blocks.0.cross_attn.norm_k_img.weight");
    check_name("blocks.0.norm2.weight", "blocks.0.norm3.weight");
    check_name("blocks.0.ffn.net.0.proj.weight", "blocks.0.ffn.0.weight");
    check_name("blocks.0.scale_shift_table", "blocks.0.modulation");
    check_name("scale_shift_table", "head.modulation");
    check_name("proj_out.weight", "head.head.weight");
    check_name("vace_blocks.1.proj_out.weight", "vace_blocks.1.after_proj.weight");
    check_name("vace_blocks.0.attn2.to_k", "vace_blocks.0.cross_attn.k");
    check_name("transformer.blocks.0.attn1.to_q.lora_A.weight",
               "blocks.0.self_attn.q.lora_A.weight");
    check_name("condition_embedder.image_embedder.ff.net.0.proj.weight", "img_emb.proj.1.weight");
    check_name("condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos");
    check_name("proj_outer", "proj_outer");
    check_name("blocks.x.norm2.weight", "blocks.x.norm2.weight");
    char name[WAN_NAME_MAX], longer[400];
    memset(longer, 'a', sizeof longer);
    longer[399] = 0;
    assert_false(wan_name(longer, name));
}

/* Values are their own indices: each patch is (c, row, column) in, (row, column, c) out. */
static void latents_go_into_tokens_and_back(void **state)
{
    (void)state;
    LatentSize s = { 3, 2, 4, 6 };
    size_t n = latent_values(s), tokens = patch_tokens(latent_grid(s));
    float z[3 * 2 * 4 * 6], back[3 * 2 * 4 * 6], packed[2 * 2 * 3 * 14], head[2 * 2 * 3 * 12];
    assert_int_equal(tokens, 12);
    for (size_t i = 0; i < n; i++) z[i] = (float)i;
    latent_pack(z, s, packed, 14, 2);
    CHECK_CLOSE(packed[2], 0, 0);
    CHECK_CLOSE(packed[3], 1, 0);
    CHECK_CLOSE(packed[4], 6, 0);
    CHECK_CLOSE(packed[6], 48, 0);
    CHECK_CLOSE(packed[14 + 2], 2, 0);
    CHECK_CLOSE(packed[6 * 14 + 2], 24, 0);
    for (size_t i = 0; i < tokens; i++)
        for (size_t c = 0; c < 3; c++)
            for (size_t k = 0; k < 4; k++)
                head[i * 12 + k * 3 + c] = packed[i * 14 + 2 + c * 4 + k];
    latent_unpack(head, s, back);
    assert_memory_equal(z, back, sizeof z);
}

static Tensor stream(float *x)
{
    return (Tensor){ .type = TYPE_F32, .rank = 2, .shape = { 2, 2, 1, 1, 1, 1 }, .data = x };
}

/* Block 0 adds 1, the others add 10; then block 0 does nearly the same, then something else. */
static void a_step_is_reused_while_its_first_block_repeats(void **state)
{
    (void)state;
    Arena *a = arena_new("test", 0);
    DitCache *c = dit_cache_new(a, 2, 2, 0.1);
    float x[4] = { 1, 2, 3, 4 };
    Tensor t = stream(x);
    dit_cache_begin(c, &t);
    for (int i = 0; i < 4; i++) x[i] += 1;
    assert_false(dit_cache_reuse(c, &t));
    for (int i = 0; i < 4; i++) x[i] += 10;
    dit_cache_end(c, &t);

    for (int i = 0; i < 4; i++) x[i] = (float)i;
    dit_cache_begin(c, &t);
    for (int i = 0; i < 4; i++) x[i] += 1.05f;
    assert_true(dit_cache_reuse(c, &t));
    for (int i = 0; i < 4; i++) CHECK_CLOSE(x[i], i + 11.05, 1e-6);

    dit_cache_begin(c, &t);
    for (int i = 0; i < 4; i++) x[i] += 1.2f;
    assert_false(dit_cache_reuse(c, &t));
    dit_cache_end(c, &t);
    dit_cache_begin(c, &t);
    for (int i = 0; i < 4; i++) x[i] += 1.2f;
    c->always = true;
    assert_false(dit_cache_reuse(c, &t));
    assert_int_equal(c->used, 1);
    assert_int_equal(c->computed, 3);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybodys_names_become_the_originals),
        cmocka_unit_test(latents_go_into_tokens_and_back),
        cmocka_unit_test(a_step_is_reused_while_its_first_block_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
