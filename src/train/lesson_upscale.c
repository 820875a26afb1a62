#include "train/lesson_upscale.h"

#include "base/rng.h"
#include "base/size.h"
#include "grad/ops.h"
#include "media/resize.h"

enum { PROMPTS_REMEMBERED = 4096 };
enum { DRAW_LEVELS = 1, DRAW_SOFT };

/* Differences that count as none: half a step of 8 bits. */
static const float SMALL = 1 / 256.f;

void lesson_upscale_open(LessonUpscale *u, const UpscaleConfig *config, const Dit *base,
                         const TextEncoder *encoder)
{
    *u = (LessonUpscale){ .config = *config,
                          .base = base,
                          .prompts = base ? prompts_new(encoder, PROMPTS_REMEMBERED) : NULL,
                          .soft = 0.75f,
                          .softest = 1.5f,
                          .made = 0.7f,
                          .levels = { .mean = -1.2f, .std = 0.8f } };
}

void lesson_upscale_close(LessonUpscale *u)
{
    prompts_free(u->prompts);
    *u = (LessonUpscale){ 0 };
}

static SoraStatus build(const void *self, ParamSet *set, Arena *weights, void **net)
{
    Upscale *u;
    TRY(upscale_new(&((const LessonUpscale *)self)->config, set, weights, &u));
    *net = u;
    return SORA_OK;
}

/* Counted as the small picture's pixels in units of 8 x 8: what the network's work grows with. */
static size_t tokens(const void *self, const ClipSize *s)
{
    size_t f = ((const LessonUpscale *)self)->config.factor;
    return s->frames * (s->height / f) * (s->width / f) / 64 + 1;
}

/* How many times smaller than the small picture the example is made before: what the video model
 * makes is softer than what it was shown, and outlines are to be crisp all the same. */
static double softness(const LessonUpscale *u, const LessonCall *k, size_t i)
{
    uint64_t seed = rng_split(rng_split(k->seed, DRAW_SOFT), k->first + i);
    return rng_uniform(seed, 0) < (double)u->soft ? 1 + u->softest * rng_uniform(seed, 1) : 1;
}

/* Small pictures in the shape of the examples, shrunk by area, the soft ones further and back. */
static SoraStatus shrink(const LessonUpscale *u, const LessonCall *k, Arena *a, Example *small)
{
    for (size_t i = 0; i < k->count; i++) {
        const Clip *c = &k->example[i].clip;
        size_t height = c->height / u->config.factor, width = c->width / u->config.factor;
        double by = softness(u, k, i);
        ResizeOptions o = { .height = size_max(1, (size_t)((double)height / by)),
                            .width = size_max(1, (size_t)((double)width / by)),
                            .filter = RESIZE_AREA };
        small[i].caption = k->example[i].caption;
        TRY(resize_clip(c, &o, a, &small[i].clip));
        if (o.height == height && o.width == width) continue;
        Clip tiny = small[i].clip;
        o = (ResizeOptions){ .height = height, .width = width, .filter = RESIZE_LANCZOS };
        TRY(resize_clip(&tiny, &o, a, &small[i].clip));
    }
    return SORA_OK;
}

/* In place of the small pictures comes what the video model takes them for after some noise. */
static SoraStatus pass_through_base(const LessonUpscale *u, const LessonCall *k, Example *small,
                                    size_t count, Arena *a)
{
    if (!count) return SORA_OK;
    const DitConfig *c = dit_config(u->base);
    const char **caption = arena_alloc(a, count * sizeof *caption);
    for (size_t i = 0; i < count; i++) caption[i] = small[i].caption;
    TextStates text;
    TRY(prompts_encode(u->prompts, k->c, caption, count, a, a, &text));
    BatchOptions o = {
        .seed = rng_split(k->seed, DRAW_LEVELS), .images = u->levels, .clips = u->levels, .keep = 1
    };
    Batch b;
    batch_make(c, k->c, small, count, &text, &o, a, &b);
    const float *x = dit_forward(u->base, tape_new(a, k->c, GEMM_BF16, false), &b.input)->data;
    for (size_t i = 0; i < count; i++) {
        Clip *clip = &small[i].clip;
        size_t per = dit_frame_tokens(c, &b.input.layout->sequence[i]) * c->out_values;
        patch_unpack_clip(x + b.input.layout->start[i] * c->out_values, per, clip->frames,
                          clip->height, clip->width, c->patch, clip->rgb);
    }
    return SORA_OK;
}

/* x: the small frames; target: the large ones less their enlargement. */
static void add_target(const UpscaleConfig *c, const Clip *large, const Clip *small, Arena *a,
                       float *x, float *target)
{
    size_t pixels = small->height * small->width, values = 3 * c->factor * c->factor;
    ArenaMark mark = arena_mark(a);
    float *base = arena_alloc(a, pixels * values * sizeof *base);
    for (size_t f = 0; f < small->frames; f++, x += pixels * 3, target += pixels * values) {
        upscale_pack(clip_frame(small, f), pixels, x);
        upscale_base(x, small->height, small->width, c->factor, base);
        upscale_rows(clip_frame(large, f), small->height, small->width, c->factor, target);
        for (size_t i = 0; i < pixels * values; i++) target[i] -= base[i];
    }
    arena_rewind(a, mark);
}

/* All examples of a batch have one size: the trainer's sizes for this lesson are one. */
static SoraStatus check_sizes(const LessonUpscale *u, const LessonCall *k)
{
    const Clip *first = &k->example[0].clip;
    size_t unit = u->config.factor * (u->base ? dit_config(u->base)->patch : 1);
    if (first->height % unit || first->width % unit)
        return err_set(SORA_E_ARGUMENT,
                       "the upscaler learns from sides that are multiples of %zu, "
                       "not %zux%zu",
                       unit, first->width, first->height);
    for (size_t i = 1; i < k->count; i++) {
        const Clip *c = &k->example[i].clip;
        if (c->height != first->height || c->width != first->width || c->frames != first->frames)
            return err_set(SORA_E_ARGUMENT,
                           "the upscaler learns from examples of one size, "
                           "not %zux%zux%zu and %zux%zux%zu",
                           first->width, first->height, first->frames, c->width, c->height,
                           c->frames);
    }
    return SORA_OK;
}

static SoraStatus loss(const void *self, void *net, ParamSet *set, const LessonCall *k,
                       LessonLoss *out)
{
    (void)set;
    const LessonUpscale *u = self;
    Arena *a = tape_arena(k->tape);
    TRY(check_sizes(u, k));
    Example *small = arena_zero(a, k->count * sizeof *small);
    TRY(shrink(u, k, a, small));
    size_t made = u->base ? (size_t)((float)k->count * u->made + 0.5f) : 0;
    TRY(pass_through_base(u, k, small, made, a));

    const Clip *s = &small[0].clip;
    size_t frames = k->count * s->frames, pixels = s->height * s->width;
    size_t values = 3 * u->config.factor * u->config.factor;
    Tensor *x = tensor_new_2d(a, TYPE_F32, frames * pixels, 3);
    float *target = arena_alloc(a, frames * pixels * values * sizeof *target);
    for (size_t i = 0; i < k->count; i++)
        add_target(&u->config, &k->example[i].clip, &small[i].clip, a,
                   (float *)x->data + i * s->frames * pixels * 3,
                   target + i * s->frames * pixels * values);
    Tensor *y = upscale_forward(net, k->tape, x, frames, s->height, s->width);
    *out = (LessonLoss){ .loss = op_charbonnier(k->tape, y, target, SMALL),
                         .scale = 100, /* differences in hundredths of half the range */
                         .tokens = frames * pixels / 64 };
    return SORA_OK;
}

Lesson lesson_upscale(LessonUpscale *u, Arena *a)
{
    return (Lesson){ .kind = "upscale",
                     .config = upscale_config_write(&u->config, a),
                     .file = "upscale.safetensors",
                     .build = build,
                     .tokens = tokens,
                     .loss = loss,
                     .self = u };
}
