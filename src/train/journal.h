/* What a run writes down of itself, step by step: DIR/log.csv and event files for TensorBoard. */
#ifndef TRAIN_JOURNAL_H
#define TRAIN_JOURNAL_H

#include "train/trainer.h"

typedef struct Journal Journal;

/* Goes on after step `step` of the run: rows of later steps, which a crash has left, are dropped.
 */
SoraStatus journal_open(const char *dir, uint64_t step, Journal **out);

/* One row: step,examples,seconds,loss,norm,rate. */
void journal_step(Journal *j, const RunState *run, const StepReport *r);

/* A number of its own for TensorBoard and DIR/TAG.csv ("validation"). */
SoraStatus journal_number(Journal *j, const char *tag, const RunState *run, float value);
void journal_picture(Journal *j, const char *tag, uint64_t step, size_t height, size_t width,
                     Slice png);

SoraStatus journal_flush(Journal *j); /* with every checkpoint; says what failed since */
SoraStatus journal_close(Journal *j); /* NULL is fine */

#endif
