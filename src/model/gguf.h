/* GGUF files, versions 2 and 3 (ggml-org/ggml docs/gguf.md): mapped and never trusted. */
#ifndef MODEL_GGUF_H
#define MODEL_GGUF_H

#include "base/file.h"
#include "tensor/tensor.h"

/* The format's own numbers. */
typedef enum GgufKind {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_KINDS
} GgufKind;

/* A value of the file's header. Of an array of plain numbers or of strings `item` is where the
 * first one lies; arrays of arrays are checked and passed over. */
typedef struct GgufValue {
    const char *key;
    GgufKind kind, item_kind;  /* item_kind: of an array */
    Slice text;                /* of a string: its bytes, not zero-terminated */
    int64_t integer;           /* of whole numbers and bool; u64 above the range: the largest */
    double number;             /* of any number */
    size_t count;              /* of an array */
    const unsigned char *item; /* of an array */
    size_t item_bytes;         /* all of its items */
} GgufValue;

typedef struct GgufTensor {
    const char *name;
    Tensor tensor; /* shape as in PyTorch (GGUF's turned round); data points into the mapping */
} GgufTensor;

typedef struct Gguf {
    size_t count, value_count;
    GgufTensor *tensor; /* sorted by name */
    GgufValue *value;   /* in the order of the file */
} Gguf;

bool gguf_fits(const unsigned char *head, size_t size);

/* Reads a mapped file, which must outlive the result; names and tables live in `a`. `name` goes
 * into messages. A tensor whose original shape is noted (comfy.gguf.orig_shape) gets that shape. */
SoraStatus gguf_read(Slice map, const char *name, Arena *a, Gguf *out);

const GgufValue *gguf_find(const Gguf *g, const char *key);      /* or NULL */
const Tensor *gguf_find_tensor(const Gguf *g, const char *name); /* or NULL */

/* A value as text in `a`: numbers, strings, short lists. NULL for what is too long. */
const char *gguf_value_text(const GgufValue *v, Arena *a);

/* The number of a type in GGUF; -1: GGUF has none. */
int gguf_type_number(Type t);

#endif
