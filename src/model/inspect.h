/* What a set of weights is, by looking at its tensors. */
#ifndef MODEL_INSPECT_H
#define MODEL_INSPECT_H

#include "model/weights.h"

typedef enum InspectKind {
    INSPECT_UNKNOWN,
    INSPECT_SORA, /* ours: says itself what it is */
    INSPECT_WAN,
    INSPECT_VAE,
    INSPECT_UMT5,
    INSPECT_CLIP,
    INSPECT_LORA,
    INSPECT_KINDS
} InspectKind;

typedef struct Inspect {
    InspectKind kind;
    size_t tensors, numbers;
    size_t by_type[TYPE_COUNT]; /* numbers of each type */
    const char *details;        /* "Wan T2V, width 1536, 30 layers ..."; "" when nothing is known */
    const char *missing;        /* why it could not be used; NULL: nothing is missing */
} Inspect;

const char *inspect_kind_name(InspectKind k); /* "wan", "vae", "lora" ... */

/* Texts live in `a`. */
void inspect(Weights *w, Arena *a, Inspect *out);

#endif
