/* Shortcut targets (arXiv 2410.12557): the network learns that one step of size 2d goes where two
 * steps of size d go, so that a few large steps do what many small ones did. */
#ifndef TRAIN_SHORTCUT_H
#define TRAIN_SHORTCUT_H

#include "train/batch.h"

/* Replaces the targets of the batch's shortcut sequences, whose steps are of size 2d = 2^k /
 * SHORTCUT_STEPS. Equation 5 there, in velocities v = (x - z) / max(1 - t, 0.05):
 *     v1 = v(z, t, d), z' = z + d v1, v2 = v(z', t + d, d), target (v1 + v2) / 2,
 * written back as the clean patch that this velocity points to. The network is `dit` as it is,
 * without gradients. `text` is the batch's. Memory from `a`, given back. */
void shortcut_targets(const Dit *dit, const Compute *c, const TextStates *text, Arena *a, Batch *b);

#endif
