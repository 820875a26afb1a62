/* The upscaler's lesson: a large picture from a small one, as the video model would have made it.
 */
#ifndef TRAIN_LESSON_UPSCALE_H
#define TRAIN_LESSON_UPSCALE_H

#include "model/bundle.h"
#include "train/lesson.h"

typedef struct LessonUpscale {
    UpscaleConfig config;
    const Bundle *base; /* the video model, or NULL: small pictures are only shrunk large ones */
    float made;         /* share of the examples that go through the video model; 0.85 */
    float edges;        /* of op_picture_loss; 0.5 */
} LessonUpscale;

/* Examples are large clips or pictures, sides multiples of factor * patch. Borrows base (may be
 * NULL or zero); `u` must outlive the lesson. */
void lesson_upscale_open(LessonUpscale *u, const UpscaleConfig *config, const Bundle *base);

Lesson lesson_upscale(LessonUpscale *u, Arena *a);

#endif
