/* Event files as TensorBoard reads them: TFRecords (tensorflow/core/lib/io/record_writer.cc) of
 * Event messages (tensorflow/core/util/event.proto), written as they come. */
#ifndef TRAIN_EVENTS_H
#define TRAIN_EVENTS_H

#include <stdint.h>

#include "base/file.h"

typedef struct Events Events;

/* A new events.out.tfevents.* in `dir`, named after the time. */
SoraStatus events_open(const char *dir, Events **out);

/* A failed write is remembered and told by events_close, as a run should not end for it. */
void events_number(Events *e, const char *tag, uint64_t step, float value);
void events_picture(Events *e, const char *tag, uint64_t step, size_t height, size_t width,
                    Slice png);
SoraStatus events_close(Events *e); /* NULL is fine */

#endif
