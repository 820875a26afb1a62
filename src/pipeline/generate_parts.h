/* What the files of generation share: a clip on its way. */
#ifndef PIPELINE_GENERATE_PARTS_H
#define PIPELINE_GENERATE_PARTS_H

#include "pipeline/generate.h"

/* How the network looks at the clip: patches where they lie, half a patch aside, or both, of which
 * each counts the more the farther a pixel is from its borders. */
typedef enum Look { LOOK_STRAIGHT, LOOK_ASIDE, LOOK_BOTH } Look;

typedef struct Run {
    const Bundle *b;
    const Compute *c;
    const GenerateOptions *o;
    PatchGrid grid;      /* of the whole clip */
    size_t pixels, per;  /* tokens of a latent frame: of its picture, and with that of motion */
    size_t values;       /* of a token */
    size_t window, past; /* latent frames seen at once; of those, done ones while it rolls */
    DitLayout *layout;   /* of the window */
    /* Levels of every latent frame: the same row of steps, begun at begin[f]. */
    Schedule one;  /* of one frame */
    size_t *begin; /* [grid.frames] */
    bool *held;    /* [grid.frames] given whole, or at no strength: takes no step */
    size_t total;  /* steps of the whole clip */
    /* Where it is: the window's frames are base, base + 1 ... of the clip. */
    size_t step_number, base, emitted;
    float *z, *clean;  /* [window, per, values] */
    uint8_t *given;    /* [window, per, PATCH_FRAMES] */
    struct Run *aside; /* the window half a patch aside, or NULL */
    Look look;         /* in this step; straight if there is no other */
    bool mirror;       /* this step looks at the clip in a mirror */
    Sampler *sampler;
    FILE *frames; /* of the state; NULL: none is kept */
    Arena *a, *step;
} Run;

/* The network under the prompts of one kind. */
typedef struct Prompted {
    const Run *run;
    TextStates text;     /* of all prompts, packed */
    TextStates mirrored; /* in steps that look in a mirror */
    size_t count;        /* later_count + 1, or 1 that holds throughout */
    const bool *skip;    /* [layers] blocks that are left out; NULL: none */
} Prompted;

/* Encodes the prompts; `alone`: this one instead of all. */
SoraStatus generate_prompted(const Run *r, const char *prompt, bool alone, Prompted *out);

/* The velocity of the window's frames: a Denoiser's function. */
SoraStatus generate_predict(void *prompted, const float *z, const double *sigma,
                            const double *timestep, float *v);

/* What is given of a slot of the window, from the condition: clean and given. */
void generate_give(const Run *r, size_t slot);

/* Looking at the clip half a patch aside, what were borders of patches are middles of them; so the
 * two grids leave no trace of themselves (cycle spinning, Coifman and Donoho 1995). generate_aside
 * makes the other window, or none where it cannot be: a latent model,
 * a single row or column, or given pixels that share patches with others. */
void generate_aside(Run *r);
bool generate_can_step_aside(size_t patch, PatchGrid g);
void generate_step_aside(const Run *r, const float *z); /* into r->aside->z */
/* From values of that window back to the straight one's; `both`: mixed with what is there. */
void generate_step_back(const Run *r, float *aside, bool both, float *straight);

/* Is it known what a mirror shows, and is nothing given that would have to be mirrored as well? */
bool generate_can_mirror(const GenerateOptions *o);
/* What a mirror shows of the window (or of velocities of it), in the run's memory of the step. */
float *generate_mirror(const Run *r, const float *z);

/* The layout's size, seed and schedule in place of the clip's; its condition, in `a`. */
void generate_coarse_options(GenerateOptions *o, size_t patch);
SoraStatus generate_coarse_condition(GenerateOptions *o, Arena *a);
/* What the clip of `o` starts from; what is given stays as it is. */
SoraStatus generate_coarse_enlarge(const GenerateOptions *o, const Clip *layout, Arena *a,
                                   Condition *out);

/* Where the window lies when so many frames have left: `past` before the first that is not clean.
 */
size_t generate_window_start(const Run *r);

/* The level of latent frame f before step i. */
double generate_level(const Run *r, size_t f, size_t i);

/* Refuses to go on with a state of another shot, before any work is done; NULL is fine. */
SoraStatus generate_state_check(const GenerateState *s, Arena *a);

/* Begins the files of a state, or opens those that are there: then *resumed, the run is where it
 * was, and the frames that are done have gone into the sink. */
SoraStatus generate_state_open(Run *r, FrameSink sink, bool *resumed);
SoraStatus generate_state_frame(const Run *r, const uint8_t *rgb); /* one that is done */
SoraStatus generate_state_save(const Run *r);
void generate_state_close(Run *r);

/* Frames of the clip that `latents` latent frames stand for. */
size_t generate_frames(const Run *r, size_t latents);

#endif
