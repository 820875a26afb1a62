/* sora.h: the public interface of libsora. Videos from words, on the CPU.
 *
 *     SoraEngineOptions engine_options;
 *     sora_engine_options_init(&engine_options);
 *     engine_options.model = "models/default";
 *     SoraEngine *engine;
 *     if (sora_engine_open(&engine_options, &engine) != SORA_OK) puts(sora_error());
 *
 *     SoraShot shot;
 *     sora_shot_init(&shot);
 *     shot.prompt = "a penguin dances on the beach";
 *     SoraClip *clip;
 *     if (sora_generate(engine, &shot, &clip) == SORA_OK) sora_clip_write(clip, "out.mp4", NULL);
 *
 * Threads: an engine serves one thread at a time and uses a pool of its own; two engines share
 * nothing and may work at the same time. A clip is plain data. sora_error is per thread. The
 * library never prints, never exits, catches no signals, and keeps no state outside engines.
 *
 * Versions: option structs begin with their size, which their init function stamps, so a program
 * built against an older header keeps working with a newer library. Fields are only added. */
#ifndef SORA_H
#define SORA_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SORA_API __attribute__((visibility("default")))
#else
#define SORA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success, every error is negative. The sentence that goes with it: sora_error(). */
typedef enum SoraStatus {
    SORA_OK = 0,
    SORA_E_ARGUMENT = -1,    /* the caller asked for something that has no meaning */
    SORA_E_IO = -2,          /* the operating system refused: missing file, full disk */
    SORA_E_FORMAT = -3,      /* foreign bytes are not what they claim to be */
    SORA_E_MEMORY = -4,      /* does not fit in memory, or in the limit that was set */
    SORA_E_UNSUPPORTED = -5, /* well-formed, but not something this build can do */
    SORA_E_NUMBER = -6,      /* NaN or infinity where a number was needed */
    SORA_CANCELLED = -7      /* the caller's callback asked to stop; not an error */
} SoraStatus;

/* "0.1.0" */
SORA_API const char *sora_version(void);

/* The sentence of the last error on this thread: what, where, what was found and expected. "" when
 * there was none. Valid until the next call on this thread. */
SORA_API const char *sora_error(void);

/* ---- clips: frames of 8-bit sRGB; an image is a clip of one frame ---- */

typedef struct SoraClip SoraClip;

/* A new clip, black. `fps` 0: an image, or it does not matter. */
SORA_API SoraStatus sora_clip_new(int frames, int height, int width, double fps, SoraClip **out);
SORA_API void sora_clip_free(SoraClip *clip); /* NULL is fine */

/* What reading its file changed: "it was stored on its side and is turned upright"; the i-th such
 * sentence, NULL when there are no more. */
SORA_API const char *sora_clip_note(const SoraClip *clip, int i);

SORA_API int sora_clip_frames(const SoraClip *clip);
SORA_API int sora_clip_height(const SoraClip *clip);
SORA_API int sora_clip_width(const SoraClip *clip);
SORA_API double sora_clip_fps(const SoraClip *clip);

/* Frame f as [height, width, 3], rows without gaps; yours to read and write as long as the clip
 * lives. NULL when there is no such frame. */
SORA_API uint8_t *sora_clip_pixels(const SoraClip *clip, int f);

/* A copy of another size: scaled so that it fills it, the middle kept. */
SORA_API SoraStatus sora_clip_fit(const SoraClip *clip, int height, int width, SoraClip **out);

typedef struct SoraLabel {
    size_t size;      /* stamped by init */
    const char *text; /* one line, UTF-8 */
    int x, y;         /* left end of the base line */
    int width;      /* 0, or the text is centred in so many pixels and made smaller until it fits */
    int letters;    /* size in pixels: 16 */
    uint8_t rgb[3]; /* black */
} SoraLabel;

SORA_API void sora_label_init(SoraLabel *label);

/* Writes into frame `f`, in the font file `font`, or NULL: one with Latin and Chinese that the
 * system has. SORA_E_FORMAT names a character the font lacks, and nothing of that label is drawn;
 * SORA_E_IO says which package brings a font; SORA_E_UNSUPPORTED in a build without FreeType. */
SORA_API SoraStatus sora_clip_label(SoraClip *clip, int f, const SoraLabel *labels, size_t count,
                                    const char *font);

/* ---- files; SORA_E_UNSUPPORTED in a build without FFmpeg's libraries and libwebp ---- */

/* The whole of a video or picture: MP4, WebM, GIF, WebP, PNG, JPEG ... `fps` 0: the file's own
 * rate. `frames_max` 0: all. */
SORA_API SoraStatus sora_clip_read(const char *path, double fps, int frames_max, SoraClip **out);

/* A stretch of another file's sound, copied without being decoded. */
typedef struct SoraSound {
    const char *path; /* a file without sound is skipped */
    double from_s;    /* where the stretch begins, after the file's first picture */
    double length_s;  /* 0: to the end */
    double at_s;      /* where it begins in the new file; stretches are in order of time */
} SoraSound;

typedef struct SoraWriteOptions {
    size_t size;            /* stamped by init */
    int overwrite;          /* 1: replace an existing file; 0: that is an error */
    int quality;            /* 0: standard; 1 (small) to 100 (best) */
    const char *comment;    /* metadata, UTF-8; NULL: none */
    const char *format;     /* NULL: by the path's ending; "mp4" ... : of the path "-", a pipe */
    int full_colour;        /* 1: MP4 in 4:4:4, for training data; fewer players show it */
    const char *colour_of;  /* NULL, or a video whose colour tags an MP4 or WebM gets */
    const SoraSound *sound; /* [sound_count], of an MP4 or WebM */
    size_t sound_count;
    /* NULL, or called on the calling thread with what is left out. */
    void (*log)(void *self, const char *line);
    void *log_self;
} SoraWriteOptions;

SORA_API void sora_write_options_init(SoraWriteOptions *o);

/* By the ending of `path`: .mp4 .webm .gif .webp .y4m, .png (an image or a contact sheet), or a
 * folder/ of pictures. The file appears whole or not at all. `o` may be NULL. */
SORA_API SoraStatus sora_clip_write(const SoraClip *clip, const char *path,
                                    const SoraWriteOptions *o);

/* Would a clip of this size be written there? The same errors, before work is spent on it; leaves
 * nothing behind. */
SORA_API SoraStatus sora_clip_write_check(const char *path, int height, int width, double fps,
                                          const SoraWriteOptions *o);

/* About so much memory is taken while such a clip is written there, besides the clip. */
SORA_API uint64_t sora_clip_write_bytes(const char *path, int frames, int height, int width,
                                        const SoraWriteOptions *o);

/* The comment that a file's metadata carry, as write put it there, into `out` (a zero byte
 * included); SORA_E_FORMAT when it has none or it does not fit. */
SORA_API SoraStatus sora_comment_read(const char *path, char *out, size_t room);

/* ---- engines: a model, ready to work ---- */

typedef struct SoraEngine SoraEngine;

typedef struct SoraEngineOptions {
    size_t size;              /* stamped by init */
    const char *model;        /* a model file, or a folder with model.safetensors; beside that one
                                 layout.safetensors lays clips out, upscale.safetensors enlarges
                                 them */
    const char *text_encoder; /* NULL: text.safetensors beside the model, else in `home` */
    const char *home;         /* NULL, or a folder with the shipped text.safetensors */
    /* Wan models: parts that are not in the folder `model`, or win over those there; NULL: what
     * the folder holds. */
    const char *vae, *clip_image, *high_noise;
    int threads;     /* 0: all processors this process may use */
    const char *cpu; /* NULL: $SORA_CPU, else the best this machine has */
    /* NULL, or called on the calling thread with a line worth knowing; not errors. */
    void (*log)(void *self, const char *line);
    void *log_self;
    const char *const *lora; /* [lora_count] "file" or "file:0.8" */
    size_t lora_count;
    /* Of the operands of products: "bf16" (NULL: the same), "f32", or "int8": as bf16, but products
     * with 8-bit weights (Q8_0, int8) in whole numbers where the processor is faster so. */
    const char *precision;
} SoraEngineOptions;

SORA_API void sora_engine_options_init(SoraEngineOptions *o);
SORA_API SoraStatus sora_engine_open(const SoraEngineOptions *o, SoraEngine **out);
SORA_API void sora_engine_close(SoraEngine *engine); /* NULL is fine */

/* What decides the bytes beside the shot: library, instructions, model. "sora 0.1.0 avx2 1f2e3d.."
 * Lives as long as the engine. */
SORA_API const char *sora_engine_id(const SoraEngine *engine);

/* The SDE draws part of the noise anew in every step. */
typedef enum SoraSampler { SORA_EULER, SORA_DPMPP_2M, SORA_UNIPC, SORA_DPMPP_2M_SDE } SoraSampler;

/* From this time on the shot follows other words. */
typedef struct SoraPrompt {
    double from_s;
    const char *text; /* UTF-8 */
} SoraPrompt;

/* Frames [first, first + count) of a clip of the shot's size are its frames from `at` on, kept as
 * they are. */
typedef struct SoraPart {
    const SoraClip *clip;
    int first, count, at;
} SoraPart;

/* What an edit leaves in place: large shapes and their colours, or only how they move. */
enum { SORA_KEEP_LAYOUT = 1, SORA_KEEP_MOTION = 2 };

/* What to make. Every field has a default from init; same shot, build and CPU level: same bytes,
 * on any number of threads. Any size, length and rate can be asked for: the model makes the shot
 * as it was trained, and the library brings it to what was asked (sora_plan tells). */
typedef struct SoraShot {
    size_t size;                   /* stamped by init */
    const char *prompt, *negative; /* UTF-8, English or Chinese */
    uint64_t seed;
    int frames, height, width;
    double fps;
    int steps;
    double cfg_scale; /* how strictly the prompt is followed; 1: no guidance */
    double shift;     /* more than 1 spends more steps on the large shapes */
    SoraSampler sampler;
    const SoraClip *source; /* NULL, or a clip of the shot's own size that is given in part: */
    const uint8_t *given;   /* [frames] 1: this frame of the source is kept as it is */
    const uint8_t *mask;    /* [frames, height, width] 0: this pixel of the source is kept; NULL:
                               all that is not given is made */
    double strength;        /* 1: the rest starts from noise; less: from the noisy source */
    uint64_t memory;        /* bytes it may take; 0: what the machine has */
    double cache;        /* Wan: steps whose first block changes by less than this share are taken
                            from the one before, 0: none; 0.05 to 0.3 */
    const char *latents; /* Wan: the finished latent is saved there before it is decoded */
    /* NULL, or called after every step. Anything but 0 stops: sora_generate then returns
     * SORA_CANCELLED. `preview` is the clip as far as it is known and as the model makes it, NULL
     * unless wants_preview. */
    int (*progress)(void *self, int step, int steps, const SoraClip *preview);
    void *progress_self;
    int wants_preview;
    const SoraPrompt *later; /* [later_count] prompts that take over, in order of time */
    size_t later_count;
    const SoraPart *part; /* [part_count] frames that are given, instead of `source` and `given`:
                             only they are held in memory */
    size_t part_count;
    int drop; /* so many frames at the end are made but not shown: where a loop comes
                 back to its beginning */
    int keep; /* of `source`, beside what is given: 0 nothing, SORA_KEEP_LAYOUT or
                 SORA_KEEP_MOTION */
    int fast; /* 1: a few large steps, 1, 2, 4 ... of a model trained for it, else an error;
                 sampler and shift are then not used. sora_shot_fast sets what suits a model */
    /* NULL, or asked now and then in the middle of a step too, on the calling thread. Anything but
     * 0 stops within a moment; what is lost is the step. Not to call the engine. */
    int (*stop)(void *self);
    void *stop_self;
    double cfg_min, cfg_max; /* guidance while the noise level (1 to 0) is in between */
    /* Skip-layer guidance, away from what the model makes without some of its layers. */
    const int *skip_layers; /* [skip_layer_count] counted from 0; NULL: the middle one, of Wan
                               models 7, 8, 9 */
    size_t skip_layer_count;
    double skip_scale;           /* 0: none, as usual with Wan models; 3 with our own */
    double skip_start, skip_end; /* in this share of the steps: 0 to 0.9, Wan: 0.01 to 0.2 */
    /* Wan VACE: pictures of things that shall appear, the first frame of each clip. */
    const SoraClip *const *references; /* [reference_count] */
    size_t reference_count;
    double control_scale; /* Wan VACE: how strongly what is given steers, 1 */
    int verbatim;         /* 1: the model is given the prompts as they are, else as it is told them
                             (SoraPromptCheck), and pans and shaking hands move what is shown */
    int recolour;     /* 1: the source first gets the colours of what the prompt asks for, where the
                         whole picture changes: another hour, another weather, another place */
    uint64_t besides; /* bytes that are taken meanwhile by others, as sora_clip_write_bytes says of
                         a file; the plan counts them */
} SoraShot;

/* How a shot will be made, known before any work is done. */
typedef struct SoraPlan {
    size_t size;               /* stamped by sora_plan */
    int frames, height, width; /* as the model makes it: for a pan wider than what is shown */
    double fps;                /* 0: a picture */
    int tokens;
    uint64_t bytes;  /* memory of the process at the peak */
    double seconds;  /* about, on this machine */
    int retimed;     /* 1: made at another rate, frames between are found by what moves */
    int resized;     /* 1: made at another size and scaled */
    int rolled;      /* 1: longer than the model makes at once */
    char parts[200]; /* Wan: "needs 9.8 GB: text 0 (freed), transformer 2.9 ..."; else "" */
} SoraPlan;

SORA_API void sora_shot_init(SoraShot *shot);

/* The same with what the engine's model is used with by those who made it: size, length, rate,
 * steps, guidance, shift and sampler. */
SORA_API void sora_shot_init_for(const SoraEngine *engine, SoraShot *shot);

/* SORA_E_MEMORY when it does not fit, SORA_E_ARGUMENT for what has no meaning. */
/* What the engine's model makes of a prompt, before it is used. A model that does not say what it
 * was taught (Wan's) knows all. */
enum { SORA_UNKNOWN_MAX = 8, SORA_WORD_SIZE = 64, SORA_TOLD_SIZE = 2048 };
typedef struct SoraPromptCheck {
    size_t size;          /* stamped by sora_prompt_check */
    const char *language; /* of the prompt: "en", "zh", "zh-Hant" */
    size_t read;          /* bytes of the prompt that are read; less than all: it is too long */
    int unknowns;         /* words that the model was never shown; 0 of one with a LoRA */
    char unknown[SORA_UNKNOWN_MAX][SORA_WORD_SIZE]; /* as the prompt has them */
    char nearest[SORA_UNKNOWN_MAX][SORA_WORD_SIZE]; /* a word it knows, in the prompt's language;
                                                       "": none is near (deeds, colours) */
    int weaks; /* words that it was taught and has hardly learned */
    /* Actors as the prompt has them; scenes, cameras, doings ... by their usual names. */
    char weak[SORA_UNKNOWN_MAX][SORA_WORD_SIZE];
    double weak_share[SORA_UNKNOWN_MAX]; /* how often they come out right, less than 0.8: found by
                                            sora_eval, which leaves a table beside the model */
    /* What the model is told: what is understood of the prompt, in the words and the order of the
     * captions it was trained on, and the nearest in place of things it was never shown; in the
     * prompt's language, where the model itself may be told in English. "": the prompt as it is, of
     * which no actor is understood, or whose model was trained on others. */
    char told[SORA_TOLD_SIZE];
} SoraPromptCheck;
SORA_API SoraStatus sora_prompt_check(SoraEngine *engine, const char *prompt, SoraPromptCheck *out);
/* The same of a prompt that takes over from `before`, what the model was told until then: "it
 * starts to rain" is told of whoever was there. */
SORA_API SoraStatus sora_prompt_check_after(SoraEngine *engine, const char *before,
                                            const char *prompt, SoraPromptCheck *out);

SORA_API SoraStatus sora_plan(SoraEngine *engine, const SoraShot *shot, SoraPlan *out);
SORA_API SoraStatus sora_generate(SoraEngine *engine, const SoraShot *shot, SoraClip **out);

/* The same into a file, as sora_clip_write would write it; frames are written as they are finished,
 * so memory does not grow with the length of a shot that is rolled. Such a shot keeps what it needs
 * to go on after a kill in PATH.roll and PATH.frames until the file is complete, and so does one of
 * a Wan model after every step; `resume` 1 goes on, to the same bytes, and needs the same shot and
 * options. */
SORA_API SoraStatus sora_generate_file(SoraEngine *engine, const SoraShot *shot, const char *path,
                                       const SoraWriteOptions *o, int resume);

/* The comment (SoraWriteOptions) of the shot that can be gone on with at `path`, into `out`;
 * SORA_E_IO when there is none. */
SORA_API SoraStatus sora_resume_comment(const char *path, char *out, size_t room);

/* Sets guidance to what suits a shot of which frames are given: guidance pulls what is made away
 * from them. Nothing changes for Wan models, whose guidance is their makers'. */
SORA_API void sora_shot_for_given(const SoraEngine *engine, SoraShot *shot);

/* Sets steps, sampler, shift, cfg_scale and `fast` to what makes a usable clip in few steps: four,
 * large ones where the model was trained for them (arXiv 2410.12557). SORA_E_UNSUPPORTED for Wan
 * models, which take few steps with a LoRA that was made for it. */
SORA_API SoraStatus sora_shot_fast(const SoraEngine *engine, SoraShot *shot);

/* What SoraShot.latents saved, to a clip. `vae`: the autoencoder's file, or a folder of a model
 * that has one. Threads as in SoraEngineOptions. */
SORA_API SoraStatus sora_decode(const char *latents, const char *vae, int threads, SoraClip **out);

/* ---- the world: endless clips with captions that are true ---- */

typedef struct SoraWorld SoraWorld;

/* `cast`: the file that scripts/fetch-data makes; NULL: .cache/cast.bin. A world does not change;
 * any number of threads may make clips of one at the same time. */
SORA_API SoraStatus sora_world_open(const char *cast, SoraWorld **out);
SORA_API void sora_world_close(SoraWorld *world); /* NULL is fine */

/* Every actor, prop, scene, action, relation, size, camera, hour and weather with its words in
 * English and Chinese, as JSON. Lives as long as the world. */
SORA_API const char *sora_world_list(const SoraWorld *world);

typedef struct SoraWorldShot {
    size_t size;       /* stamped by init */
    const char *split; /* of what is drawn: "train", "pairs" (held-out pairs), "test" */
    uint64_t seed;
    int frames, height, width; /* 1 frame: an image; to 1000 frames, sides 16 to 4096 */
    double fps;
    int actors_max;     /* of what is drawn: 1 to 3; 0: as it comes */
    const char *prompt; /* NULL: drawn by lot; else shown as it says, English or Chinese */
} SoraWorldShot;

/* Same cast, shot and build: same bytes. The texts live as long as the clip. */
typedef struct SoraWorldClip {
    size_t size;         /* stamped by sora_world_make */
    SoraClip *clip;      /* yours to free, with the texts */
    const char *caption; /* one, chosen as training chooses; the rest is in `state` */
    const char *state;   /* JSON: facts, captions, and what is where in every frame */
    const char *unknown; /* words of the prompt that could not be used: "submarine, red"; or "" */
} SoraWorldClip;

SORA_API void sora_world_shot_init(SoraWorldShot *shot);

/* SORA_E_ARGUMENT for a prompt that names no actor; the sentence names the words that are not
 * known. */
SORA_API SoraStatus sora_world_make(const SoraWorld *world, const SoraWorldShot *shot,
                                    SoraWorldClip *out);
/* ---- the reader: what a clip shows ---- */

typedef struct SoraReader SoraReader;

typedef struct SoraReaderOptions {
    size_t size;      /* stamped by init */
    const char *file; /* reader.safetensors, as `sora train --network reader` makes it */
    int threads;      /* as in SoraEngineOptions, like cpu */
    const char *cpu;
} SoraReaderOptions;

SORA_API void sora_reader_options_init(SoraReaderOptions *o);
SORA_API SoraStatus sora_reader_open(const SoraReaderOptions *o, SoraReader **out);
SORA_API void sora_reader_close(SoraReader *reader); /* NULL is fine */

/* The texts live until the reader's next reading. */
typedef struct SoraReading {
    size_t size;         /* stamped by sora_read */
    const char *facts;   /* JSON: actors, action, size, scene, time, weather, camera (of a video),
                            each with its name and how sure the reader is, 0 to 1 */
    const char *caption; /* a sentence that says what the reader is sure of; "" when it is of
                            nobody */
    double likeness;     /* 1: outlines are whole and sharp; 0: smeared, torn or blurred */
} SoraReading;

/* Any clip or picture. `language`: "en", "zh" or "zh-Hant"; NULL: English. */
SORA_API SoraStatus sora_read(SoraReader *reader, const SoraClip *clip, const char *language,
                              SoraReading *out);

/* ---- evaluation: how good a reader or a model is, by the world and the reader ---- */

typedef struct SoraEval SoraEval;

/* What is 0 or NULL has the default in its comment. */
typedef struct SoraEvalOptions {
    size_t size;        /* stamped by init */
    const char *suite;  /* "reader": the reader on clips it never saw; "text": a model's
                           obedience and looks; "looks": these as they are shown; "shape": what a
                           model does with given frames */
    const char *reader; /* the judge's file */
    const char *model;  /* of text and shape, as in SoraEngineOptions, with its companions */
    const char *text_encoder, *home;
    const char *cast; /* .cache/cast.bin */
    int count; /* reader: 2000 clips; text: 500 prompts, 5 an actor; looks: 100; shape: 100 clips */
    int images;                /* 1: pictures of one frame instead of clips */
    int width, height, frames; /* reader: 64x64x25; else the model's own */
    double fps;                /* reader: 12; else the model's own */
    int steps;                 /* of a model: sora_shot_init's */
    double cfg_scale;          /* likewise */
    int actors_max;            /* as the world has it: 3 */
    int calibrate;             /* reader: 1: first make its confidence honest, and write that into
                                  its file */
    const char *sheet;         /* text, shape: a .png with pairs, the model's clip and the world's,
                                  and a .txt beside it that says what they are; the first
                                  sheet_pairs of them */
    int sheet_pairs;           /* 32 */
    int threads;               /* as in SoraEngineOptions, like cpu */
    const char *cpu;
    /* NULL, or told how much is done. Anything but 0 stops: SORA_CANCELLED. */
    int (*progress)(void *self, double done, double total);
    void *progress_self;
    int minutes;       /* shape: so many shots of minute_s; an eighth of count; -1: none */
    double minute_s;   /* 60 */
    int verbatim;      /* text, looks: 1: as SoraShot's */
    const char *parts; /* shape: "fill,loop" of extend, fill, loop, join, edit, fast; NULL: all */
} SoraEvalOptions;

SORA_API void sora_eval_options_init(SoraEvalOptions *o);
SORA_API SoraStatus sora_eval(const SoraEvalOptions *o, SoraEval **out);

/* The numbers as JSON (docs/evaluation.md). Lives as long as the evaluation. */
SORA_API const char *sora_eval_report(const SoraEval *eval);
SORA_API void sora_eval_free(SoraEval *eval); /* NULL is fine */

/* ---- words: what can be asked for ---- */

/* Every actor, prop, scene, action, size, camera, time and weather with its words, as JSON, like
 * sora_world_list but of all that the library has words for. `model`: NULL, or a model file or
 * folder whose own words are listed, actors it was not taught left out; "right" is how often an
 * actor comes out right, 0 to 1, where sora_eval has found that, "claimed" whether that is enough.
 * sora_words_free frees it. */
SORA_API SoraStatus sora_words(const char *model, char **out);
SORA_API void sora_words_free(char *words); /* NULL is fine */

/* 1: the words ask for a change ("make it night", 让它下雨); 0: they describe a clip. */
SORA_API int sora_is_instruction(const char *words);

/* What an instruction makes of a clip; the texts live until the reader's next reading. */
typedef struct SoraInstruction {
    size_t size;         /* stamped by sora_instruct */
    const char *before;  /* what the reader sees, in the instruction's language */
    const char *caption; /* the same after the change: the prompt of the edit */
    const char *unknown; /* words that could not be used, "" for none */
    int picture; /* 1: the whole picture changes, the hour, the weather or the place: SoraShot's
                    recolour */
} SoraInstruction;

/* SORA_E_ARGUMENT when nothing that is asked for can be done. */
SORA_API SoraStatus sora_instruct(SoraReader *reader, const SoraClip *clip, const char *words,
                                  SoraInstruction *out);

/* ---- weights: other kinds of files, other types ---- */

typedef struct SoraConvertOptions {
    size_t size;      /* stamped by init */
    const char *type; /* what matrices become: "q8_0", "q4_k", "fp8", "bf16" ...; NULL: they stay */
    const char *const *lora; /* [lora_count] files to merge, "file" or "file:0.8" */
    size_t lora_count;
    int second_expert; /* 1: `from` is the second of two experts, of which a LoRA may speak apart */
    int overwrite;     /* 1: replace an existing file; 0: that is an error */
    int threads;       /* as in SoraEngineOptions, like cpu */
    const char *cpu;
    void (*log)(void *self, const char *line); /* NULL, or told what is worth knowing */
    void *log_self;
    /* NULL, or told how many bytes of the new file are written. Anything but 0 stops:
     * SORA_CANCELLED. */
    int (*progress)(void *self, double done, double total);
    void *progress_self;
} SoraConvertOptions;

SORA_API void sora_convert_options_init(SoraConvertOptions *o);

/* Reads weights (.safetensors, .pth, .gguf, an index file, or a folder with one of them) and writes
 * `to`, whose ending says what it becomes: .safetensors or .gguf. Memory does not grow with the
 * model. The file appears whole or not at all. `o` may be NULL. */
SORA_API SoraStatus sora_convert(const char *from, const char *to, const SoraConvertOptions *o);

/* ---- training ---- */

typedef struct SoraTrainer SoraTrainer;

/* A run of training. What is left as init has it takes the value that the run in `dir` was begun
 * with, else a default, which the comments give. */
typedef struct SoraTrainOptions {
    size_t size;              /* stamped by init */
    const char *dir;          /* the run's folder, made if missing: checkpoint.safetensors,
                                 model.safetensors, log.csv, samples/ ... */
    const char *data;         /* "world", or a folder of videos and pictures with .txt captions */
    const char *sizes;        /* "64x64,64x64x25@24*0.5": width x height x frames @ fps * share */
    const char *init;         /* a model to start from; NULL: from nothing */
    const char *network;      /* "video"; "layout": lays clips out for the video model of `init`;
                                 "reader": reads clips of the world back; "upscaler": the second
                                 stage, which learns from what `base` makes */
    const char *base;         /* the upscaler's video model; NULL: learns from clean pictures */
    const char *text_encoder; /* its file */
    int fresh;                /* 1: a run that is in `dir` already is an error, not gone on with */
    /* The run ends after so many steps or seconds of training over all sittings; 0: never. */
    uint64_t steps;
    double seconds;
    int batch_tokens; /* 4096: examples join a batch until it would hold more */
    double lr;        /* 2e-3, with `init` 1e-3, of hidden matrices (Muon); 0.4 of it elsewhere
                         (AdamW) */
    double cooldown;  /* 0.35: share of the run at its end in which the rate falls to 0 */
    double keep;      /* 1: share of tokens that see the middle blocks (TREAD) */
    double drop_text; /* 0.1: share of captions left out, for guidance */
    double ema;       /* 0.9995: decay of the averaged weights */
    int64_t seed;     /* 1 */
    int width, layers, heads, hidden, patch; /* of a model from nothing: 256, 8, 4, 704, 8 */
    /* Noise levels t = sigmoid(mean + std * normal): -0.5, 0.9 for images, -1.3, 1 for clips. */
    double level_mean, level_std, clip_level_mean, clip_level_std;
    double validation;       /* 0.05: share of a folder that is kept for validation */
    int validation_examples; /* 64 */
    int samples;             /* 16: clips on a sample sheet */
    const char *prompts;     /* of the samples, one a line; NULL: captions of validation data */
    /* The world's. */
    const char *cast;   /* .cache/cast.bin */
    const char *actors; /* NULL: all; "40": the first forty of the cast; "cat,dog,bus" */
    const char *scenes; /* NULL: all; "meadow,snow" */
    int actors_max;     /* 0: as the world has it; at most so many in one clip */
    int repeats;        /* 1: how often the same facts come back with other pixels */
    /* The machine's. */
    int threads;     /* 0: all processors this process may use */
    const char *cpu; /* NULL: $SORA_CPU, else the best this machine has */
    /* NULL, or called with a line worth knowing: files left out, examples that failed. */
    void (*log)(void *self, const char *line);
    void *log_self;
    /* NULL, or asked while long work goes on: anything but 0 stops it with SORA_CANCELLED. */
    int (*stop)(void *self);
    void *stop_self;
    int lora_rank;   /* not 0: `init` stays as it is, a LoRA of this rank is learned beside it and
                        saved as lora.safetensors */
    double shortcut; /* 0: share of the video model's examples that learn to take large steps, which
                        SoraShot.fast then does (arXiv 2410.12557); 0.25 there */
    double subject_weight; /* 0: added to the weight of the error where the world's actors are */
    double given;          /* 0.2: share of the clips of which some frames are given: what stills,
                              extensions and gaps are learned from */
    /* New models have both; 1 adds them to one of `init` that has not. `motion`: clips get a token
     * more in every latent frame, a picture of how things move, so that doings and cameras are
     * learned from fewer clips. `words`: the model reads words themselves beside what the text
     * encoder makes of them in their sentence, where "left" is nearly "right". */
    int motion, words;
    double replay; /* 0.5 where `data` is a folder, `init` a model that was taught the world and
                      `cast` is there, else 0: share of the examples that come from the world, with
                      the actors that the model was taught, so that it does not forget them */
} SoraTrainOptions;

typedef struct SoraTrainReport {
    uint64_t step, examples;   /* done by the whole run */
    double seconds;            /* of training, over all sittings */
    double progress;           /* 0 to 1, at 1 the run is over; 0 for a run without an end */
    double loss, norm, rate;   /* of this step */
    int batch, tokens, failed; /* examples and tokens of this step; examples that were left out */
    int process, processes;    /* of those that mpirun has started, from 0; else 0 of 1 */
    const char *file;          /* the name in `dir` of what the run makes; lives as long as it */
} SoraTrainReport;

SORA_API void sora_train_options_init(SoraTrainOptions *o);

/* Starts a run, or goes on with the one in `dir` to the same bytes as if it had never stopped. */
SORA_API SoraStatus sora_train_open(const SoraTrainOptions *o, SoraTrainer **out);
SORA_API void sora_train_close(SoraTrainer *t); /* saves nothing; NULL is fine */

/* Where the run stands; the numbers of one step are 0. */
SORA_API void sora_train_state(const SoraTrainer *t, SoraTrainReport *out);

/* One step of the optimizer, and a row in log.csv. Where mpirun has started several processes they
 * share the batch, and every one has to come here; the first writes and samples. SORA_CANCELLED,
 * after the step, to all of them: one's `stop` wants to end the run. */
SORA_API SoraStatus sora_train_step(SoraTrainer *t, SoraTrainReport *out);

/* Checkpoint and model, each written aside and put in place whole. */
SORA_API SoraStatus sora_train_save(SoraTrainer *t);

/* Mean loss of the averaged weights on validation data, which training never sees; the same
 * examples and noise every time. SORA_E_UNSUPPORTED when the data have no validation part. */
SORA_API SoraStatus sora_train_validate(SoraTrainer *t, double *loss);

/* samples/STEP-SIZE.png: what the averaged weights make of fixed prompts and seeds. */
SORA_API SoraStatus sora_train_sample(SoraTrainer *t);

typedef struct SoraFolderCount {
    int training, validation, dropped;
} SoraFolderCount;

/* Reads every file of a folder of training data and tells `o->log` why each that would be left
 * out is; nothing is trained. Of the options data, sizes, validation, log and stop are used. */
SORA_API SoraStatus sora_train_check(const SoraTrainOptions *o, SoraFolderCount *out);

#ifdef __cplusplus
}
#endif
#endif
