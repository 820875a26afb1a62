/* The reader's lesson: facts of the world's clips from their pixels. */
#ifndef TRAIN_LESSON_READER_H
#define TRAIN_LESSON_READER_H

#include "model/reader.h"
#include "train/lesson.h"

/* The lesson of that configuration, which it borrows and writes into `a`. Examples need facts:
 * SORA_E_ARGUMENT when a source has none. */
Lesson lesson_reader(const ReaderConfig *config, Arena *a);

#endif
