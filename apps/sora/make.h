/* What all commands that make video share: the options of sampling, model and output, the plan
 * that is shown, the progress, and how the result is written with its notes. */
#ifndef SORA_MAKE_H
#define SORA_MAKE_H

#include "base/json.h"
#include "cli.h"
#include "options.h"

enum { MAKE_OPTIONS = 60, MAKE_NOTES_MAX = 1 << 20, MAKE_CLIPS = OPTION_LIST_MAX + 8 };

typedef struct Make {
    Cli *cli;
    Arena *arena;
    const char *output, *format, *preview, *negative, *model, *text_encoder;
    OptionList lora;
    bool yes, no_metadata;
    int64_t seed, steps, quality; /* seed -1: one is drawn */
    double cfg_scale, shift;
    int sampler; /* SoraSampler */
    int precision;
    uint64_t memory;
    const char *vae, *clip_image, *high_noise, *latents; /* make_wan.c */
    const char *image, *last_image;                      /* make_given.c */
    OptionList at, at_files;                             /* the second: those that name files */
    SoraClip *own[MAKE_CLIPS];                           /* what the shot's parts are parts of */
    size_t own_count;
    SoraPart *part;
    size_t part_count, part_room;
    SoraPrompt later[OPTION_LIST_MAX];
    size_t later_count;
    const char *colour_of; /* a video whose colour tags the result has; NULL: the standard's */
    SoraSound sound[OPTION_LIST_MAX];
    size_t sound_count;
    OptionList skip_layers, references; /* the second is make_wan.c's */
    const SoraClip *reference[OPTION_LIST_MAX];
    int skip_layer[OPTION_LIST_MAX];
    double cache, cfg_min, cfg_max, skip_scale, skip_start, skip_end, control_scale;
    bool fast, resume, verbatim;
    bool cfg_min_given, cfg_max_given, skip_given, skip_start_given, skip_end_given;
    bool steps_given, cfg_given, sampler_given, shift_given; /* said on the command line */
    SoraEngine *engine;
    double previewed_s;
} Make;

extern const char *const make_samplers[]; /* names of SoraSampler, NULL at the end */

/* Defaults, and the shared options, at most MAKE_OPTIONS, into `table`; returns their end. */
void make_init(Make *m, Cli *cli, Arena *a);
Option *make_options(Make *m, Option *table);

/* Those of Wan models (make_wan.c), which make_options puts at the end of its own. */
Option *make_wan_options(Make *m, Option *table);
void make_wan_engine(const Make *m, SoraEngineOptions *o);
SoraStatus make_wan_shot(Make *m, SoraShot *shot);

/* --image, --last-image and --at (make_given.c): what they give becomes parts of the shot, whose
 * shape follows the first picture unless `sized`, and prompts that take over. Free when the shot is
 * made. */
Option *make_given_options(Make *m, Option *table);
SoraStatus make_given(Make *m, bool sized, SoraShot *shot);
void make_given_free(Make *m);

/* One more part of the shot. */
SoraStatus make_add_part(Make *m, SoraPart part);

/* The clip is freed by make_given_free; refused when there are too many. */
SoraStatus make_own(Make *m, SoraClip *clip);

/* The result has this stretch of a file's sound, if the file has any. */
void make_sound(Make *m, const char *path, double from_s, double length_s, double at_s);

/* The clip in another size; says so. Owned. */
SoraStatus make_fitted(Make *m, const char *name, SoraClip *clip, int height, int width,
                       SoraClip **out);

/* SORA_E_ARGUMENT when the output would be written over this input. */
SoraStatus make_check_input(const Make *m, const char *path);

/* Before any work: refuses a result whose file, or what comes beside it, would be written over
 * unasked. */
SoraStatus make_check_output(const Make *m, const char *path);

/* Opens the model; refuses a preview that would be written over something. */
SoraStatus make_open(Make *m);

/* Says what the model was never shown of what a prompt asks for, what it has hardly learned, where
 * it stops reading, and what it is told. The video is made all the same. *before: what it was told
 * until then, or NULL; what it is told now takes its place. */
SoraStatus make_tell_prompt(Make *m, const char *prompt, const char **before);

/* A shot with everything the shared options say; the seed is drawn if there is none yet. */
SoraStatus make_shot(Make *m, SoraShot *out);

/* Guidance of a shot that has parts, where the command line does not say. */
void make_beside_given(const Make *m, SoraShot *s);

/* Says how the shot will be made, and refuses what does not fit with the file that is written;
 * checks that `path` can be written. */
SoraStatus make_plan(Make *m, SoraShot *shot, const char *path);

/* Makes the shot into `path`, with progress, previews and Ctrl-C, and with notes for `sora info`
 * and
 * --like; then says where it is. `notes` is an open JSON object (make_notes) to which the command
 * has added what is its own. */
SoraStatus make_file(Make *m, SoraShot *shot, const char *what, JsonWriter *notes,
                     const char *path);

/* The beginning of the notes (make_notes.c): who made it, and the shot's settings. */
JsonWriter make_notes(const Make *m, const SoraShot *shot);

/* Where number `i` of `count` results goes: out.mp4, or out-1.mp4, out-2.mp4 ... */
const char *make_path(const Make *m, size_t i, size_t count);

#endif
