/* Moves of the camera that are made rather than drawn. A small model plans a pan and then forgets
 * what lay beside the picture, from one latent frame to the next; and a shaking hand moves a small
 * picture by less than a pixel (docs/training.md). So the clip is made under a camera that stands
 * still, for a pan wider than it is shown, and what is shown of it moves. */
#ifndef PIPELINE_CAMERA_H
#define PIPELINE_CAMERA_H

#include "media/resize.h"

typedef struct CameraMove {
    double pan;           /* how far the camera goes to the right, in widths of what is shown */
    double shake;         /* how far a hand shakes it, in parts of the shorter side */
    const char *held;     /* the prompt, as of a camera that stands still; NULL: it does */
    const char *mirrored; /* that, of the clip in a mirror; NULL: none looks there */
} CameraMove;

/* The width to make, in whole patches, where `width` of it is to be shown. */
size_t camera_wide(const CameraMove *m, size_t width, size_t patch);

/* What is shown of a made frame, of which `still` is the middle, when `share` of the clip's time
 * has gone by, at `seconds`; the seed says how a hand shakes. Never more than is there. It moves by
 * whole pixels of the `shown` ones across: what stands still then looks the same in every frame. */
ResizeWindow camera_window(const CameraMove *m, uint64_t seed, double share, double seconds,
                           ResizeWindow still, size_t shown);

#endif
