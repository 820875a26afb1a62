/* Where the examples of a run come from: the world or a folder, for training and for validation. */
#ifndef API_TRAIN_DATA_H
#define API_TRAIN_DATA_H

#include "api/train_world.h"
#include "train/source_folder.h"
#include "train/source_mix.h"

typedef struct TrainData {
    Arena *arena;
    SourceSize sizes[SOURCE_SIZES_MAX];
    size_t size_count;
    Source training, validation; /* validation.make NULL: there is none */
    Folder *folder;              /* NULL: the world */
    TrainWorld *world;           /* NULL: a folder */
    TrainWorld *replay;          /* the world among a folder, or NULL */
    SourceMix mix;
    const char *lexicon; /* the table the captions were made from; NULL: a folder */
} TrainData;

/* From the options' data, sizes, replay, and what belongs to either kind. `out` must not move. */
SoraStatus train_data_open(const SoraTrainOptions *o, TrainData *out);
void train_data_close(TrainData *d);

/* The folder's options, `decode` left out. */
SoraStatus train_data_folder(const SoraTrainOptions *o, TrainData *d, FolderOptions *out);

#endif
