/* Checkpoints of torch.save (since PyTorch 1.6): a ZIP archive of one pickle and the storages its
 * tensors are views of (pytorch/pytorch torch/serialization.py, torch/_utils.py). */
#ifndef MODEL_PTH_H
#define MODEL_PTH_H

#include "base/file.h"
#include "tensor/tensor.h"

typedef struct PthTensor {
    const char *name;
    Tensor tensor;
} PthTensor;

typedef struct Pth {
    size_t count;
    PthTensor *tensor; /* in the order of the file */
} Pth;

bool pth_fits(const unsigned char *head, size_t size);

/* Reads a mapped file, which must outlive the result. Names of tensors in dictionaries are joined
 * by dots; a dictionary around all of them ("state_dict") is left out. Tensors that are not
 * contiguous are copied into `a`. */
SoraStatus pth_read(Slice map, const char *name, Arena *a, Pth *out);

#endif
