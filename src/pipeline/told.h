/* What a model is told in place of a prompt. */
#ifndef PIPELINE_TOLD_H
#define PIPELINE_TOLD_H

#include "pipeline/camera.h"

typedef struct Told {
    const char *text;
    const char *shown; /* to people: the text in the prompt's own language */
    const char
        *mirrored;     /* the text, of the clip in a mirror (generate.h); NULL: none looks there */
    CameraMove camera; /* what of it the camera does by other means */
} Told;

#endif
