/* Schedules: which noise level every frame has before and after every step.
 * Levels are sigma of flow matching, z = (1 - sigma) x + sigma e: 1 is noise, 0 is clean. */
#ifndef DIFFUSION_SCHEDULE_H
#define DIFFUSION_SCHEDULE_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct Schedule {
    size_t steps, frames;
    double *sigma; /* [steps + 1][frames]; equal in two rows: the frame takes no step there */
    double
        *timestep; /* [steps][frames]: what the network is told, 1000 sigma after the grid's rule */
} Schedule;

/* Grids of shared Wan code and of our own; every one bit for bit as its original computes it. */
typedef enum Grid {
    GRID_LINEAR,          /* 1 -> 0 evenly, then the shift; timesteps not truncated (our models) */
    GRID_UNIPC,           /* Wan2.1 wan/utils/fm_solvers_unipc.py */
    GRID_DPMPP,           /* Wan2.1 wan/utils/fm_solvers.py */
    GRID_DIFFUSERS_UNIPC, /* diffusers UniPCMultistepScheduler(use_flow_sigmas) */
    GRID_DIFFUSERS_EULER, /* diffusers FlowMatchEulerDiscreteScheduler */
    GRID_DISTILL4         /* lightx2v 4-step LoRAs: 1000, 750, 500, 250 */
} Grid;

/* sigma' = shift sigma / (1 + (shift - 1) sigma): the flow shift of SD3 (arXiv 2403.03206). */
double schedule_shift(double sigma, double shift);

/* All frames alike. steps in [1, 1000], shift > 0 and finite, else SORA_E_ARGUMENT. */
SoraStatus schedule_grid(Grid grid, size_t steps, double shift, size_t frames, Arena *a,
                         Schedule *out);

/* Rising noise over a window that rolls along (Rolling Diffusion, arXiv 2402.09470): every frame
 * takes `steps` steps, and each begins a little after the one before it, so that those under way at
 * one time lie within `together` frames of each other. begin[f]: the step at which frame f takes
 * its first; frames with held[f] (NULL: none) take none. Returns how many steps there are in all.
 */
size_t schedule_begin(size_t steps, size_t frames, size_t together, const bool *held,
                      size_t *begin);

/* The highest level of any frame where step `share` of all begins; below 0 and above 1: the ends.
 */
double schedule_level(const Schedule *s, double share);

/* Frame f keeps `sigma` through all steps (0: it is given). */
void schedule_hold(Schedule *s, size_t frame, double sigma);

/* Frame f starts at the first level not above `from` (an edit starts at its strength). */
void schedule_start(Schedule *s, size_t frame, double from);

#endif
