#include "grad/op.h"

const OpDef *const op_table[] = {
    &op_def_segment,
    &op_def_linear,
    &op_def_linear_residual,
    &op_def_swiglu,
    &op_def_norm,
    &op_def_attention,
    &op_def_add,
    &op_def_scale,
    &op_def_reshape,
    &op_def_activation,
    &op_def_columns,
    &op_def_gather,
    &op_def_scatter,
    &op_def_embedding,
    &op_def_add_table,
    &op_def_mse,
    &op_def_charbonnier,
    &op_def_cross_entropy,
    &op_def_conv3d,
    NULL,
};
