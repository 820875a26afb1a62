/* Batches: examples in, everything a training step reads out. */
#ifndef TRAIN_BATCH_H
#define TRAIN_BATCH_H

#include "media/clip.h"
#include "model/dit.h"
#include "model/text_encoder.h"
#include "train/levels.h"
#include "words/caption.h"

/* Where something is in a frame, in shares of its width and height. */
typedef struct Box {
    float left, top, right, bottom;
} Box;

/* A clip and what is said of it. */
typedef struct Example {
    Clip clip;
    char *caption;
    const Box *subject;      /* [frames, subjects] what it is about, frame by frame */
    size_t subjects;         /* 0: nobody knows */
    const Facts *facts;      /* NULL: a stranger's clip */
    const CaptionView *view; /* what of the facts can be seen */
} Example;

/* Of 1 - t, where it divides; without it a clean token would weigh 400. */
#define BATCH_CLAMP 0.05f

typedef struct Batch {
    DitInput input;
    float *target; /* [tokens, out_values]: the clean patches */
    float *weight; /* [tokens]: of the squared error; 0 for given tokens */
    float weight_sum;
    size_t predicted;        /* tokens with a weight */
    const uint8_t *shortcut; /* [sequences] k: it takes a step of 2^k / SHORTCUT_STEPS and its
                                targets are to come from shortcut.h; 0: it learns the flow */
    const size_t *row_start; /* [sequences] first conditioning row */
} Batch;

typedef struct BatchOptions {
    uint64_t seed; /* of the noise and the levels */
    size_t first;  /* example i draws as number first + i */
    LevelMix images, clips;
    float subject;  /* added to the weight of a token that a subject fills, in part for a part */
    float shortcut; /* share of the sequences that learn large steps; 0: none */
    float keep;     /* share of tokens that see the middle blocks, 1: all (TREAD) */
    bool recompute;
} BatchOptions;

/* Noisy tokens z = t x + (1 - t) e and weights 1 / max(1 - t, 0.05)^2, which make the squared
 * error of x one of velocities (JiT, arXiv 2511.13720, with the clamp on both sides), more where a
 * subject is: most of a picture is scenery that no caption tells. Text rows
 * are those of `text`, sequence by sequence. Everything lives in `a`. */
void batch_make(const DitConfig *c, const Compute *compute, const Example *examples, size_t count,
                const TextStates *text, const BatchOptions *o, Arena *a, Batch *out);

#endif
