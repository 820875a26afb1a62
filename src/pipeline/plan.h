/* The plan of a shot, made before any work is done: what size, length and rate the model makes it
 * at, so that it stays where it was trained, and what that takes. */
#ifndef PIPELINE_PLAN_H
#define PIPELINE_PLAN_H

#include <stdbool.h>

#include "media/sizes.h"
#include "model/bundle.h"
#include "pipeline/camera.h"
#include "pipeline/generate.h"

/* What a model was taught: the sizes in its file ("sora.sizes"). */
typedef struct Native {
    ClipSize size[SIZES_MAX];
    size_t count;
} Native;

/* A file that does not say is taken to know 64x64 pictures and 25 frames of them at 24. */
SoraStatus native_read(const Bundle *b, Native *out);

/* What somebody wants to see. */
typedef struct PlanRequest {
    size_t frames, height, width;
    double fps; /* not read for one frame */
    size_t steps;
    double cfg_scale;
    double skipped; /* share of the steps that skip-layer guidance takes part in */
    size_t memory;  /* bytes that may be used, 0: no limit; Wan models can be made to need less */
    bool streamed;  /* frames leave as they are made */
    bool given;     /* a source is given in part, which a Wan model has to encode */
    CameraMove camera; /* of a clip of which nothing is given */
} PlanRequest;

typedef struct Plan {
    PlanRequest want;
    size_t frames, height, width; /* as the model makes it: for a pan wider than what is shown */
    double fps;                   /* 0: a picture */
    bool retimed, resized;        /* made at another rate or size than shown */
    bool rolled;                  /* longer than its window */
    char parts[200];              /* Wan models: memory of every part, for people */
    size_t window;  /* latent frames at once: longer than the model was trained on, it is rolled */
    size_t tokens;  /* at once */
    size_t bytes;   /* memory at the peak, the model's weights among it */
    double seconds; /* that making it takes on this machine, measured in a few milliseconds */
} Plan;

/* Size, length, rate, steps and guidance of `g`; the rest 0. */
PlanRequest plan_request(const GenerateOptions *g);

/* Any size a clip can have; of the model's kinds of clip the one that comes nearest is used.
 * SORA_E_ARGUMENT names a number that is out of range. */
SoraStatus plan_make(const Bundle *b, const Compute *c, const PlanRequest *want, Plan *out);

#endif
