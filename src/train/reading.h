/* What the reader learns from: clips of the world, roughened as videos from elsewhere are, and the
 * answers that their facts give (model/reader_labels.h). */
#ifndef TRAIN_READING_H
#define TRAIN_READING_H

#include "grad/ops.h"
#include "media/clip.h"
#include "model/reader_labels.h"

/* What happens to pictures on their way, in place, drawn from `seed`: a little blur, a smaller
 * size in between, blocks, noise and other colours, which the reader must see through; or, for one
 * clip in four, so much of it (or parts moved about) that the outlines are no longer whole: then
 * *likeness is 0. `scratch` holds one frame. */
void reading_roughen(Clip *clip, uint64_t seed, uint8_t *scratch, bool *likeness);

/* The mean loss of a batch, scalar: what every question costs, the hard ones (who, where, what is
 * done, how the camera moves) more than the rest. */
Tensor *reading_loss(const Reader *r, Tape *t, const ReaderInput *in, const ReadingLabels *labels);

#endif
