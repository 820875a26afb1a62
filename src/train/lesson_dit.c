#include "train/lesson_dit.h"

#include <string.h>

#include "base/rng.h"
#include "grad/ops.h"
#include "train/shortcut.h"

enum { PROMPTS_REMEMBERED = 4096 };
enum { DRAW_BATCH = 1, DRAW_DROP, DRAW_WORD };

SoraStatus lesson_dit_open(LessonDit *d, const DitConfig *model, const TextEncoder *encoder)
{
    if (model->text_width != text_encoder_width(encoder))
        return err_set(SORA_E_ARGUMENT, "the model reads text of width %zu, the encoder gives %zu",
                       model->text_width, text_encoder_width(encoder));
    *d = (LessonDit){
        .model = *model,
        .batch = { .images = levels_for_images(), .clips = levels_for_clips(), .keep = 1 },
        .drop_text = 0.1f,
        .drop_word = 0.1f,
        .prompts = prompts_new(encoder, PROMPTS_REMEMBERED)
    };
    return SORA_OK;
}

void lesson_dit_close(LessonDit *d)
{
    prompts_free(d->prompts);
    *d = (LessonDit){ 0 };
}

static SoraStatus build(const void *self, ParamSet *set, Arena *weights, void **net)
{
    const LessonDit *d = self;
    Dit *dit;
    TRY(dit_new(&d->model, set, weights, &dit));
    *net = dit;
    return SORA_OK;
}

static size_t tokens(const void *self, const ClipSize *s)
{
    const LessonDit *d = self;
    DitSequence q = { .grid = patch_grid(s->frames, s->height, s->width, d->model.patch),
                      .frame_s = s->frames > 1 };
    return q.grid.frames * dit_frame_tokens(&d->model, &q);
}

/* Without some of them the states, in which words of like meaning are alike, stay read too. */
static void drop_words(const LessonDit *d, const LessonCall *k, TextStates *t)
{
    size_t width = tensor_width(t->words);
    for (size_t i = 0; i < k->count; i++) {
        uint64_t seed = rng_split(rng_split(k->seed, DRAW_WORD), k->first + i);
        for (size_t n = t->start[i]; n < t->start[i + 1]; n++)
            if (rng_uniform(seed, n - t->start[i]) < (double)d->drop_word)
                memset((float *)t->words->data + n * width, 0, width * sizeof(float));
    }
}

static SoraStatus encode(const LessonDit *d, const LessonCall *k, TextStates *out)
{
    Arena *a = tape_arena(k->tape);
    const char **caption = arena_alloc(a, k->count * sizeof *caption);
    for (size_t i = 0; i < k->count; i++) {
        double u = rng_uniform(rng_split(k->seed, DRAW_DROP), k->first + i);
        bool drop = tape_grad(k->tape) && u < (double)d->drop_text;
        caption[i] = drop ? "" : k->example[i].caption;
    }
    TRY(prompts_encode(d->prompts, k->c, caption, k->count, a, a, out));
    if (tape_grad(k->tape) && out->words) drop_words(d, k, out);
    return SORA_OK;
}

/* The mean over predicted tokens of the squared error as velocities, not over their weights: a
 * batch that drew much noise counts as much as one that drew little. */
static SoraStatus loss(const void *self, void *net, ParamSet *set, const LessonCall *k,
                       LessonLoss *out)
{
    const LessonDit *d = self;
    TextStates text;
    TRY(encode(d, k, &text));
    if (k->fresh) {
        dit_fit_text(net, text.states, text.pooled);
        params_refresh(set, k->c);
    }
    BatchOptions o = d->batch;
    o.first = k->first;
    o.seed = rng_split(k->seed, DRAW_BATCH);
    if (!tape_grad(k->tape)) o.keep = 1, o.shortcut = 0, o.subject = 0;
    Batch b;
    batch_make(&d->model, k->c, k->example, k->count, &text, &o, tape_arena(k->tape), &b);
    if (o.shortcut > 0) shortcut_targets(net, k->c, &text, tape_arena(k->tape), &b);
    Tensor *x = dit_forward(net, k->tape, &b.input);
    *out = (LessonLoss){ .loss = op_mse(k->tape, x, b.target, b.weight),
                         .scale = b.predicted ? b.weight_sum / (float)b.predicted : 1,
                         .tokens = b.input.layout->tokens,
                         .count = (double)b.predicted };
    return SORA_OK;
}

Lesson lesson_dit(LessonDit *d, Arena *a)
{
    return (Lesson){ .kind = "dit",
                     .config = dit_config_write(&d->model, a),
                     .file = "model.safetensors",
                     .build = build,
                     .tokens = tokens,
                     .loss = loss,
                     .self = d };
}
