/* What a writer takes besides the frame it is given, format by format: as much as is planned. */
#include "check.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "media/write.h"

enum { FRAMES = 48 };

/* The peak of this process, in bytes. */
static double peak(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return 1024.0 * (double)u.ru_maxrss;
}

/* A gradient with grain that moves, which a codec has to look for. */
static void paint(size_t f, size_t height, size_t width, uint8_t *rgb)
{
    uint64_t seed = rng_split(9, f);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++, rgb += 3) {
            size_t grain = rng_u64(seed, y * width + x) % 8;
            rgb[0] = (uint8_t)(x + 3 * f + grain), rgb[1] = (uint8_t)(y + 2 * f), rgb[2] = 90;
        }
}

/* Of a process of its own, as a peak never goes down. */
static double measured(const char *path, size_t height, size_t width)
{
    int out[2];
    double grown = 0;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
#ifdef M_PERTURB
        mallopt(M_PERTURB, 0); /* Meson has all that is allocated written to, and so taken */
#endif
        Writer *w;
        WriteOptions o = { .height = height, .width = width, .fps = 24, .overwrite = true };
        uint8_t *rgb = malloc(height * width * 3);
        paint(0, height, width, rgb);
        double before = peak();
        bool good = write_open(path, &o, &w) == SORA_OK;
        for (size_t f = 0; good && f < FRAMES; f++) {
            paint(f, height, width, rgb);
            good = write_frame(w, rgb) == SORA_OK;
        }
        good = good && write_commit(w) == SORA_OK;
        grown = good ? peak() - before : -1;
        good = write(out[1], &grown, sizeof grown) == sizeof grown;
        _exit(!good);
    }
    assert_int_equal(read(out[0], &grown, sizeof grown), sizeof grown);
    close(out[0]), close(out[1]);
    waitpid(child, NULL, 0);
    return grown;
}

/* Less than twice as much, and not much less than planned: libraries differ. */
static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *ending;
        WriteFormat format;
    } KIND[] = { { "mp4", WRITE_MP4 },   { "webm", WRITE_WEBM }, { "gif", WRITE_GIF },
                 { "webp", WRITE_WEBP }, { "y4m", WRITE_Y4M },   { "png", WRITE_PNG } };
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its own memory is most of it */
#endif
    for (size_t i = 0; i < sizeof KIND / sizeof *KIND; i++)
        for (size_t side = 128; side <= 512; side *= 4) {
            char path[64];
            snprintf(path, sizeof path, "/tmp/sora-bytes-%d.%s", (int)getpid(), KIND[i].ending);
            double took = measured(path, side, side);
            double planned = (double)write_bytes(KIND[i].format, FRAMES, side, side);
            unlink(path);
            assert_true(took >= 0); /* it was written */
            if (took < planned / 1.6 - 16e6 || took > planned * 1.6 + 16e6)
                fail_msg("%s of %zux%zu: %.1f MB planned, %.1f taken", KIND[i].ending, side, side,
                         planned / 1e6, took / 1e6);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bytes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
