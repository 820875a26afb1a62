/* What lora.c (reading names) and lora_merge.c (arithmetic) share. */
#ifndef MODEL_LORA_PARTS_H
#define MODEL_LORA_PARTS_H

#include "model/lora.h"

typedef enum LoraPart {
    LORA_DOWN,
    LORA_UP,
    LORA_ALPHA,
    LORA_DIFF,   /* of the weight */
    LORA_DIFF_B, /* of the bias */
    LORA_DIFF_M, /* of the modulation */
    LORA_HADA_1A,
    LORA_HADA_1B,
    LORA_HADA_2A,
    LORA_HADA_2B,
    LORA_KRON_1,
    LORA_KRON_1A,
    LORA_KRON_1B,
    LORA_KRON_2,
    LORA_KRON_2A,
    LORA_KRON_2B,
    LORA_MAGNITUDE, /* DoRA */
    LORA_PARTS
} LoraPart;

typedef enum LoraKind { LORA_WHOLE, LORA_LOW_RANK, LORA_HADAMARD, LORA_KRONECKER } LoraKind;

/* A change of one tensor of the model. Unused parts are NULL. */
typedef struct LoraDelta {
    size_t place; /* of the tensor, in the model's weights */
    LoraKind kind;
    const Tensor *part[LORA_PARTS]; /* LORA_WHOLE: in part[LORA_DIFF] */
    float factor;
    const char *file, *layer; /* for messages */
} LoraDelta;

/* Sets d->factor and checks that the change has the size of x. `alpha`: NAN where none is given. */
SoraStatus lora_check(LoraDelta *d, const Tensor *x, float strength, float alpha);

/* The type of a merged tensor. */
Type lora_type(const Tensor *x, bool exact);

/* *out, in `a`, is x with `count` changes. */
SoraStatus lora_add(const LoraDelta *d, size_t count, const Tensor *x, const Compute *c, bool exact,
                    Arena *a, Tensor *out);

#endif
