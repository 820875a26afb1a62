/* LoRA and its kin: small files of changes to the weights of a transformer, merged into them as
 * they are opened: W' = W + strength (alpha / rank) up down. Names of kohya / musubi, PEFT /
 * diffusers, ComfyUI and lightx2v, whole differences (.diff), and LyCORIS' LoHa and LoKr
 * (KohakuBlueleaf/LyCORIS; kohya-ss/musubi-tuner networks; diffusers lora_conversion_utils). */
#ifndef MODEL_LORA_H
#define MODEL_LORA_H

#include "model/weights.h"
#include "tensor/compute.h"

typedef struct LoraSpec {
    const char *path;
    float strength;
    bool second; /* for the second of two experts: keys of "transformer_2." where there are any */
} LoraSpec;

/* "file" (strength 1) or "file:0.8". SORA_E_ARGUMENT: the strength is no number. */
SoraStatus lora_parse(const char *text, Arena *a, LoraSpec *out);

/* Is this a LoRA, or one of its kin (by its names)? */
bool lora_fits(const Weights *w);

typedef struct LoraReport {
    size_t changed;              /* tensors of the model */
    size_t unmatched;            /* layers of the files that the model does not have */
    const char **unmatched_name; /* in the arena of the weights */
} LoraReport;

/* The same one tensor at a time, for whoever writes them away: what the files change of an opened
 * set `w`, which must outlive the result. lora_close also after the arena of w is gone. */
typedef struct Lora Lora;
SoraStatus lora_open(const LoraSpec *lora, size_t count, Weights *w, Lora **out,
                     LoraReport *report);
void lora_close(Lora *l); /* NULL is fine */
/* What merging holds in memory (unless `exact`), and the file's bytes that it replaces. */
void lora_bytes(const Lora *l, size_t *held, size_t *replaced);
bool lora_changes(const Lora *l, size_t place); /* NULL: nothing */
/* Entry `place` of the set with all changes, in `a`: f32, or bf16 for matrices that are not f32 in
 * the file, unless `exact`. */
SoraStatus lora_merged(const Lora *l, size_t place, const Compute *c, bool exact, Arena *a,
                       Tensor *out);

/* Merges files into an opened set, before its tensors are handed out. Changed matrices are held in
 * memory, as f32 where the file has f32 (or `exact`), else as bf16; the mapping's pages of what
 * they replace are let go. SORA_E_FORMAT: a file for a model of another size, or with nothing for
 * this one, or itself in disorder; `w` is then half merged and of no use. */
SoraStatus lora_merge(const LoraSpec *lora, size_t count, const Compute *c, bool exact, Weights *w,
                      LoraReport *report);

#endif
