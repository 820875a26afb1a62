/* Judging files by a table of verdicts: "error", "ok" with these tensors, or "either". */
#ifndef TESTS_MODEL_BROKEN_H
#define TESTS_MODEL_BROKEN_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/weights.h"
#include "tensor/quant.h"

/* NULL when tensor `want` of the table is in w, else what is wrong, in `text`. */
static inline const char *broken_tensor(const Weights *w, const Json *want, char text[300])
{
    const Tensor *x = weights_find(w, want->key);
    const Json *shape = json_get(want, "shape"), *values = json_get(want, "values");
    Type type;
    if (!x) return "a tensor is missing";
    if (!quant_type_named(json_text(want, "dtype"), &type) || x->type != type)
        return "a tensor has another type";
    bool same = (size_t)x->rank == shape->count;
    for (size_t i = 0; same && i < shape->count; i++)
        same = x->shape[i] == (size_t)shape->item[i].integer;
    if (!same || tensor_count(x) != values->count) return "a tensor has another shape";
    for (size_t i = 0; i < values->count; i++) {
        float got;
        quant_decode(&got, (const char *)x->data + i * type_block_bytes(type), type, 1);
        if (got == (float)values->item[i].number) continue;
        snprintf(text, 300, "value %zu of %.200s is %g, not %g", i, want->key, (double)got,
                 values->item[i].number);
        return text;
    }
    return NULL;
}

/* NULL when `path` is judged as `row` says, else what is wrong, in `text` or constant. */
static inline const char *broken_judge(const Json *row, const char *path, char text[300])
{
    Arena *a = arena_new("broken", 0);
    Weights *w = NULL;
    const char *expect = json_text(row, "expect"), *wrong = NULL;
    const Json *tensors = json_get(row, "tensors");
    SoraStatus s = weights_open(path, a, &w);
    if (strcmp(expect, "error") == 0 && s == SORA_OK) wrong = "it was accepted";
    if (s != SORA_OK && strlen(err_text()) < 10) wrong = "the error says nothing";
    if (strcmp(expect, "ok") == 0 && s != SORA_OK) {
        snprintf(text, 300, "%.290s", err_text());
        wrong = text;
    }
    if (s == SORA_OK && tensors && weights_count(w) != tensors->count)
        wrong = "it has another number of tensors";
    for (size_t i = 0; s == SORA_OK && !wrong && tensors && i < tensors->count; i++)
        wrong = broken_tensor(w, &tensors->item[i], text);
    if (s == SORA_OK) weights_close(w);
    arena_free(a);
    return wrong;
}

#endif
