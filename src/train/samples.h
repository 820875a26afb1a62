/* Sample sheets: what a network in training makes of prompts that never change. */
#ifndef TRAIN_SAMPLES_H
#define TRAIN_SAMPLES_H

#include "model/bundle.h"
#include "train/journal.h"

typedef struct SamplesOptions {
    Source source;           /* whose captions are the prompts */
    const SourceSize *sizes; /* a sheet for the commonest size of images and one for clips */
    size_t size_count;
    size_t count;        /* clips on a sheet */
    const char *prompts; /* one a line instead of captions; NULL: captions */
    const char *dir;     /* DIR/samples/STEP-SIZE.png, and real-SIZE.png: the captions' own clips */
    uint64_t step;
    Journal *journal;
    int (*stop)(void *self); /* NULL, or asked between clips: anything but 0 is SORA_CANCELLED */
    void *stop_self;
} SamplesOptions;

/* `b` needs config, dit and text alone. */
SoraStatus samples_write(const Bundle *b, const Compute *c, const SamplesOptions *o, Arena *a);

#endif
