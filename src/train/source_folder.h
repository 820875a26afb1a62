/* Examples from a folder: videos and pictures with a caption in a .txt file of the same name
 * beside each. Files come from people: what cannot be used is named, counted and left out. */
#ifndef TRAIN_SOURCE_FOLDER_H
#define TRAIN_SOURCE_FOLDER_H

#include "train/source.h"

typedef struct FolderOptions {
    const SourceSize *sizes; /* every file goes to the sizes nearest to its shape */
    size_t size_count;
    uint64_t seed;
    double validation; /* share of the files that is kept for validation, chosen by name */
    bool decode;       /* read every file to its end now, instead of its head */
    /* NULL, or called for each file that cannot be used, with the reason in one sentence. */
    void (*dropped)(void *self, const char *sentence);
    void *dropped_self;
    /* NULL, or asked between files: anything but 0 ends with SORA_CANCELLED. */
    int (*stop)(void *self);
    void *stop_self;
} FolderOptions;

typedef struct Folder Folder;

/* Looks at everything in `dir` and below. SORA_E_FORMAT when nothing can be used. */
SoraStatus folder_open(const char *dir, const FolderOptions *o, Folder **out);
void folder_close(Folder *f); /* NULL is fine */

typedef struct FolderCount {
    size_t training, validation, dropped;
} FolderCount;
FolderCount folder_count(const Folder *f);

/* Every file once in each round, in an order of its own; a clip longer than the size starts
 * somewhere else each time. */
Source folder_training(const Folder *f);
/* File i of the validation part, from its start; i wraps round. */
Source folder_validation(const Folder *f);

#endif
