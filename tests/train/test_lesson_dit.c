/* The video model's lesson: words are sometimes read from their states alone. */
#include "check.h"

#include <math.h>
#include <unistd.h>

#include "tensor/safetensors.h"
#include "train/lesson_dit.h"
#include "train/trainer.h"

static void size_of(const void *self, uint64_t i, SourceSize *out)
{
    (void)self, (void)i;
    *out = (SourceSize){ .frames = 1, .height = 16, .width = 16, .share = 1 };
}

static SoraStatus make_shade(const void *self, uint64_t i, Arena *a, Example *out)
{
    (void)self;
    *out = (Example){ .caption = (char *)(i % 2 ? "white" : "black") };
    TRY(clip_new(a, 1, 16, 16, 0, &out->clip));
    memset(out->clip.rgb, i % 2 ? 255 : 0, (size_t)16 * 16 * 3);
    return SORA_OK;
}

/* How large the matrix that reads words' own embeddings, zero at first, becomes in a few steps. */
static float learned(const TextEncoder *encoder, Compute *c, float drop_word)
{
    char dir[] = "/tmp/sora-lesson-XXXXXX", path[64], command[96];
    assert_non_null(mkdtemp(dir));
    Arena *a = arena_new("test", 0);
    DitConfig config = dit_config_default();
    config.width = 64, config.heads = 2, config.layers = 2, config.hidden = 64;
    config.words = true;
    LessonDit d;
    CHECK_OK(lesson_dit_open(&d, &config, encoder));
    d.drop_word = drop_word;
    Lesson lesson = lesson_dit(&d, a);
    TrainerConfig t = trainer_config_default();
    t.tokens = 32, t.warmup = 1, t.steps = 6, t.threads = 1;
    Trainer *trainer;
    StepReport r;
    CHECK_OK(trainer_new(&t, &lesson, (Source){ size_of, make_shade, NULL }, NULL, NULL, &trainer));
    while (trainer_progress(trainer) < 1) CHECK_OK(trainer_step(trainer, c, &r));
    CHECK_OK(trainer_save(trainer, dir));
    Safetensors file;
    float most = 0;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    CHECK_OK(safetensors_open(path, a, &file));
    const Tensor *words = safetensors_find(&file, "word_embedding.weight");
    assert_non_null(words);
    assert_int_equal(words->type, TYPE_BF16);
    for (size_t i = 0; i < tensor_count(words); i++) {
        union {
            uint32_t bits;
            float value;
        } x = { (uint32_t)((const uint16_t *)words->data)[i] << 16 };
        most = fmaxf(most, fabsf(x.value));
    }
    safetensors_close(&file);
    trainer_free(trainer);
    lesson_dit_close(&d);
    arena_free(a);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    return most;
}

static void words_are_left_out(void **state)
{
    (void)state;
    char path[512];
    Arena *a = arena_new("test", 0);
    Compute *c;
    TextEncoder *encoder;
    CHECK_OK(compute_new(NULL, NULL, &c));
    snprintf(path, sizeof path, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    CHECK_OK(text_encoder_open(path, c, a, &encoder));
    assert_true(learned(encoder, c, 0) > 0);
    assert_true(learned(encoder, c, 0.5f) > 0);
    assert_true(learned(encoder, c, 1) <= 0); /* nothing is learned of what is never seen */
    text_encoder_close(encoder);
    compute_free(c);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(words_are_left_out) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
