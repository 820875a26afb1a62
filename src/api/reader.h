/* SoraReader for the rest of the API: the reader, its words and a machine to run it on. */
#ifndef API_READER_H
#define API_READER_H

#include "model/reader.h"
#include "words/caption.h"
#include "words/lexicon.h"

struct SoraReader {
    Arena *arena, *step;
    Pool *pool;
    Compute *compute;
    ReaderFile file;
    const Lexicon *lexicon; /* the reader's own, else the library's */
    Arena *last;            /* texts of the last reading */
};

/* "en", "zh", "zh-Hant"; NULL: English. */
SoraStatus reader_language(const char *name, Language *out);

/* What a clip shows, tidied, and of that what the reader is sure of. Rewinds r->last. */
SoraStatus reader_see(SoraReader *r, const SoraClip *clip, Facts *facts, CaptionView *view);

#endif
