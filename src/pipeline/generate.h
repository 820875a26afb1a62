/* Generation: a prompt and a Condition in, a clip out. */
#ifndef PIPELINE_GENERATE_H
#define PIPELINE_GENERATE_H

#include "diffusion/sampler.h"
#include "model/bundle.h"
#include "pipeline/condition.h"
#include "pipeline/keep.h"

/* From this time on the shot follows other words. */
typedef struct GeneratePrompt {
    double from_s;
    const char *text;
} GeneratePrompt;

/* Where a clip that is rolled keeps what it needs to go on after a kill, to the same bytes:
 * PATH.roll (what is under way, written aside and renamed) and PATH.frames (what is done). A Wan
 * model keeps its last finished step in PATH.roll (pipeline/wan_resume.h). */
typedef struct GenerateState {
    const char *path;
    const char *key;     /* one line that says all that decides the bytes; another one's state is
                            refused */
    const char *engine;  /* the part of it that is not in the options */
    const char *comment; /* goes into PATH.roll for the caller */
    bool resume;         /* go on with it; SORA_E_IO when there is nothing to go on with */
} GenerateState;

/* The file names of a state, in `a`. */
const char *generate_state_roll(const char *path, Arena *a);
const char *generate_state_frames(const char *path, Arena *a);

/* Takes frame f of a clip, [height, width, 3], in order; anything but SORA_OK ends the run. */
typedef struct FrameSink {
    SoraStatus (*fn)(void *self, size_t f, const uint8_t *rgb);
    void *self;
} FrameSink;

typedef struct GenerateOptions {
    const char *prompt, *negative; /* UTF-8; negative NULL: "" */
    /* The prompt, as it is of the same clip in a mirror, where left is right. With it half of the
     * steps look at the clip in a mirror: what the network does better to one side than to the
     * other evens out. Not where prompts take over, anything is given, or steps are few. NULL:
     * none do. */
    const char *mirrored;
    uint64_t seed;
    size_t frames, height, width; /* frames are rounded up inside to 4n + 1 and trimmed after */
    double fps;                   /* what the motion is told; not read for one frame */
    size_t steps;
    double cfg_scale;        /* 1: no guidance */
    double cfg_min, cfg_max; /* guidance while sigma is in between */
    double shift;            /* flow shift of the schedule */
    SamplerKind sampler;
    const GeneratePrompt *later; /* [later_count] prompts that take over, in order of time: each
                                    latent frame reads the one of its time */
    size_t later_count;
    size_t window; /* latent frames the network sees at once; a longer clip is rolled through such
                      a window. 0: all of them */
    bool fast;     /* the network is told how large the steps are (shortcut models, arXiv
                      2410.12557): Euler, no shift, steps a power of two up to SHORTCUT_STEPS */
    const GenerateState
        *state; /* NULL: a clip that is rolled, or a Wan model's, and killed is lost */
    const Condition *condition; /* NULL: nothing is given */
    KeepKind keep;              /* of the condition's source, beside what is given */
    bool recolour;              /* shots: the source's colours first become those of the prompt
                                   (recolour.h), where the whole picture changes */
    size_t memory;              /* bytes that may be used, 0: no limit. Wan models then work on
                                   tiles and read their weights again in every step */
    double cache;               /* Wan models: step caching (model/dit_cache.h), 0: none */
    const char *latents_path;   /* Wan models save the finished latent there; NULL: nowhere */
    /* Skip-layer guidance: blocks that are left out, how strongly, in which share of the steps.
     * skip_scale 0: none. */
    const int *skip_layers; /* [skip_layer_count] NULL: the middle one; of Wan models 7, 8, 9 */
    size_t skip_layer_count;
    double skip_scale, skip_start, skip_end;
    const Clip *const *references; /* [reference_count] VACE: one picture each that shall appear */
    size_t reference_count;
    double control_scale; /* VACE: how strongly the given video steers */
    GemmPrecision precision;
    /* Called after every step; anything but SORA_OK stops. `preview` is the clip as it would be if
     * this were the last step (of one that is rolled: the window), valid during the call; made only
     * if `wants_preview`. */
    SoraStatus (*progress)(void *self, size_t step, size_t steps, const Clip *preview);
    void *progress_self;
    bool wants_preview;
} GenerateOptions;

/* Of our own models. */
GenerateOptions generate_options_default(void);

/* Guidance beside given frames (docs/evaluation.md): words and layers pull what is made away from
 * what is given, which says more than either. */
void generate_beside_given(GenerateOptions *o);

/* How many tokens the network sees in a step of `steps`, on average, where `grid` are seen
 * straight; *most: at once. Half a patch aside there are a row and a column more. */
double generate_tokens(const Bundle *b, PatchGrid grid, size_t steps, size_t *most);

/* Clips and pictures of a model that was taught them at half their size too, or has a network for
 * it beside it (Bundle.layout), are laid out there first, where a step costs a quarter: what goes
 * where is decided at most noise, and hardly needs pixels. The layout, enlarged, is then worked out
 * from this much noise. Not long shots, of which all of the layout would have to be held, nor where
 * a mask says what stays, nor what starts from a source with less noise: that has its layout. */
#define GENERATE_HAND_OVER 0.95
bool generate_lays_out(const Bundle *b, const GenerateOptions *o);
/* What lays out for `b`: itself, if nothing else does. */
const Bundle *generate_layouter(const Bundle *b);
/* The side of a layout. */
size_t generate_coarse_side(size_t side, size_t patch);

/* skip[layer] says whether guidance leaves it out: o's layers, or `usual` of them where they exist,
 * else the middle one. NULL when there is to be none. */
SoraStatus generate_skip_layers(const GenerateOptions *o, const int *usual, size_t usual_count,
                                size_t layers, Arena *a, const bool **skip);

/* Was the model trained to take few large steps (`fast`)? */
bool generate_knows_fast(const Bundle *b);

/* What makes a usable clip in few steps: four, large ones for a model that was trained for them, of
 * another one UniPC's with a shift of 3, guided less (docs/decisions.md). False for Wan models,
 * which take few steps with a LoRA that was made for it; then nothing is changed. */
bool generate_go_fast(const Bundle *b, GenerateOptions *o);

/* Frames as they are finished. Of a clip that is rolled no more than the window is in memory. Same
 * options, build and CPU level: same bytes. Working memory from `a`, given back. */
SoraStatus generate_stream(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                           FrameSink sink);

/* The clip, frames x height x width, in `a`, which also lends working memory. Same options, build
 * and CPU level: same bytes. */
SoraStatus generate_clip(const Bundle *b, const Compute *c, const GenerateOptions *o, Arena *a,
                         Clip *out);

#endif
