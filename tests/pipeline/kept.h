/* A sink that keeps what comes, in order. FRAMES and BYTES, of a frame, are the test's. */
#ifndef TESTS_PIPELINE_KEPT_H
#define TESTS_PIPELINE_KEPT_H

#include "check.h"

typedef struct Kept {
    uint8_t rgb[FRAMES][BYTES];
    size_t count;
} Kept;

static SoraStatus keep(void *self, size_t f, const uint8_t *rgb)
{
    Kept *k = self;
    assert_int_equal(f, k->count);
    assert_true(f < FRAMES);
    memcpy(k->rgb[k->count++], rgb, BYTES);
    return SORA_OK;
}

#endif
