/* What the verbs that shape a video share: clips read and fitted, frames that are given, and the
 * result made and put back. */
#ifndef SORA_VERB_H
#define SORA_VERB_H

#include "make.h"

/* A video on its way: a source of its size, and which of its frames are given. */
typedef struct Verb {
    Make make;
    const char *prompt; /* "" when none was said */
    SoraClip *source;
    uint8_t *given;      /* [frames] */
    const uint8_t *mask; /* [frames, height, width], or NULL */
    double strength;
    int drop; /* frames left out at the end of the result */
} Verb;

enum { VERB_OPTIONS = MAKE_OPTIONS + 12 };

/* Parses a verb's own options (ends with an entry that has neither name nor group) and the shared
 * ones. Of its arguments the first `clips` are files; one more may be the prompt. */
SoraStatus verb_parse(Verb *v, const Usage *usage, const Option *own, int clips, int argc,
                      char **argv);

/* Reads a video; the output must be another file. */
SoraStatus verb_read(const Verb *v, const char *path, double fps, SoraClip **out);

/* A new source of `frames` black frames, none given. */
SoraStatus verb_begin(Verb *v, int frames, int height, int width, double fps);

/* Frames [first, first + count) of `from`, fitted, are the source's from frame `at` on, given. */
SoraStatus verb_give(Verb *v, const SoraClip *from, int first, int count, int at);

/* Makes what is not given and writes it. */
SoraStatus verb_finish(Verb *v, const char *what);

void verb_close(Verb *v);

#endif
