/* What a reader should answer of a clip whose facts are known: for its training and for judging. */
#ifndef MODEL_READER_LABELS_H
#define MODEL_READER_LABELS_H

#include "model/reader.h"
#include "words/caption.h"

/* One clip's answers. An answer of weight 0 is not asked for: it cannot be seen, or has no one
 * right answer. */
typedef struct ReadingLabels {
    uint32_t answer[READ_HEADS];
    float weight[READ_HEADS];
    uint32_t actors[FACTS_ACTORS_MAX]; /* in the clip */
    bool seen[FACTS_ACTORS_MAX];       /* false: there, but not to be seen: not asked for */
    size_t actor_count;
} ReadingLabels;

/* Answers that `view` says can be seen. Likeness is 1: the clip is whole. */
void reading_labels(const Facts *facts, const CaptionView *view, ReadingLabels *out);

#endif
