/* Generation with a Wan model behind the same door as with our own: options and a Condition in, a
 * clip out (pipeline/generate.h dispatches). */
#ifndef PIPELINE_WAN_GENERATE_H
#define PIPELINE_WAN_GENERATE_H

#include "pipeline/generate.h"
#include "pipeline/wan_plan.h"

/* The options that the model's makers use: size, length, rate, steps, guidance, shift, sampler. */
void wan_generate_default(const WanBundle *b, GenerateOptions *o);

/* What somebody wants of a model beside words. */
typedef struct WanAsk {
    bool first, last, middle; /* frames that are given */
    bool mask;                /* parts of frames are kept */
    bool starts;              /* the beginning is a noisy video */
    bool keep, later;         /* layout or motion of it stays; prompts take over */
} WanAsk;

/* SORA_E_ARGUMENT when the family cannot do it, with the models that can. */
SoraStatus wan_generate_check(const WanBundle *b, const WanAsk *ask);

/* The job that options and a condition mean; pictures and video of the condition, as floats, in
 * `a`. SORA_E_ARGUMENT where the family cannot do what the condition asks. */
SoraStatus wan_generate_job(const WanBundle *b, const GenerateOptions *o, Arena *a, WanJob *out);

/* As generate_clip. */
SoraStatus wan_generate_clip(const WanBundle *b, const Compute *c, const GenerateOptions *o,
                             Arena *a, Clip *out);

#endif
