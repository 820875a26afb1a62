/* What the reader learns from: clips of the world, roughened as videos from elsewhere are, and the
 * answers that their facts give. */
#ifndef TRAIN_READING_H
#define TRAIN_READING_H

#include "grad/ops.h"
#include "media/clip.h"
#include "model/reader.h"
#include "words/caption.h"

/* One clip's answers. An answer of weight 0 is not asked for: it cannot be seen, or has no one
 * right answer. */
typedef struct ReadingLabels {
    uint32_t answer[READ_HEADS];
    float weight[READ_HEADS];
    uint32_t actors[FACTS_ACTORS_MAX]; /* in the clip */
    bool seen[FACTS_ACTORS_MAX];       /* false: there, but not to be seen: not asked for */
    size_t actor_count;
} ReadingLabels;

/* Answers that `view` says can be seen. Likeness is 1 until reading_roughen spoils the clip. */
void reading_labels(const Facts *facts, const CaptionView *view, ReadingLabels *out);

/* What happens to pictures on their way, in place, drawn from `seed`: a little blur, a smaller
 * size in between, blocks, noise and other colours, which the reader must see through; or, for one
 * clip in four, so much of it (or parts moved about) that the outlines are no longer whole: then
 * *likeness is 0. `scratch` holds one frame. */
void reading_roughen(Clip *clip, uint64_t seed, uint8_t *scratch, bool *likeness);

/* The mean loss of a batch, scalar: what every question costs, the hard ones (who, where, what is
 * done, how the camera moves) more than the rest. */
Tensor *reading_loss(const Reader *r, Tape *t, const ReaderInput *in, const ReadingLabels *labels);

#endif
