/* A shot: from what somebody wants to see to its frames. It is made where the model is at home
 * (plan.h), then brought to the rate and size that were asked for; given frames come back exactly.
 */
#ifndef PIPELINE_SHOT_H
#define PIPELINE_SHOT_H

#include "pipeline/generate.h"
#include "pipeline/plan.h"

/* `g` has everything but sizes, rate and condition, which the plan and `given` decide. `given`
 * (may be NULL) is of the wanted size, length and rate. The wanted frames go to the sink as they
 * are finished; one at a time is in memory. Working memory from `a`, given back. */
SoraStatus shot_stream(const Bundle *b, const Compute *c, const Plan *plan, const Condition *given,
                       const GenerateOptions *g, Arena *a, FrameSink sink);

/* The same as a clip in `a`, without its last `drop` frames. */
SoraStatus shot_make(const Bundle *b, const Compute *c, const Plan *plan, const Condition *given,
                     const GenerateOptions *g, size_t drop, Arena *a, Clip *out);

#endif
