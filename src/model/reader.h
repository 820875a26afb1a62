/* The reader: a clip in, facts out. A convolutional eye (model/reader_eye.h), a small transformer
 * over what it sees in space and time, a few queries that look at all tokens, and one linear layer
 * a question. It judges videos, captions them, and finds what an instruction is to change. */
#ifndef MODEL_READER_H
#define MODEL_READER_H

#include "model/reader_eye.h"
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

/* "scene" ... "likeness" */
const char *reader_head_name(ReadHead head);

typedef struct ReaderConfig {
    EyeConfig eye;
    size_t width, heads, layers, hidden; /* of the transformer */
    size_t answers[READ_HEADS];
    size_t actors; /* as the lexicon counts them */
} ReaderConfig;

/* About 2 M parameters. */
ReaderConfig reader_config_default(size_t actors);

/* To and from the text of the model file's metadata. */
SoraStatus reader_config_parse(const char *json, size_t size, ReaderConfig *out);
char *reader_config_write(const ReaderConfig *c, Arena *a);

typedef struct Reader Reader;

SoraStatus reader_new(const ReaderConfig *config, ParamSet *set, Arena *weights, Reader **out);
const ReaderConfig *reader_config(const Reader *r);

/* Clips as the reader sees them: the shorter side READER_SIDE pixels, the longer at most
 * READER_LONG, at most READER_FRAMES frames, at most READER_FPS a second. pipeline/read.h makes
 * them so. */
enum { READER_SIDE = 64, READER_LONG = 160, READER_FRAMES = 13, READER_FPS = 6 };

typedef struct ReaderClip {
    const uint8_t *rgb; /* [frames, height, width, 3] */
    size_t frames, height, width;
    double fps; /* 0: an image */
} ReaderClip;

/* Tokens of the transformer that a clip becomes. */
size_t reader_tokens(size_t frames, size_t height, size_t width);

/* A packed batch of clips. */
typedef struct ReaderInput {
    size_t clips;
    size_t *start; /* [clips + 1] first token of each */
    EyeLayout *eye;
    Tensor *pixels;   /* [positions, patch_values(EYE_PATCH)] */
    Tensor *position; /* [tokens, ...] f32: where in the picture and when */
} ReaderInput;
void reader_pack(const ReaderClip *clips, size_t count, Arena *a, ReaderInput *out);

/* Logits: head[h] is [clips, answers[h]]; actor [clips, actors], one softmax: of a clip with two
 * actors each is half of it. */
typedef struct ReaderLogits {
    Tensor *head[READ_HEADS], *actor;
} ReaderLogits;
void reader_forward(const Reader *r, Tape *t, const ReaderInput *in, ReaderLogits *out);

/* What one clip shows. */
typedef struct Reading {
    float *head[READ_HEADS]; /* probabilities, [answers[h]] */
    float *actor;            /* [actors] shares, sum 1: of a clip with two actors each has half */
} Reading;

/* Reads a packed batch: one Reading a clip in `out_arena`, working memory from `step`. */
void reader_read(const Reader *r, const Compute *c, const ReaderInput *in, Arena *step,
                 Arena *out_arena, Reading *out);

/* The most probable answer. */
size_t reading_best(const Reader *r, const Reading *x, ReadHead head);

/* How probable it is that the actor is there. */
float reading_presence(const Reader *r, const Reading *x, size_t actor);

/* The `count` most probable actors, in that order; fewer when there are fewer. */
size_t reading_actors(const Reader *r, const Reading *x, size_t count, uint16_t *out);

/* Facts of the reading: as many actors as READ_COUNT says, the most probable ones; one event. */
void reading_facts(const Reader *r, const Reading *x, Facts *out);

/* What makes the probabilities honest (arXiv 1706.04599): divisors of the heads' logits, 1 until a
 * file or reader_set_temperature says otherwise, and for actors, of whom one softmax holds several,
 * Platt's line through the logit of reading_presence, 1 and 0. */
typedef struct ReaderTemperature {
    float head[READ_HEADS];
    float presence[2]; /* slope and shift */
} ReaderTemperature;
void reader_set_temperature(Reader *r, const ReaderTemperature *t);
ReaderTemperature reader_temperature(const Reader *r);

/* A reader from its file, weights mapped until reader_close. */
typedef struct ReaderFile {
    Safetensors file;
    Reader *reader;
    Arena *weights;
    const char *actors, *scenes; /* the lists it was taught with (sora train --actors); NULL: all */
} ReaderFile;
SoraStatus reader_open(const char *path, ReaderFile *out);
void reader_close(ReaderFile *f); /* a zeroed or closed one is fine */

/* The same file with these temperatures in it, written whole or not at all. `f` stays open on the
 * old one. */
SoraStatus reader_write_temperature(const ReaderFile *f, const char *path,
                                    const ReaderTemperature *t);

#endif
