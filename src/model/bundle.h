/* A model and what it needs, opened: the transformer, its text encoder, and what the file says of
 * both. Weights stay mapped until bundle_close. */
#ifndef MODEL_BUNDLE_H
#define MODEL_BUNDLE_H

#include "model/bundle_wan.h"
#include "model/text_encoder.h"
#include "model/upscale.h"
#include "tensor/safetensors.h"

typedef struct Bundle {
    Safetensors file; /* the transformer's */
    DitConfig config;
    Dit *dit;
    TextEncoder *text;
    Arena *weights;
    const char *path;       /* of the transformer's file */
    Weights *merged;        /* the same file with LoRA merged, or NULL */
    struct Bundle *layout;  /* lays clips out, at half their size, with the same text encoder; NULL:
                               this one does that too */
    const Upscale *upscale; /* the second stage, borrowed; NULL: there is none */
    WanBundle *wan; /* not NULL: a Wan model, opened part by part as it runs; no dit, no text */
} Bundle;

/* `path`: a model file, or a folder that holds model.safetensors. `text_path`: the text encoder's
 * file; NULL: text.safetensors beside the model, else the one in `default_dir` (may be NULL).
 * layout.safetensors beside a model.safetensors is its `layout`; it has to be of the same patch,
 * read the same text and have a step input if it has one. SORA_E_FORMAT when a file is no model of
 * ours, with what it is instead. */
SoraStatus bundle_open(const char *path, const char *text_path, const char *default_dir,
                       const Compute *c, Bundle *out);
/* A Wan model from a folder, or a file and parts named one by one (model/bundle_wan.h). What
 * bundle_open does with what is no model of ours. */
SoraStatus bundle_open_wan(const char *path, const WanParts *given, Bundle *out);

/* layout.safetensors beside `model`, a file or its folder, in `a`; NULL: there is none, or the file
 * is not the folder's model.safetensors. */
const char *bundle_layout_path(const char *model, Arena *a);

/* Merges LoRA files into a model of ours, which then lays out itself, as its `layout` does not know
 * them; layers that it does not have are told. */
SoraStatus bundle_lora(Bundle *b, const LoraSpec *lora, size_t count, const Compute *c,
                       void (*told)(void *self, const char *line), void *self);

void bundle_close(Bundle *b); /* a zeroed or closed one is fine */

/* The ParamLookup of a Safetensors. */
const Tensor *bundle_lookup(void *safetensors, const char *name);

#endif
