/* What the verbs that shape a video share: clips read, frames that are given, and the result made
 * and put back. */
#ifndef SORA_VERB_H
#define SORA_VERB_H

#include "make.h"

/* A video on its way: its size, and which of its frames are given (make.part). */
typedef struct Verb {
    Make make;
    const char *prompt;      /* "" when none was said, or nothing but spaces */
    const char *instruction; /* NULL, or what the prompt was made from */
    int frames, height, width;
    double fps;
    const SoraClip *source; /* NULL, or a clip of that size that is changed (edit), with ... */
    const uint8_t *mask;    /* ... [frames, height, width], or NULL */
    double strength;
    bool recolour; /* the source, to what the prompt asks for */
    int keep;      /* of the source: 0 layout, 1 motion, -1 nothing */
    int drop;      /* frames left out at the end of the result */
} Verb;

enum { VERB_OPTIONS = MAKE_OPTIONS + 12 };

/* Parses a verb's own options (ends with an entry that has neither name nor group) and the shared
 * ones. Of its arguments the first `clips` are files; one more may be the prompt. */
SoraStatus verb_parse(Verb *v, const Usage *usage, const Option *own, int clips, int argc,
                      char **argv);

/* Reads a video, which the verb owns; the output must be another file. `fps` 0: its own. */
SoraStatus verb_read(Verb *v, const char *path, double fps, SoraClip **out);

/* The result's size and rate; sides that its format cannot have are made even, and that is said.
 * `fps` 0 (a picture was read): 24. */
void verb_begin(Verb *v, int height, int width, double fps);

/* Frames [first, first + count) of `from`, fitted, are the result's from frame `at` on, given. */
SoraStatus verb_give(Verb *v, const char *name, SoraClip *from, int first, int count, int at);

/* "2.0s-3.5s", inside `length_s`; what: "the gap". */
SoraStatus verb_range(const char *text, double length_s, double *from_s, double *to_s);

/* Makes what is not given and writes it. */
SoraStatus verb_finish(Verb *v, const char *what);

void verb_close(Verb *v);

#endif
