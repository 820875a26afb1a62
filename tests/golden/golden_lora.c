/* Transformers with LoRA files merged into them. */
#include "golden_kinds.h"

#include "golden_dit.h"
#include "model/lora.h"

enum { LORAS_MAX = 16 };

static SoraStatus read_specs(Golden *g, LoraSpec *spec, size_t *count)
{
    const Json *list = json_get(g->spec, "lora");
    if (!list || list->kind != JSON_IS_ARRAY || list->count > LORAS_MAX)
        return err_set(SORA_E_FORMAT, "the case names no LoRA files");
    for (*count = 0; *count < list->count; ++*count) {
        const Json *x = &list->item[*count], *strength = json_get(x, "strength");
        const char *file = json_text(x, "file");
        if (!file || !strength) return err_set(SORA_E_FORMAT, "a LoRA has no file or strength");
        spec[*count] = (LoraSpec){ golden_path(g, file), (float)strength->number, false };
    }
    return SORA_OK;
}

static SoraStatus run_layout(Golden *g, const char *path, const LoraSpec *spec, size_t count)
{
    GoldenDit m;
    LoraReport report;
    TRY(weights_open(path, g->a, &m.weights));
    SoraStatus s =
        lora_merge(spec, count, g->compute, g->precision == GEMM_F32, m.weights, &report);
    if (s == SORA_OK) s = golden_dit_build(g, path, &m);
    if (s == SORA_OK) s = golden_dit_run(g, &m);
    golden_dit_close(&m);
    return s;
}

/* In every layout of the transformer: the names of the LoRA are mapped to each. */
static SoraStatus run(Golden *g)
{
    LoraSpec spec[LORAS_MAX];
    size_t count = 0;
    TRY(read_specs(g, spec, &count));
    const Json *dit = json_get(json_get(g->spec, "weights"), "dit");
    if (!dit) return err_set(SORA_E_FORMAT, "the case names no transformer");
    bool one = dit->kind == JSON_IS_STRING;
    for (size_t i = 0; i < (one ? 1 : dit->count); i++)
        TRY(run_layout(g, golden_path(g, one ? dit->string : dit->item[i].string), spec, count));
    return SORA_OK;
}

const GoldenKind golden_lora = { "lora", run, false, false };
