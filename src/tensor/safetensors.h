/* Safetensors files: read mapped and never trusted, written whole or not at all.
 * Format: huggingface/safetensors README; strictness of its reader 0.8 (no holes, no trailing
 * bytes, no duplicate names). */
#ifndef TENSOR_SAFETENSORS_H
#define TENSOR_SAFETENSORS_H

#include "base/file.h"
#include "tensor/tensor.h"

typedef struct SafetensorsEntry {
    const char *name;
    Tensor tensor; /* data points into the mapping; read only */
} SafetensorsEntry;

typedef struct SafetensorsMeta {
    const char *key, *value;
} SafetensorsMeta;

typedef struct Safetensors {
    Slice map;
    size_t count, meta_count;
    SafetensorsEntry *entry; /* sorted by name */
    SafetensorsMeta *meta;
} Safetensors;

/* Names, shapes and metadata live in `a`; the tensors in the mapping, until safetensors_close. */
SoraStatus safetensors_open(const char *path, Arena *a, Safetensors *out);
void safetensors_close(Safetensors *st);

const Tensor *safetensors_find(const Safetensors *st, const char *name);  /* or NULL */
const char *safetensors_metadata(const Safetensors *st, const char *key); /* or NULL */

/* The part of a file before the tensors, whose bytes must follow in the given order without gaps;
 * their data is not looked at. */
SoraStatus safetensors_put_header(FileWriter *f, const SafetensorsEntry *entry, size_t count,
                                  const SafetensorsMeta *meta, size_t meta_count);

/* Writes tensors in the given order, aligned as the format wants, atomically (base/file.h). */
SoraStatus safetensors_write(const char *path, const SafetensorsEntry *entry, size_t count,
                             const SafetensorsMeta *meta, size_t meta_count);

#endif
