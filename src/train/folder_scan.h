/* What a folder of training data holds, found without decoding it. */
#ifndef TRAIN_FOLDER_SCAN_H
#define TRAIN_FOLDER_SCAN_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct FolderFile {
    const char *path;    /* of the video or picture */
    const char *caption; /* UTF-8 */
    size_t height, width;
    double seconds; /* 0: a picture */
} FolderFile;

typedef struct FolderScan {
    FolderFile *file; /* sorted by path */
    size_t count, dropped;
} FolderScan;

typedef struct FolderScanOptions {
    bool decode; /* see FolderOptions */
    void (*dropped)(void *self, const char *sentence);
    void *dropped_self;
    int (*stop)(void *self);
    void *stop_self;
} FolderScanOptions;

SoraStatus folder_scan(const char *dir, const FolderScanOptions *o, Arena *a, FolderScan *out);

/* The caption of a .txt file: white space at both ends is dropped, a byte order mark too.
 * SORA_E_FORMAT when it is empty or no UTF-8, and names GB18030 with the way to convert it. */
SoraStatus folder_caption(const char *path, Arena *a, const char **out);

#endif
