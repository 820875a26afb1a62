/* The upscaler's lesson: what bicubic enlarging cannot know is learned; bad sizes are named. */
#include "check.h"

#include <unistd.h>

#include "base/rng.h"
#include "train/lesson_upscale.h"
#include "train/trainer.h"

enum { SIDE = 32, FACTOR = 4 };

/* Stripes whose place within a small pixel is always the same: there is something to learn. */
static void size_of(const void *self, uint64_t i, SourceSize *out)
{
    (void)i;
    size_t side = *(const size_t *)self;
    *out = (SourceSize){ .frames = 1, .height = side, .width = side, .share = 1 };
}

static SoraStatus make_stripes(const void *self, uint64_t i, Arena *a, Example *out)
{
    size_t side = *(const size_t *)self;
    *out = (Example){ .caption = (char *)"" };
    TRY(clip_new(a, 1, side, side, 0, &out->clip));
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++) {
            bool on = rng_u64(i, y / 4 * 100 + x / 4) & 1;
            for (size_t c = 0; c < 3; c++)
                out->clip.rgb[(y * side + x) * 3 + c] = on && x % 4 < 2 ? 230 : 30;
        }
    return SORA_OK;
}

static void learns_what_enlarging_cannot_know(void **state)
{
    (void)state;
    char dir[] = "/tmp/sora-upscale-XXXXXX", path[64];
    size_t side = SIDE;
    assert_non_null(mkdtemp(dir));
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    UpscaleConfig config = { FACTOR, 16, 1, 0 };
    LessonUpscale u;
    lesson_upscale_open(&u, &config, NULL, NULL);
    u.soft = 0; /* a softened picture does not tell its stripes */
    Lesson lesson = lesson_upscale(&u, a);
    TrainerConfig t = trainer_config_default();
    t.optim.ema = 0.8f, t.optim.lr_hidden = 5e-3f, t.optim.lr_other = 8e-3f;
    t.tokens = 16, t.warmup = 5, t.steps = 150, t.threads = 1;
    Trainer *trainer;
    StepReport r;
    CHECK_OK(
        trainer_new(&t, &lesson, (Source){ size_of, make_stripes, &side }, NULL, NULL, &trainer));
    CHECK_OK(trainer_step(trainer, c, &r));
    float first = r.loss;
    while (trainer_progress(trainer) < 1) CHECK_OK(trainer_step(trainer, c, &r));
    if (!(r.loss < first / 10))
        fail_msg("the loss went from %g to %g", (double)first, (double)r.loss);
    CHECK_OK(trainer_save(trainer, dir));

    /* The file's network makes the picture that its small form came from. */
    UpscaleFile f;
    snprintf(path, sizeof path, "%s/upscale.safetensors", dir);
    CHECK_OK(upscale_open(path, &f));
    assert_int_equal(upscale_config(f.upscale)->factor, FACTOR);
    Example e;
    CHECK_OK(make_stripes(&side, 99999, a, &e));
    enum { SMALL = SIDE / FACTOR };
    uint8_t small[SMALL * SMALL * 3], large[SIDE * SIDE * 3];
    for (size_t i = 0; i < sizeof small; i++) {
        size_t y = i / 3 / SMALL * FACTOR, x = i / 3 % SMALL * FACTOR, sum = 0;
        for (size_t k = 0; k < FACTOR * FACTOR; k++)
            sum += e.clip.rgb[((y + k / FACTOR) * SIDE + x + k % FACTOR) * 3 + i % 3];
        small[i] = (uint8_t)((sum + 8) / 16);
    }
    Arena *step = arena_new("step", 0);
    upscale_frame(f.upscale, c, small, SMALL, SMALL, step, large);
    double error = 0;
    for (size_t i = 0; i < sizeof large; i++) error += abs(large[i] - e.clip.rgb[i]);
    if (!(error / sizeof large < 20)) fail_msg("off by %g of 255", error / sizeof large);
    upscale_close(&f);
    arena_free(step);
    trainer_free(trainer);
    lesson_upscale_close(&u);
    compute_free(c);
    arena_free(a);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void names_sizes_it_cannot_use(void **state)
{
    (void)state;
    size_t side = 30;
    Arena *a = arena_new("test", 0);
    Compute *c;
    CHECK_OK(compute_new(NULL, NULL, &c));
    UpscaleConfig config = { FACTOR, 8, 1, 0 };
    LessonUpscale u;
    lesson_upscale_open(&u, &config, NULL, NULL);
    Lesson lesson = lesson_upscale(&u, a);
    TrainerConfig t = trainer_config_default();
    t.tokens = 1, t.threads = 1;
    Trainer *trainer;
    StepReport r;
    CHECK_OK(
        trainer_new(&t, &lesson, (Source){ size_of, make_stripes, &side }, NULL, NULL, &trainer));
    CHECK_FAILS(trainer_step(trainer, c, &r), SORA_E_ARGUMENT, "multiples of 4, not 30x30");
    trainer_free(trainer);
    lesson_upscale_close(&u);
    compute_free(c);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_what_enlarging_cannot_know),
        cmocka_unit_test(names_sizes_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
