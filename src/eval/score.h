/* Right and wrong answers, and how honest the confidence in them was. */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H

#include "model/reader_labels.h"

enum { SCORE_BINS = 10 };

typedef struct Score {
    size_t asked, right;
    size_t bin_asked[SCORE_BINS], bin_right[SCORE_BINS];
    double bin_confidence[SCORE_BINS]; /* sums */
} Score;

void score_add(Score *s, bool right, double confidence);
double score_accuracy(const Score *s); /* 0 .. 1; NaN when nothing was asked */

/* Expected calibration error (arXiv 1706.04599): the mean distance between confidence and
 * accuracy over ten equal bins of confidence. */
double score_ece(const Score *s);

/* What a reader answered of clips whose facts are known. */
typedef struct ReadScores {
    Score head[READ_HEADS];
    Score actor; /* of as many actors as the clip shows, the most probable ones */
    size_t clips;
    double likeness; /* sum over clips */
} ReadScores;

/* Counts one clip. Unasked questions (weight 0) do not count. When every actor that can be seen is
 * found, and there is one, *all_found is true. `all_found` may be NULL. */
void read_scores_add(ReadScores *s, const Reader *r, const ReadingLabels *labels, const Reading *x,
                     bool *all_found);

/* Slope and shift of the line through the logits of p[count] that makes `right` most probable
 * (Platt 1999), by Newton's steps; 1 and 0 where there is nothing to learn from. */
void score_platt(const float *p, const bool *right, size_t count, float line[2]);

/* The temperature that makes rows of probabilities [rows, classes] most probable for their labels,
 * by golden section over 1/20 .. 20. weight [rows]; without any weight 1. */
float score_temperature(const float *p, size_t rows, size_t classes, const uint32_t *label,
                        const float *weight);

#endif
