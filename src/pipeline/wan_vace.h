/* VACE: a video that is kept in part or steers, and reference pictures, as the control channels
 * that its branch reads (Wan2.1 wan/vace.py). */
#ifndef PIPELINE_WAN_VACE_H
#define PIPELINE_WAN_VACE_H

#include "pipeline/wan_condition.h"

/* Encodes `frames` frames of the call's size (what wan_condition.c and wan_vace.c share). */
SoraStatus wan_encode(const WanConditionCall *k, size_t frames, VaeReadFn read, void *self,
                      float *z);

SoraStatus wan_vace_make(const WanConditionCall *k, Arena *a, WanCondition *out);

#endif
