/* Files: networks with stored weights, decoding of every type, and files that are broken. */
#include <math.h>
#include <string.h>

#include "golden_kinds.h"

#include "golden_dit.h"
#include "model/broken.h"
#include "tensor/quant.h"

/* ---- quant ---- */

/* Outputs called "dequantised <name>" are single weights. */
static SoraStatus check_weights(Golden *g, const WanFile *file)
{
    static const char prefix[] = "dequantised ";
    const Json *outputs = json_get(g->spec, "outputs");
    for (size_t i = 0; i < outputs->count; i++) {
        const char *name = outputs->item[i].key;
        if (strncmp(name, prefix, sizeof prefix - 1) != 0) continue;
        const Tensor *x = wan_lookup((void *)file, name + sizeof prefix - 1);
        if (!x) return err_set(SORA_E_FORMAT, "there is no %s", name + sizeof prefix - 1);
        size_t n = tensor_count(x);
        float *values = arena_alloc(g->a, n * sizeof *values);
        quant_read_rows(x, 0, x->shape[0], values);
        TRY(golden_check(g, name, values, n));
    }
    return SORA_OK;
}

static SoraStatus run_quant(Golden *g)
{
    GoldenDit m;
    const char *path;
    TRY(golden_weights(g, "file", &path));
    TRY(golden_dit_open(g, path, &m));
    SoraStatus s = check_weights(g, &m.file);
    if (s == SORA_OK) s = golden_dit_run(g, &m);
    golden_dit_close(&m);
    return s;
}

const GoldenKind golden_quant = { "quant", run_quant, false, false };

/* ---- dequant ---- */

static bool same(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* Bit for bit, whatever the manifest would let pass; by the plain code and by the level's own. */
static SoraStatus run_dequant(Golden *g)
{
    const char *path;
    Weights *w;
    TRY(golden_weights(g, "file", &path));
    TRY(weights_open(path, g->a, &w));
    const Json *outputs = json_get(g->spec, "outputs");
    for (size_t i = 0; i < outputs->count; i++) {
        const char *name = outputs->item[i].key;
        const Tensor *x = weights_find(w, name);
        const Tensor *want = safetensors_find(&g->io, json_text(&outputs->item[i], "tensor"));
        if (!x || !want || tensor_count(x) != tensor_count(want) || want->type != TYPE_F32)
            return err_set(SORA_E_FORMAT, "%s is not stored as it should be", name);
        size_t n = tensor_count(x), wrong = 0;
        float *a = arena_alloc(g->a, n * sizeof *a), *b = arena_alloc(g->a, n * sizeof *b);
        quant_decode(a, x->data, x->type, n);
        g->compute->kernels.gemm.decode(b, x->data, x->type, n);
        for (size_t k = 0; k < n; k++) {
            float v = ((const float *)want->data)[k];
            wrong += !same(a[k], v) || !same(b[k], v);
        }
        golden_expect(g, !wrong, "%s: %zu of %zu values differ", name, wrong, n);
    }
    weights_close(w);
    return SORA_OK;
}

const GoldenKind golden_dequant = { "dequant", run_dequant, false, false };

/* ---- broken files ---- */

static SoraStatus run_broken(Golden *g)
{
    Slice text;
    const Json *table;
    const char *file = json_text(g->spec, "file");
    if (!file) return err_set(SORA_E_FORMAT, "the case names no table");
    TRY(file_read(golden_path(g, file), 16 << 20, g->a, &text));
    TRY(json_parse((const char *)text.bytes, text.size, file, g->a, &table));
    for (size_t i = 0; i < table->count; i++) {
        char why[300];
        const char *name = json_text(&table->item[i], "file");
        if (!name) return err_set(SORA_E_FORMAT, "row %zu of %s names no file", i, file);
        const char *wrong = broken_judge(&table->item[i], golden_path(g, name), why);
        golden_expect(g, !wrong, "%s: %s", name, wrong ? wrong : "");
    }
    return SORA_OK;
}

const GoldenKind golden_broken = { "robustness", run_broken, false, false };
