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
    return reader_tokens(s->frames, s->height, s->width);
}

/* Clips are made rough side by side: it takes longer than to render them. */
typedef struct Roughen {
    const LessonCall *call;
    ReadingLabels *labels;
    uint8_t **scratch; /* a frame for each clip */
} Roughen;

static void roughen(void *ctx, size_t i, int worker)
{
    const Roughen *r = ctx;
    Clip clip = r->call->example[i].clip;
    bool likeness;
    (void)worker;
    reading_roughen(&clip, rng_split(r->call->seed, i), r->scratch[i], &likeness);
    r->labels[i].answer[READ_LIKENESS] = likeness;
}

static SoraStatus label(const ReaderConfig *c, const Example *e, ReadingLabels *out)
{
    if (!e->facts || !e->view)
        return err_set(SORA_E_ARGUMENT, "the reader learns from the world: these clips come with "
                                        "captions alone");
    reading_labels(e->facts, e->view, out);
    for (size_t j = 0; j < out->actor_count; j++)
        if (out->actors[j] >= c->actors)
            return err_set(SORA_E_ARGUMENT, "actor %u is in a clip, the reader knows %zu",
                           out->actors[j], c->actors);
    return SORA_OK;
}

static SoraStatus loss(const void *self, void *net, ParamSet *set, const LessonCall *k,
                       LessonLoss *out)
{
    (void)set;
    Arena *a = tape_arena(k->tape);
    ReaderClip *clip = arena_alloc(a, k->count * sizeof *clip);
    Roughen r = { .call = k,
                  .labels = arena_alloc(a, k->count * sizeof *r.labels),
                  .scratch = arena_alloc(a, k->count * sizeof *r.scratch) };
    for (size_t i = 0; i < k->count; i++) {
        const Clip *c = &k->example[i].clip;
        TRY(label(self, &k->example[i], &r.labels[i]));
        r.scratch[i] = arena_alloc(a, c->height * c->width * 3);
        clip[i] = (ReaderClip){ c->rgb, c->frames, c->height, c->width, c->fps };
    }
    parallel_for(k->c->pool, k->count, roughen, &r);
    ReaderInput in;
    reader_pack(clip, k->count, a, &in);
    *out = (LessonLoss){ .loss = reading_loss(net, k->tape, &in, r.labels),
                         .scale = 1,
                         .tokens = in.start[in.clips] };
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
