/* Every kind of case and the file that runs it. */
#ifndef TESTS_GOLDEN_GOLDEN_KINDS_H
#define TESTS_GOLDEN_GOLDEN_KINDS_H

#include "golden.h"

extern const GoldenKind golden_sampler_tables, golden_sampler_run;       /* golden_samplers.c */
extern const GoldenKind golden_noise;                                    /* golden_samplers.c */
extern const GoldenKind golden_dit;                                      /* golden_dit.c */
extern const GoldenKind golden_quant, golden_dequant, golden_broken;     /* golden_files.c */
extern const GoldenKind golden_sample_moe;                               /* golden_moe.c */
extern const GoldenKind golden_table;                                    /* golden_table.c */
extern const GoldenKind golden_vae;                                      /* golden_vae.c */
extern const GoldenKind golden_text_clean, golden_tokenizer;             /* golden_text.c */
extern const GoldenKind golden_umt5, golden_clip;                        /* golden_text.c */
extern const GoldenKind golden_e2e_t2v, golden_e2e_i2v, golden_e2e_ti2v; /* golden_e2e.c */
extern const GoldenKind golden_lora;                                     /* golden_lora.c */
extern const GoldenKind golden_ops;                                      /* golden_ops.c */

/* Who runs an operation of the autoencoders (golden_vae_ops.c); NULL: nobody. */
SoraStatus (*golden_vae_op(const char *op))(Golden *row);

#endif
