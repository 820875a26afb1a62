#include "train/lesson_reader.h"

#include "base/rng.h"
#include "train/reading.h"

static SoraStatus build(const void *self, ParamSet *set, Arena *weights, void **net)
{
    Reader *r;
    TRY(reader_new(self, set, weights, &r));
    *net = r;
    return SORA_OK;
}

static size_t tokens(const void *self, const ClipSize *s)
{
    (void)self;
    return patch_tokens(patch_grid(s->frames, s->height, s->width, READER_PATCH));
}

static SoraStatus loss(const void *self, void *net, ParamSet *set, const LessonCall *k,
                       LessonLoss *out)
{
    (void)set;
    const ReaderConfig *c = self;
    Arena *a = tape_arena(k->tape);
    ReaderClip *clip = arena_alloc(a, k->count * sizeof *clip);
    ReadingLabels *labels = arena_alloc(a, k->count * sizeof *labels);
    for (size_t i = 0; i < k->count; i++) {
        const Example *e = &k->example[i];
        if (!e->facts || !e->view)
            return err_set(SORA_E_ARGUMENT, "the reader learns from the world: these clips come "
                                            "with captions alone");
        Clip copy = e->clip;
        bool likeness;
        reading_labels(e->facts, e->view, &labels[i]);
        for (size_t j = 0; j < labels[i].actor_count; j++)
            if (labels[i].actors[j] >= c->actors)
                return err_set(SORA_E_ARGUMENT, "actor %u is in a clip, the reader knows %zu",
                               labels[i].actors[j], c->actors);
        reading_roughen(&copy, rng_split(k->seed, i), a, &likeness);
        labels[i].answer[READ_LIKENESS] = likeness;
        clip[i] = (ReaderClip){ copy.rgb, copy.frames, copy.height, copy.width, copy.fps };
    }
    ReaderInput in;
    reader_pack(c, clip, k->count, a, &in);
    *out = (LessonLoss){ .loss = reading_loss(net, k->tape, &in, labels),
                         .scale = 1,
                         .tokens = in.layout->tokens };
    return SORA_OK;
}

Lesson lesson_reader(const ReaderConfig *config, Arena *a)
{
    return (Lesson){ .kind = "reader",
                     .config = reader_config_write(config, a),
                     .file = "reader.safetensors",
                     .build = build,
                     .tokens = tokens,
                     .loss = loss,
                     .self = (void *)config };
}
