/* The reader: a clip in, facts out. A small transformer over the same patches as our video models
 * (model/dit.h without text), then a few queries that look at all tokens and one linear layer a
 * question. It judges videos, captions them, and finds what an instruction is to change. */
#ifndef MODEL_READER_H
#define MODEL_READER_H

#include "model/dit.h"
#include "tensor/safetensors.h"
#include "words/facts.h"

/* Questions with one answer each; the answers are counted as in words/facts.h. */
typedef enum ReadHead {
    READ_SCENE,
    READ_TIME,
    READ_WEATHER,
    READ_CAMERA,
    READ_COUNT,    /* of actors, less one */
    READ_ACTION,   /* what the subject does first; asked of clips with one actor */
    READ_SIZE,     /* of the subject; likewise */
    READ_LIKENESS, /* 1: outlines are whole and sharp; 0: smeared, torn or blurred */
    READ_HEADS
} ReadHead;

typedef struct ReaderConfig {
    DitConfig body;              /* text_width 0; out_values: features a token offers */
    size_t answers[READ_HEADS];
    size_t actors;               /* "is actor i in the clip?" for each */
} ReaderConfig;

/* About 2.6 M parameters; `actors` as the lexicon counts them. */
ReaderConfig reader_config_default(size_t actors);

/* To and from the text of the model file's metadata. */
SoraStatus reader_config_parse(const char *json, size_t size, ReaderConfig *out);
char *reader_config_write(const ReaderConfig *c, Arena *a);

typedef struct Reader Reader;

SoraStatus reader_new(const ReaderConfig *config, ParamSet *set, Arena *weights, Reader **out);
const ReaderConfig *reader_config(const Reader *r);

/* Clips as the reader sees them: the shorter side READER_SIDE pixels, at most READER_FRAMES frames
 * at READER_FPS. pipeline/read.h makes them so. */
enum { READER_SIDE = 64, READER_FRAMES = 25, READER_FPS = 12, READER_PATCH = 8 };

typedef struct ReaderClip {
    const uint8_t *rgb; /* [frames, height, width, 3] */
    size_t frames, height, width;
    double fps; /* 0: an image */
} ReaderClip;

/* A packed batch of clips. */
typedef struct ReaderInput {
    DitLayout *layout;
    Tensor *tokens; /* [tokens, in_values] */
} ReaderInput;
void reader_pack(const ReaderConfig *c, const ReaderClip *clips, size_t count, Arena *a,
                 ReaderInput *out);

/* Logits: head[h] is [clips, answers[h]], actor [clips * actors, 2] (absent, present). */
typedef struct ReaderLogits {
    Tensor *head[READ_HEADS], *actor;
} ReaderLogits;
void reader_forward(const Reader *r, Tape *t, const ReaderInput *in, ReaderLogits *out);

/* What one clip shows. */
typedef struct Reading {
    float *head[READ_HEADS]; /* probabilities, [answers[h]] */
    float *actor;            /* [actors]: that it is there */
} Reading;

/* Reads a packed batch: one Reading a clip in `out_arena`, working memory from `step`. */
void reader_read(const Reader *r, const Compute *c, const ReaderInput *in, Arena *step,
                 Arena *out_arena, Reading *out);

/* The most probable answer. */
size_t reading_best(const Reader *r, const Reading *x, ReadHead head);

/* Facts of the reading: as many actors as READ_COUNT says, the most probable ones; one event. */
void reading_facts(const Reader *r, const Reading *x, Facts *out);

/* A reader from its file, weights mapped until reader_close. */
typedef struct ReaderFile {
    Safetensors file;
    Reader *reader;
    Arena *weights;
} ReaderFile;
SoraStatus reader_open(const char *path, ReaderFile *out);
void reader_close(ReaderFile *f); /* a zeroed or closed one is fine */

#endif
