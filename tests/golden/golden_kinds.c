#include "golden_kinds.h"

const GoldenKind *const golden_kinds[] = {
    &golden_sampler_tables, &golden_sampler_run, &golden_noise, &golden_dit,
    &golden_quant,         &golden_dequant,     &golden_broken, NULL,
};
