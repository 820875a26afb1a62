/* A Wan transformer, opened: its weights, mapped, and the network that reads them. */
#ifndef MODEL_WAN_MODEL_H
#define MODEL_WAN_MODEL_H

#include "model/import/wan.h"

typedef struct WanModel {
    Weights *weights;
    WanFile file;
    Dit *dit;
    Arena *arena;
} WanModel;

/* `path` as weights_open takes it. `change` (may be NULL) is called with the opened set before the
 * network is made: LoRA. */
SoraStatus wan_model_open(const char *path, SoraStatus (*change)(void *self, Weights *w, Arena *a),
                          void *self, WanModel *out);
void wan_model_close(WanModel *m); /* a zeroed or closed one is fine */

/* Tells the system that a block's weights (layer < layers), or those of all blocks, are not needed
 * soon: their pages go, and come back from the file when they are read. */
void wan_model_drop_block(const WanModel *m, size_t layer);
void wan_model_drop(const WanModel *m);

/* Latent channels it makes. */
static inline size_t wan_model_channels(const WanModel *m)
{
    return m->file.config.out_values / 4;
}

#endif
