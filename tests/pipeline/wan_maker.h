/* Wan models made up for tests: transformers of any size and family with random weights, beside
 * the small encoders of tests/data. */
#ifndef TESTS_PIPELINE_WAN_MAKER_H
#define TESTS_PIPELINE_WAN_MAKER_H

#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "model/wan_model.h"
#include "tensor/safetensors.h"

/* A family's transformer for latents of `channels`, reading text of width 64. */
static inline DitConfig maker_config(WanFamily family, size_t width, size_t layers, size_t channels)
{
    bool image = family == WAN_I2V || family == WAN_I2V_2 || family == WAN_FLF2V;
    DitConfig c = { .width = width,
                    .heads = width / 32,
                    .layers = layers,
                    .hidden = 3 * width,
                    .in_values = 4 * (channels + (image ? channels + 4 : 0)),
                    .out_values = 4 * channels,
                    .text_width = 64,
                    .bias = true,
                    .cross_norm_affine = true,
                    .eps = 1e-6f,
                    .text_rows = 512,
                    .exact_ends = true };
    if (family == WAN_I2V || family == WAN_FLF2V) c.image_width = 32;
    if (family == WAN_VACE) {
        c.control_values = 4 * (2 * channels + 64);
        c.controls = layers / 2;
        for (size_t i = 0; i < c.controls; i++) c.control_layer[i] = (uint16_t)(2 * i);
    }
    return c;
}

/* Writes it in bf16, with the config.json that says its heads. */
static inline void maker_write(const DitConfig *c, uint64_t seed, const char *folder)
{
    Arena *a = arena_new("maker", 0);
    ParamSet *set = params_new_train(a, seed, NULL, NULL);
    Dit *dit;
    char path[1024], json[200];
    CHECK_OK(dit_new(c, set, a, &dit));
    SafetensorsEntry *e = arena_zero(a, params_count(set) * sizeof *e);
    for (size_t i = 0; i < params_count(set); i++) {
        const Param *p = params_at(set, i);
        e[i] = (SafetensorsEntry){ p->name, *p->operand };
        uint16_t *v = p->operand->data;
        /* a new network's head is 0, and it would make nothing of anything */
        for (size_t k = 0; strcmp(p->name, "head.head.weight") == 0 && k < tensor_count(p->operand);
             k++)
            v[k] = (uint16_t)(k * 7919 % 3 ? 0x3c80 : 0xbd00); /* 0.0156, -0.03 */
    }
    mkdir(folder, 0755);
    snprintf(path, sizeof path, "%.500s/weights.safetensors", folder);
    CHECK_OK(safetensors_write(path, e, params_count(set), NULL, 0));
    snprintf(path, sizeof path, "%.500s/config.json", folder);
    snprintf(json, sizeof json, "{\"num_heads\": %zu}", c->heads);
    CHECK_OK(file_write(path, json, strlen(json)));
    arena_free(a);
}

/* Makes folder/name mean a file of tests/data. */
static inline void maker_link(const char *folder, const char *name, const char *data)
{
    char path[1024], real[4096];
    snprintf(path, sizeof path, "%.500s/%.200s", folder, name);
    assert_non_null(realpath(test_data(data), real));
    assert_int_equal(symlink(real, path), 0);
}

/* The other parts, under names that say nothing. `vae`: of tests/data/golden; the 2.1 autoencoder
 * there has 16 channels, the 2.2 one 12. */
static inline void maker_parts(const char *folder, const char *vae, bool clip)
{
    char data[200];
    char path[1024];
    maker_link(folder, "b.safetensors", "umt5/original.safetensors");
    maker_link(folder, "c.model", "golden/tokenizer/plain/spiece.model");
    snprintf(path, sizeof path, "%.500s/d", folder);
    mkdir(path, 0755);
    snprintf(data, sizeof data, "golden/%s/vae/config.json", vae);
    maker_link(path, "config.json", data);
    snprintf(data, sizeof data, "golden/%s/vae/diffusion_pytorch_model.safetensors", vae);
    maker_link(path, "x.safetensors", data);
    if (!clip) return;
    snprintf(path, sizeof path, "%.500s/e", folder);
    mkdir(path, 0755);
    maker_link(path, "y.safetensors", "clip/original.safetensors");
    snprintf(path, sizeof path, "%.500s/e/config.json", folder);
    CHECK_OK(file_write(path, "{\"num_attention_heads\": 2}", 26));
}

#endif
