/* Pickles as torch.save writes them (Python's pickletools.py, protocols 2 to 5), read without
 * running anything: values are built as plain data, and a name that is not on the short list below
 * is an error. */
#ifndef MODEL_PTH_PICKLE_H
#define MODEL_PTH_PICKLE_H

#include "base/file.h"
#include "tensor/tensor.h"

typedef enum PickleKind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INTEGER,
    PICKLE_REAL,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT, /* items are keys and values in turn */
    PICKLE_NAME, /* something imported, one of those known */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
    PICKLE_OTHER, /* whatever else is known and of no use here */
    PICKLE_MARK
} PickleKind;

typedef struct Pickle {
    PickleKind kind;
    union {
        int64_t integer; /* of bool and integer; of a name: which */
        double real;
        Slice text;
        struct PickleItems *items; /* of tuple, list, dict; shared by all copies of the value */
        const struct PickleStorage *storage;
        const struct PickleTensor *tensor;
    };
} Pickle;

typedef struct PickleItems {
    size_t count, room;
    Pickle *item;
} PickleItems;

typedef struct PickleStorage {
    bool typed; /* false: bytes, the tensor knows the type */
    Type type;
    Slice key;     /* which member of the archive holds it */
    int64_t count; /* numbers (bytes if not typed), as announced */
} PickleStorage;

/* As announced, nothing of it checked. */
typedef struct PickleTensor {
    const PickleStorage *storage;
    Type type;
    int64_t offset; /* numbers */
    const PickleItems *size, *stride;
} PickleTensor;

enum { PICKLE_BYTES_MAX = 8 << 20 };

SoraStatus pickle_read(Slice bytes, const char *name, Arena *a, Pickle *out);

#endif
