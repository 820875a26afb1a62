/* The weights of one network, whatever they are stored in: a safetensors file, a .pth, a GGUF, or
 * several of them that belong together. Tensors stay where they are mapped until weights_close.
 * Each kind of file is read by one row of weights_readers (model/weights_kinds.h). */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H

#include "base/file.h"
#include "tensor/tensor.h"

typedef struct Weights Weights;

enum { WEIGHTS_FILES_MAX = 1024 };

/* Opens a file; the index of a sharded set (*.index.json), with all of its shards; or a folder
 * that holds exactly one of these. Names and tables live in `a`. SORA_E_FORMAT names the file and
 * what is wrong with it: a missing or surplus tensor, the same name in two shards. */
SoraStatus weights_open(const char *path, Arena *a, Weights **out);
void weights_close(Weights *w); /* NULL is fine */

/* The tensor called `name`, or NULL. Read only. */
const Tensor *weights_find(const Weights *w, const char *name);

/* All tensors in the order of their names. */
size_t weights_count(const Weights *w);
const char *weights_name(const Weights *w, size_t i);
const Tensor *weights_at(const Weights *w, size_t i);

/* What the files say of themselves: the value of a key, or NULL. GGUF values are given as text. */
const char *weights_metadata(const Weights *w, const char *key);

size_t weights_metadata_count(const Weights *w);
void weights_metadata_at(const Weights *w, size_t i, const char **key, const char **value);

const char *weights_path(const Weights *w); /* as it was opened */
const char *weights_kind(const Weights *w); /* of the first file: "safetensors", "pth", "gguf" */
size_t weights_files(const Weights *w);
size_t weights_bytes(const Weights *w); /* of all files */

/* Does `data` lie in one of the files as they are mapped (and was not copied or computed)? */
bool weights_is_mapped(const Weights *w, const void *data);

/* The ParamLookup of a Weights. */
const Tensor *weights_lookup(void *weights, const char *name);

/* Is this the name of a file that may hold weights (by its ending)? */
bool weights_is_name(const char *path);

/* What weights_open would open in a folder: its index files and the weight files that belong to
 * none, in the order of their names. Folders inside are not entered. */
SoraStatus weights_list(const char *folder, Arena *a, const char ***path, size_t *count);

#endif
