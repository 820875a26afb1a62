/* The video model's lesson: predict clean patches from noisy ones and a caption. */
#ifndef TRAIN_LESSON_DIT_H
#define TRAIN_LESSON_DIT_H

#include "train/batch.h"
#include "train/lesson.h"
#include "train/prompts.h"

typedef struct LessonDit {
    DitConfig model;
    BatchOptions batch; /* .seed is set by the lesson */
    float drop_text;    /* share of captions replaced by "", for guidance; 0.1 */
    float drop_word;    /* share of words whose own embedding is left out; 0.1 */
    Prompts *prompts;
} LessonDit;

/* Defaults of everything. Borrows the encoder; SORA_E_ARGUMENT when the model reads text of
 * another width. `d` must outlive the lesson; free with lesson_dit_close. */
SoraStatus lesson_dit_open(LessonDit *d, const DitConfig *model, const TextEncoder *encoder);
void lesson_dit_close(LessonDit *d); /* a zeroed one is fine */

/* The lesson as it stands; its configuration is written into `a`. */
Lesson lesson_dit(LessonDit *d, Arena *a);

#endif
