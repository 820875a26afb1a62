/* A clip in the colours that a prompt asks for: what begins at less than full noise keeps the
 * colours it began with, and "make it night" is mostly a matter of them. */
#ifndef PIPELINE_RECOLOUR_H
#define PIPELINE_RECOLOUR_H

#include "pipeline/generate.h"

/* A small clip of the prompt is made, and `clip`, in place, gets its mean and spread of each colour
 * (Reinhard et al. 2001, "Color Transfer between Images", in RGB). Our own models. */
SoraStatus recolour(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                    Clip *clip);

#endif
