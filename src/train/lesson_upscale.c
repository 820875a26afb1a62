#include "train/lesson_upscale.h"

#include "base/rng.h"
#include "grad/ops.h"
#include "media/resize.h"
#include "pipeline/generate.h"

enum { DRAW_MADE = 1, DRAW_STRENGTH };
enum { STEPS = 12 }; /* from noise alone: of them a clip takes the share that its strength is */

void lesson_upscale_open(LessonUpscale *u, const UpscaleConfig *config, const Bundle *base)
{
    *u = (LessonUpscale){
        .config = *config, .base = base && base->dit ? base : NULL, .made = 0.85f, .edges = 0.5f
    };
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

/* Small pictures in the shape of the examples, shrunk by area. */
static SoraStatus shrink(const LessonUpscale *u, const LessonCall *k, Arena *a, Example *small)
{
    for (size_t i = 0; i < k->count; i++) {
        const Clip *c = &k->example[i].clip;
        small[i].caption = k->example[i].caption;
        ResizeOptions o = { .height = c->height / u->config.factor,
                            .width = c->width / u->config.factor,
                            .filter = RESIZE_AREA };
        TRY(resize_clip(c, &o, a, &small[i].clip));
    }
    return SORA_OK;
}

/* In place of the small clips comes what the video model makes of them after some noise (SDEdit),
 * the way it makes clips for people: what it blurs, tears and exaggerates is to be mended. */
static SoraStatus pass_through_base(const LessonUpscale *u, const LessonCall *k, Example *small,
                                    Arena *a)
{
    for (size_t i = 0; u->base && i < k->count; i++) {
        uint64_t number = k->first + i;
        if (!(rng_uniform(rng_split(k->seed, DRAW_MADE), number) < (double)u->made)) continue;
        double draw = rng_uniform(rng_split(k->seed, DRAW_STRENGTH), number);
        const Clip *source = &small[i].clip;
        Condition given = { .source = source, .strength = 0.2 + 0.3 * draw };
        GenerateOptions o = generate_options_default();
        o.prompt = small[i].caption;
        o.seed = rng_split(k->seed, number);
        o.frames = source->frames, o.height = source->height, o.width = source->width;
        o.fps = source->frames > 1 ? source->fps : o.fps;
        o.steps = STEPS;
        o.condition = &given;
        Clip made;
        TRY(generate_clip(u->base, k->c, &o, a, &made));
        small[i].clip = made;
    }
    return SORA_OK;
}

/* x: the small frames; base: their enlargement; target: the large ones. */
static void add_frames(const UpscaleConfig *c, const Clip *large, const Clip *small, float *x,
                       float *base, float *target)
{
    size_t pixels = small->height * small->width, values = 3 * c->factor * c->factor;
    for (size_t f = 0; f < small->frames; f++) {
        upscale_pack(clip_frame(small, f), pixels, x + f * pixels * 3);
        upscale_base(x + f * pixels * 3, small->height, small->width, c->factor,
                     base + f * pixels * values);
        upscale_rows(clip_frame(large, f), small->height, small->width, c->factor,
                     target + f * pixels * values);
    }
}

/* All examples of a batch have one size: the trainer's sizes for this lesson are one. */
static SoraStatus check_sizes(const LessonUpscale *u, const LessonCall *k)
{
    const Clip *first = &k->example[0].clip;
    size_t unit = u->config.factor * (u->base ? u->base->config.patch : 1);
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
    TRY(pass_through_base(u, k, small, a));

    const Clip *s = &small[0].clip;
    size_t frames = k->count * s->frames, pixels = s->height * s->width;
    size_t values = 3 * u->config.factor * u->config.factor;
    Tensor *x = tensor_new_2d(a, TYPE_F32, frames * pixels, 3);
    float *base = arena_alloc(a, frames * pixels * values * sizeof *base);
    float *target = arena_alloc(a, frames * pixels * values * sizeof *target);
    for (size_t i = 0; i < k->count; i++) {
        size_t first = i * s->frames * pixels;
        add_frames(&u->config, &k->example[i].clip, &small[i].clip, (float *)x->data + first * 3,
                   base + first * values, target + first * values);
    }
    PictureLoss picture = { .frames = frames,
                            .height = s->height,
                            .width = s->width,
                            .factor = u->config.factor,
                            .base = base,
                            .target = target,
                            .edges = u->edges };
    Tensor *y = upscale_forward(net, k->tape, x, frames, s->height, s->width);
    *out = (LessonLoss){ .loss = op_picture_loss(k->tape, y, &picture),
                         .scale = 100, /* percent of half of the range */
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
