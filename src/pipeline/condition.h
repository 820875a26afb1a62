/* What is given of a clip, where, and how clean: the one mechanism behind every verb. A still is
 * one given frame, an extension given frames on one side, an edit a start at less than full
 * noise, a mask a choice per pixel. */
#ifndef PIPELINE_CONDITION_H
#define PIPELINE_CONDITION_H

#include <stdbool.h>

#include "media/clip.h"
#include "model/patch.h"

typedef struct Condition {
    const Clip *source; /* frames, height, width of the clip to be made; NULL: nothing is given */
    const uint8_t *const *frame; /* NULL, or [source->frames] pixels of each frame that there is, so
                                    that a long clip need not be held for the sake of a few; the
                                    source then has a size but no pixels, and mask is not used */
    const uint8_t *given;        /* [frames] 1: this frame of the source is kept */
    const uint8_t *mask;  /* [frames, height, width] 0: kept, else: to be made; NULL: all of it.
                             Patches that are kept whole are given to the network */
    double strength;      /* of what is not given: 1 starts from noise alone, 0.6 from a source
                             that is mostly noise (SDEdit, arXiv 2108.01073) */
    const uint8_t *guess; /* [frames] 1: the source's frame is near enough to start from as
                             `strength` says; the others start from noise. NULL: all that there
                             are */
} Condition;

/* Pixels of frame f; NULL when it is not there to look at. */
const uint8_t *condition_frame(const Condition *c, size_t f);

/* SORA_E_ARGUMENT when what is given is not of the clip's size. NULL gives nothing. */
SoraStatus condition_check(const Condition *c, size_t frames, size_t height, size_t width);

/* How noisy latent frame f is at first, 0 to 1: the strength where all four of its frames are given
 * or something to start from. */
double condition_start(const Condition *c, size_t f);

/* Is every token of latent frame f wholly given? */
bool condition_holds(const Condition *c, size_t patch, size_t f);

/* Latent frame f in the shape of the network's input: clean [tokens, values] of the source, zeros
 * where it has none, and given [tokens, PATCH_FRAMES]. */
void condition_latent(const Condition *c, PatchGrid grid, size_t patch, size_t f, float *clean,
                      uint8_t *given);

/* The token of motion of latent frame f (model/motion.h): clean [values] and given [PATCH_FRAMES],
 * where the two frames that tell it are given whole; where there are frames to start from they tell
 * it too. Working memory from `a`, given back. */
void condition_motion(const Condition *c, size_t patch, size_t f, double fps, Arena *a,
                      float *clean, uint8_t *given);

/* Puts the given pixels of the source back into frame f, exactly. */
void condition_restore(const Condition *c, size_t f, uint8_t *rgb);

#endif
