/* Scales that lie beside 8-bit weights, joined with them: ComfyUI's `<layer>.scale_weight` and
 * `<layer>.weight_scale`, one number or one a row; what only concerns 8-bit activations
 * (`scale_input`, `input_scale`) and markers (`scaled_fp8`, `comfy_quant`) is taken out. */
#include <string.h>

#include "model/weights_kinds.h"
#include "tensor/quant.h"

static const char *const scale_names[] = { ".scale_weight", ".weight_scale" };
static const char *const side_names[] = { ".scale_input", ".input_scale", ".comfy_quant" };

enum { NAME_MAX_BYTES = 512 };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "<layer>.weight" for "<layer>" + ending; false: not such a name. */
static bool weight_of(const char *name, const char *ending, char out[NAME_MAX_BYTES])
{
    if (!ends_with(name, ending)) return false;
    size_t n = strlen(name) - strlen(ending);
    if (n + sizeof ".weight" > NAME_MAX_BYTES) return false;
    memcpy(out, name, n);
    memcpy(out + n, ".weight", sizeof ".weight");
    return true;
}

static SoraStatus check_scale(const Weights *w, const char *name, const Tensor *scale,
                              const Tensor *x)
{
    size_t n = tensor_count(scale), rows = x->rank ? x->shape[0] : 1;
    char is[96], has[96];
    if (scale->type > TYPE_F64 || (n != 1 && n != rows))
        return err_set(scale->type > TYPE_F64 ? SORA_E_UNSUPPORTED : SORA_E_FORMAT,
                       "%s: %.200s is %s; one number for all of %s or one for each of its rows can "
                       "be read",
                       weights_path(w), name, tensor_describe(scale, has, sizeof has),
                       tensor_describe(x, is, sizeof is));
    return SORA_OK;
}

/* Gives entry `place` its factors. A weight of one row is multiplied out at once, as its first
 * dimension may be dropped later. */
static SoraStatus attach(Weights *w, size_t place, const Tensor *scale)
{
    Tensor x = *weights_at(w, place);
    size_t n = tensor_count(scale), rows = x.rank ? x.shape[0] : 1;
    void *mem;
    TRY(arena_try(weights_arena(w), rows * sizeof(float), &mem));
    float *factor = mem;
    for (size_t i = 0; i < rows; i++)
        quant_decode(&factor[i],
                     (const char *)scale->data + (n == 1 ? 0 : i) * type_block_bytes(scale->type),
                     scale->type, 1);
    x.scale = factor;
    if (rows == 1) {
        TRY(arena_try(weights_arena(w), tensor_count(&x) * sizeof(float), &mem));
        quant_read_rows(&x, 0, 1, mem);
        x.type = TYPE_F32;
        x.data = mem;
        x.scale = NULL;
    }
    weights_replace(w, place, &x);
    return SORA_OK;
}

/* Is entry i part of how weights are stored, not a weight? Scales are attached on the way. */
static SoraStatus judge(Weights *w, size_t i, bool *side)
{
    const char *name = weights_name(w, i);
    char weight[NAME_MAX_BYTES];
    *side = strcmp(name, "scaled_fp8") == 0 || ends_with(name, ".scaled_fp8");
    for (size_t k = 0; k < sizeof side_names / sizeof side_names[0]; k++)
        if (weight_of(name, side_names[k], weight) && weights_find(w, weight)) *side = true;
    if (weight_of(name, ".weight_scale_2", weight) && weights_find(w, weight))
        return err_set(SORA_E_UNSUPPORTED, "%s: %.200s is stored as NVFP4, which cannot be read",
                       weights_path(w), weight);
    for (size_t k = 0; k < sizeof scale_names / sizeof scale_names[0]; k++) {
        if (!weight_of(name, scale_names[k], weight)) continue;
        size_t place = weights_place(w, weight);
        if (place == weights_count(w)) continue;
        if (weights_at(w, place)->scale)
            return err_set(SORA_E_FORMAT, "%s: %.200s has two scales", weights_path(w), weight);
        *side = true;
        const Tensor *scale = weights_at(w, i);
        TRY(check_scale(w, name, scale, weights_at(w, place)));
        TRY(attach(w, place, scale));
    }
    return SORA_OK;
}

SoraStatus weights_join_scales(Weights *w)
{
    size_t count = weights_count(w);
    bool *side = arena_zero(weights_arena(w), count * sizeof *side), any = false;
    for (size_t i = 0; i < count; i++) {
        TRY(judge(w, i, &side[i]));
        any |= side[i];
    }
    if (any) weights_drop(w, side);
    return SORA_OK;
}
