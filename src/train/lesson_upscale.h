/* The upscaler's lesson: a large picture from a small one, as the video model would have made it.
 */
#ifndef TRAIN_LESSON_UPSCALE_H
#define TRAIN_LESSON_UPSCALE_H

#include "model/upscale.h"
#include "train/batch.h"
#include "train/lesson.h"
#include "train/prompts.h"

typedef struct LessonUpscale {
    UpscaleConfig config;
    const Dit *base;  /* the video model, or NULL: small pictures are only shrunk large ones */
    Prompts *prompts; /* of the video model */
    float soft;       /* share of the examples whose small picture is softened first; 0.75 */
    float softest;    /* those are made up to 1 + so many times smaller, and large again; 1.5 */
    float made;       /* share of the examples that go through the video model; 0.7 */
    LevelMix levels;  /* the noise they come back from */
} LessonUpscale;

/* Examples are large pictures, sides multiples of factor * patch. Borrows base and encoder; `u`
 * must outlive the lesson; free with lesson_upscale_close. */
void lesson_upscale_open(LessonUpscale *u, const UpscaleConfig *config, const Dit *base,
                         const TextEncoder *encoder);
void lesson_upscale_close(LessonUpscale *u); /* a zeroed one is fine */

Lesson lesson_upscale(LessonUpscale *u, Arena *a);

#endif
