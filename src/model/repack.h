/* Weights written again: as another kind of file, in other types, with LoRA merged. Tensor by
 * tensor from the mapping, so that memory does not depend on the size of the model; the new file
 * appears whole or not at all. */
#ifndef MODEL_REPACK_H
#define MODEL_REPACK_H

#include "model/lora.h"

typedef struct RepackOptions {
    bool typed; /* matrices become `type`; false: all stay as they are, if the file can hold them */
    Type type;
    const Lora *lora; /* of the same set, or NULL */
    /* NULL, or told how many bytes of the new file are written; anything but 0 stops. */
    int (*progress)(void *self, size_t done, size_t total);
    void *self;
} RepackOptions;

/* What became of it. */
typedef struct RepackReport {
    size_t tensors, changed; /* changed: of another type than before */
    size_t bytes;            /* of the new file */
} RepackReport;

/* `to` ends with .safetensors or .gguf. Vectors and convolutions keep their type, or become f32 in
 * a GGUF; matrices whose rows are not whole blocks get the next type that fits. 8-bit types need
 * .safetensors, block types .gguf: SORA_E_UNSUPPORTED. SORA_E_NUMBER names a matrix with NaN or
 * infinity. SORA_CANCELLED when progress asked for it. */
SoraStatus repack(Weights *w, const char *to, const RepackOptions *o, const Compute *c,
                  RepackReport *report);

#endif
