/* What every test program needs: cmocka and a few checks of our own. NaN never passes. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* |got - want| <= tolerance * max(1, |want|) */
#define CHECK_CLOSE(got, want, tolerance)                                \
    do {                                                                 \
        double got_ = (got), want_ = (want);                             \
        if (!(fabs(got_ - want_) <= (tolerance)*fmax(1.0, fabs(want_)))) \
            fail_msg("%s is %.9g, expected %.9g", #got, got_, want_);    \
    } while (0)

#define CHECK_OK(call)                                                       \
    do {                                                                     \
        SoraStatus check_status_ = (call);                                   \
        if (check_status_ != SORA_OK) fail_msg("%s: %s", #call, err_text()); \
    } while (0)

/* The call fails with `status` and a sentence that contains `words`. */
#define CHECK_FAILS(call, status, words)                                             \
    do {                                                                             \
        SoraStatus check_status_ = (call);                                           \
        assert_int_equal(check_status_, status);                                     \
        if (!strstr(err_text(), words))                                              \
            fail_msg("the error says '%s', expected '%s' in it", err_text(), words); \
    } while (0)

/* A committed test file under tests/data; the string lives until the next call. */
static inline const char *test_data(const char *name)
{
    static char path[4096];
    const char *root = getenv("SORA_TEST_DATA");
    snprintf(path, sizeof path, "%s/%s", root ? root : "tests/data", name);
    return path;
}

#endif
