/* What the readers of the kinds of weight files and weights.c know of each other. */
#ifndef MODEL_WEIGHTS_KINDS_H
#define MODEL_WEIGHTS_KINDS_H

#include "model/weights.h"

/* One kind of file. Recognised by its first bytes, not by its name. */
typedef struct WeightsReader {
    const char *kind;
    bool (*fits)(const unsigned char *head, size_t size); /* up to WEIGHTS_HEAD bytes */
    SoraStatus (*read)(const char *path, Weights *w);
} WeightsReader;

enum { WEIGHTS_HEAD = 16 };

/* Tried in this order; safetensors, which has no magic number, is the last. Ended by a row of
 * NULLs (weights.c). */
extern const WeightsReader weights_readers[];

SoraStatus weights_read_safetensors(const char *path, Weights *w);
SoraStatus weights_read_gguf(const char *path, Weights *w); /* gguf.c */
SoraStatus weights_read_pth(const char *path, Weights *w);  /* pth.c */

/* ---- for readers ---- */

Arena *weights_arena(Weights *w);

/* Keeps a mapping until weights_close. After this call it is the set's, also when the reader
 * fails. */
void weights_keep(Weights *w, Slice map);

/* One tensor of the file being read. `name` and x->data must live as long as the set. */
void weights_add(Weights *w, const char *name, const Tensor *x);
void weights_add_metadata(Weights *w, const char *key, const char *value);

/* ---- for what is done to a whole set after it was read (scales, LoRA) ---- */

/* Entry i becomes x. */
void weights_replace(Weights *w, size_t i, const Tensor *x);

/* The file's pages of entry i are not needed any more. */
void weights_forget(Weights *w, size_t i);

/* Takes out every entry i with drop[i]. */
void weights_drop(Weights *w, const bool *drop);

/* After reading: factors that lie beside 8-bit weights become part of them (weights_scale.c). */
SoraStatus weights_join_scales(Weights *w);

/* The place of a name; weights_count when there is none. */
size_t weights_place(const Weights *w, const char *name);

#endif
