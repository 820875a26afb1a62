#include "golden_kinds.h"

/* One row a line, so that rows of two branches merge. */
const GoldenKind *const golden_kinds[] = {
    &golden_dit,            /* */
    &golden_sample_moe,     /* */
    &golden_table,          /* */
    &golden_sampler_tables, /* */
    &golden_sampler_run,    /* */
    &golden_noise,          /* */
    &golden_quant,          /* */
    &golden_dequant,        /* */
    &golden_broken,         /* */
    &golden_lora,           /* */
    &golden_vae,            /* */
    &golden_text_clean,     /* */
    &golden_tokenizer,      /* */
    &golden_umt5,           /* */
    &golden_clip,           /* */
    &golden_e2e_t2v,        /* */
    &golden_e2e_i2v,        /* */
    &golden_e2e_ti2v,       /* */
    &golden_ops,            /* */
    NULL,
};
