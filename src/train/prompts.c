#include "train/prompts.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* One encoded prompt, in its generation's arena. */
typedef struct Entry {
    char *text;
    const float *states; /* [tokens, D] */
    const float *words;  /* [tokens, D], or NULL */
    const float *pooled; /* [D], or NULL */
    size_t tokens;
} Entry;

/* Two generations: when the young one is full the old one is dropped as a whole. */
typedef struct Generation {
    Arena *arena;
    Entry *table; /* [slots], open addressing; text NULL: free */
    size_t count;
} Generation;

struct Prompts {
    const TextEncoder *encoder;
    size_t capacity, slots;
    Generation young, old;
    size_t asked, missed;
};

static void generation_clear(Generation *g, size_t slots)
{
    arena_free(g->arena);
    g->arena = arena_new("prompts", 0);
    g->table = arena_zero(g->arena, slots * sizeof *g->table);
    g->count = 0;
}

Prompts *prompts_new(const TextEncoder *encoder, size_t capacity)
{
    Prompts *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->encoder = encoder;
    p->capacity = capacity;
    for (p->slots = 16; p->slots < 2 * capacity;) p->slots *= 2;
    generation_clear(&p->young, p->slots);
    generation_clear(&p->old, p->slots);
    return p;
}

void prompts_free(Prompts *p)
{
    if (!p) return;
    arena_free(p->young.arena);
    arena_free(p->old.arena);
    free(p);
}

/* The slot that holds `text`, or the free one where it would stand. */
static Entry *slot_of(const Prompts *p, const Generation *g, const char *text)
{
    uint64_t h = 0xcbf29ce484222325;
    for (const char *s = text; *s; s++) h = (h ^ (unsigned char)*s) * 0x100000001b3;
    size_t i = (size_t)(h ^ h >> 32) & (p->slots - 1);
    while (g->table[i].text && strcmp(g->table[i].text, text) != 0) i = (i + 1) & (p->slots - 1);
    return &g->table[i];
}

static const Entry *find(const Prompts *p, const char *text)
{
    const Entry *e = slot_of(p, &p->young, text);
    if (!e->text) e = slot_of(p, &p->old, text);
    return e->text ? e : NULL;
}

static const float *keep(Arena *a, const Tensor *x, size_t first, size_t rows)
{
    size_t width = tensor_width(x);
    float *copy = arena_alloc(a, rows * width * sizeof *copy);
    memcpy(copy, (const float *)x->data + first * width, rows * width * sizeof *copy);
    return copy;
}

/* Before a call with `count` prompts: from here on until it ends nothing is dropped. */
static void make_room(Prompts *p, size_t count)
{
    if (p->young.count + count <= p->capacity) return;
    Generation g = p->old;
    p->old = p->young;
    p->young = g;
    generation_clear(&p->young, p->slots);
}

static void remember(Prompts *p, const char *const *texts, size_t count, const TextStates *t)
{
    Arena *a = p->young.arena;
    for (size_t i = 0; i < count; i++) {
        Entry *e = slot_of(p, &p->young, texts[i]);
        e->text = arena_strdup(a, texts[i]);
        e->tokens = t->start[i + 1] - t->start[i];
        e->states = keep(a, t->states, t->start[i], e->tokens);
        e->words = t->words ? keep(a, t->words, t->start[i], e->tokens) : NULL;
        e->pooled = t->pooled ? keep(a, t->pooled, i, 1) : NULL;
        p->young.count++;
    }
}

static SoraStatus encode_missing(Prompts *p, const Compute *c, const char *const *prompts,
                                 size_t count, Arena *step)
{
    const char **missing = arena_alloc(step, count * sizeof *missing);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = find(p, prompts[i]) != NULL;
        for (size_t j = 0; j < n && !known; j++) known = strcmp(missing[j], prompts[i]) == 0;
        if (!known) missing[n++] = prompts[i];
    }
    p->missed += n;
    if (n == 0) return SORA_OK;
    TextStates t;
    TRY(text_encode(p->encoder, c, missing, n, step, step, &t));
    remember(p, missing, n, &t);
    return SORA_OK;
}

static void put(const Tensor *to, size_t row, const float *from, size_t rows)
{
    size_t width = tensor_width(to);
    memcpy((float *)to->data + row * width, from, rows * width * sizeof *from);
}

static void pack(const Prompts *p, const char *const *prompts, size_t count, Arena *a,
                 TextStates *out)
{
    size_t width = text_encoder_width(p->encoder);
    *out = (TextStates){ .start = arena_zero(a, (count + 1) * sizeof *out->start) };
    for (size_t i = 0; i < count; i++)
        out->start[i + 1] = out->start[i] + find(p, prompts[i])->tokens;
    out->states = tensor_new_2d(a, TYPE_F32, out->start[count], width);
    const Entry *first = find(p, prompts[0]);
    if (first->words) out->words = tensor_new_2d(a, TYPE_F32, out->start[count], width);
    if (first->pooled) out->pooled = tensor_new_2d(a, TYPE_F32, count, width);
    for (size_t i = 0; i < count; i++) {
        const Entry *e = find(p, prompts[i]);
        put(out->states, out->start[i], e->states, e->tokens);
        if (out->words) put(out->words, out->start[i], e->words, e->tokens);
        if (out->pooled) put(out->pooled, i, e->pooled, 1);
    }
}

SoraStatus prompts_encode(Prompts *p, const Compute *c, const char *const *prompts, size_t count,
                          Arena *step, Arena *out_arena, TextStates *out)
{
    if (count > p->capacity)
        return err_set(SORA_E_ARGUMENT, "%zu prompts at once, room is for %zu", count, p->capacity);
    ArenaMark mark = arena_mark(step);
    make_room(p, count);
    SoraStatus s = encode_missing(p, c, prompts, count, step);
    arena_rewind(step, mark);
    p->asked += count;
    if (s == SORA_OK) pack(p, prompts, count, out_arena, out);
    return s;
}

double prompts_miss_share(const Prompts *p)
{
    return p->asked ? (double)p->missed / (double)p->asked : 0;
}
