/* A shot: from what somebody wants to see to its frames. It is made where the model is at home
 * (plan.h), then brought to the rate and size that were asked for; given frames come back exactly. */
#ifndef PIPELINE_SHOT_H
#define PIPELINE_SHOT_H

#include "pipeline/generate.h"
#include "pipeline/plan.h"

/* `g` has everything but sizes, rate and condition, which the plan and `given` decide. `given`
 * (may be NULL) is of the wanted size, length and rate. The clip is in `a`. */
SoraStatus shot_make(const Bundle *b, const Compute *c, const Plan *plan, const Condition *given,
                     const GenerateOptions *g, Arena *a, Clip *out);

#endif
