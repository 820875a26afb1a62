#include "eval/read_suite.h"

#include <string.h>

#include "base/size.h"
#include "pipeline/read.h"

enum { BATCH = 32, SMEAR = 3 };

void read_suite_smear(Clip *c, size_t radius, uint8_t *scratch)
{
    size_t h = c->height, w = c->width;
    for (size_t f = 0; f < c->frames; f++) {
        uint8_t *rgb = clip_frame(c, f);
        memcpy(scratch, rgb, h * w * 3);
        for (size_t y = 0; y < h; y++)
            for (size_t x = 0; x < w; x++) {
                size_t top = y > radius ? y - radius : 0, left = x > radius ? x - radius : 0;
                size_t low = size_min(h - 1, y + radius), right = size_min(w - 1, x + radius);
                size_t sum[3] = { 0 }, n = (low - top + 1) * (right - left + 1);
                for (size_t i = top; i <= low; i++)
                    for (size_t j = left; j <= right; j++)
                        for (size_t k = 0; k < 3; k++) sum[k] += scratch[(i * w + j) * 3 + k];
                for (size_t k = 0; k < 3; k++)
                    rgb[(y * w + x) * 3 + k] = (uint8_t)((sum[k] + n / 2) / n);
            }
    }
}

/* A batch of clips, what they show and what was read in them. */
typedef struct Batch {
    DrawBatch drawn;
    ReadingLabels labels[BATCH];
    Reading reading[BATCH];
} Batch;

typedef struct Rooms {
    Arena *step, *read; /* work; readings of one batch */
} Rooms;

static SoraStatus read_batch(const ReadSuite *s, Rooms *r, Reading *out, DrawBatch *drawn)
{
    Clip clips[BATCH];
    for (size_t i = 0; i < drawn->count; i++) clips[i] = drawn->clip[i].clip;
    return read_clips(s->reader, s->c, clips, drawn->count, r->step, r->read, out);
}

/* Hands batch after batch to `take`. */
static SoraStatus each_batch(const ReadSuite *s, Rooms *r,
                             SoraStatus (*take)(void *self, Rooms *r, Batch *b), void *self)
{
    SoraStatus status = SORA_OK;
    for (size_t i = 0; i < s->count && status == SORA_OK; i += BATCH) {
        Batch b = { 0 };
        size_t n = size_min(BATCH, s->count - i);
        arena_rewind(r->read, (ArenaMark){ 0 });
        status = draw_clips(&s->draw, s->c->pool, i, n, &b.drawn);
        if (status == SORA_OK) status = read_batch(s, r, b.reading, &b.drawn);
        for (size_t k = 0; k < b.drawn.count && status == SORA_OK; k++)
            reading_labels(&b.drawn.clip[k].facts, &b.drawn.clip[k].view, &b.labels[k]);
        if (status == SORA_OK) status = take(self, r, &b);
        draw_free(&b.drawn);
        if (status == SORA_OK)
            status = draw_progress(&s->progress, (double)(i + n), (double)s->count);
    }
    return status;
}

static SoraStatus with_rooms(const ReadSuite *s, SoraStatus (*take)(void *self, Rooms *r, Batch *b),
                             void *self)
{
    Rooms r = { arena_new("step", 0), arena_new("readings", 0) };
    SoraStatus status = r.step && r.read ? each_batch(s, &r, take, self)
                                         : err_set(SORA_E_MEMORY, "no memory for a suite");
    arena_free(r.step);
    arena_free(r.read);
    return status;
}

/* ---- how well -------------------------------------------------------------------------- */

typedef struct Run {
    const ReadSuite *s;
    ReadReport *out;
} Run;

static void add_actors(Run *run, const ReadingLabels *l, const Reading *x)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(run->s->reader, x, l->actor_count, best);
    for (size_t j = 0; j < l->actor_count; j++) {
        bool found = false;
        for (size_t i = 0; i < n; i++) found |= best[i] == l->actors[j];
        if (l->seen[j])
            score_add(&run->out->actor[l->actors[j]], found,
                      (double)reading_presence(run->s->reader, x, l->actors[j]));
    }
}

static SoraStatus take_scores(void *self, Rooms *r, Batch *b)
{
    Run *run = self;
    for (size_t i = 0; i < b->drawn.count; i++) {
        read_scores_add(&run->out->scores, run->s->reader, &b->labels[i], &b->reading[i], NULL);
        add_actors(run, &b->labels[i], &b->reading[i]);
    }
    uint8_t *scratch =
        arena_alloc(r->read, b->drawn.clip[0].clip.height * b->drawn.clip[0].clip.width * 3);
    for (size_t i = 0; i < b->drawn.count; i++)
        read_suite_smear(&b->drawn.clip[i].clip, SMEAR, scratch);
    TRY(read_batch(run->s, r, b->reading, &b->drawn));
    for (size_t i = 0; i < b->drawn.count; i++)
        run->out->smeared += (double)b->reading[i].head[READ_LIKENESS][1];
    return SORA_OK;
}

SoraStatus read_suite_run(const ReadSuite *s, Arena *a, ReadReport *out)
{
    Run run = { s, out };
    *out = (ReadReport){ .actor =
                             arena_zero(a, reader_config(s->reader)->actors * sizeof *out->actor) };
    return with_rooms(s, take_scores, &run);
}

/* ---- temperatures ---------------------------------------------------------------------- */

typedef struct Fit {
    const ReadSuite *s;
    const ReaderConfig *c;
    size_t rows, actors;
    float *p[READ_HEADS], *weight[READ_HEADS], *present;
    uint32_t *label[READ_HEADS];
    bool *right;
} Fit;

/* Of the most probable actors, as many as are there: how sure it was, and whether it was right. */
static void keep_actors(Fit *f, const ReadingLabels *l, const Reading *x)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(f->s->reader, x, l->actor_count, best);
    for (size_t i = 0; i < n; i++) {
        f->present[f->actors] = reading_presence(f->s->reader, x, best[i]);
        f->right[f->actors] = false;
        for (size_t j = 0; j < l->actor_count; j++)
            f->right[f->actors] |= l->seen[j] && l->actors[j] == best[i];
        f->actors++;
    }
}

static SoraStatus take_rows(void *self, Rooms *r, Batch *b)
{
    Fit *f = self;
    (void)r;
    for (size_t i = 0; i < b->drawn.count; i++, f->rows++) {
        for (int h = 0; h < READ_HEADS; h++) {
            size_t n = f->c->answers[h];
            memcpy(f->p[h] + f->rows * n, b->reading[i].head[h], n * sizeof(float));
            f->label[h][f->rows] = b->labels[i].answer[h];
            f->weight[h][f->rows] = b->labels[i].weight[h];
        }
        keep_actors(f, &b->labels[i], &b->reading[i]);
    }
    return SORA_OK;
}

SoraStatus read_suite_fit(const ReadSuite *s, ReaderTemperature *out)
{
    Arena *a = arena_new("fit", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory to fit temperatures");
    Fit f = { .s = s, .c = reader_config(s->reader) };
    size_t most = s->count * FACTS_ACTORS_MAX;
    for (int h = 0; h < READ_HEADS; h++) {
        f.p[h] = arena_alloc(a, s->count * f.c->answers[h] * sizeof(float));
        f.weight[h] = arena_alloc(a, s->count * sizeof(float));
        f.label[h] = arena_alloc(a, s->count * sizeof(uint32_t));
    }
    f.present = arena_alloc(a, most * sizeof *f.present);
    f.right = arena_alloc(a, most * sizeof *f.right);
    SoraStatus status = with_rooms(s, take_rows, &f);
    for (int h = 0; h < READ_HEADS && status == SORA_OK; h++)
        out->head[h] = score_temperature(f.p[h], f.rows, f.c->answers[h], f.label[h], f.weight[h]);
    out->head[READ_LIKENESS] = 1; /* every clip here is whole: there is nothing to fit */
    score_platt(f.present, f.right, f.actors, out->presence);
    arena_free(a);
    return status;
}
