/* A lesson: what a network learns from a batch of examples. The trainer makes a run of any lesson:
 * the video model's (lesson_dit.h), the reader's, the upscaler's. */
#ifndef TRAIN_LESSON_H
#define TRAIN_LESSON_H

#include "grad/tape.h"
#include "nn/params.h"
#include "train/source.h"

typedef struct LessonCall {
    const Compute *c;
    Tape *tape;             /* with gradients: training; without: validation */
    const Example *example; /* the lesson may spoil their pixels */
    size_t count;
    size_t first;  /* of the batch's examples, where another process has those before */
    uint64_t seed; /* everything that is drawn comes from it and the example's place in the batch */
    bool fresh;    /* the first batch of weights that were drawn, not loaded */
} LessonCall;

/* The loss to go back from is scale * *loss; so is the one that is told. */
typedef struct LessonLoss {
    Tensor *loss;
    float scale;
    size_t tokens; /* for the throughput */
    double count;  /* of what the loss is the mean; 0: processes cannot share a batch */
} LessonLoss;

typedef struct Lesson {
    const char *kind;   /* of the model file: its sora.kind, and sora.KIND is its ... */
    const char *config; /* ... configuration; borrowed */
    const char *file;   /* "model.safetensors" */
    /* Declares the network's parameters in `set`; it lives in `weights`. */
    SoraStatus (*build)(const void *self, ParamSet *set, Arena *weights, void **net);
    /* Tokens of an example of that size: what fills a batch. */
    size_t (*tokens)(const void *self, const ClipSize *size);
    /* `set` holds the network's parameters, for lessons that fit some to a fresh run's data. */
    SoraStatus (*loss)(const void *self, void *net, ParamSet *set, const LessonCall *call,
                       LessonLoss *out);
    void *self;
} Lesson;

#endif
