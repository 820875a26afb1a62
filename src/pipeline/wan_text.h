/* Prompts as a Wan transformer reads them. */
#ifndef PIPELINE_WAN_TEXT_H
#define PIPELINE_WAN_TEXT_H

#include "model/bundle_wan.h"

/* The negative prompt that the original uses where none is given (Wan2.1
 * wan/configs/shared_config.py; I2V and FLF2V prefix theirs). */
const char *wan_text_negative(WanFamily f);

/* Cleans, cuts into pieces (at most 512 with the end) and encodes `count` prompts: states[i] is
 * [pieces, width] f32 in `a`. The encoder is opened for this and closed again. `cut`: how many
 * prompts were too long. SORA_E_NUMBER when a state is not finite. */
SoraStatus wan_text_encode(const WanBundle *b, const Compute *c, GemmPrecision precision,
                           const char *const *prompt, size_t count, Arena *a, Tensor **states,
                           size_t *cut);

#endif
