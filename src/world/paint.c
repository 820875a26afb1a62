#include "world/paint.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "world/paint_backdrop.h"
#include "world/paint_body.h"

/* Smooth noise that repeats: a random lattice, and the same with finer grain. */
static void make_noise(Painter *p, uint64_t seed)
{
    enum { COARSE = 16, STEP = NOISE_SIDE / COARSE, HALF = NOISE_SIDE / 2 };
    uint8_t lattice[COARSE][COARSE], fine[HALF][HALF];
    uint64_t h = rng_u64(seed, 0) | 1;
    for (int i = 0; i < COARSE * COARSE + HALF * HALF; i++) {
        h ^= h << 13, h ^= h >> 7, h ^= h << 17;
        if (i < COARSE * COARSE)
            lattice[i / COARSE][i % COARSE] = (uint8_t)(h >> 20);
        else
            fine[i / HALF % HALF][i % HALF] = (uint8_t)(h >> 20);
    }
    uint8_t *soft = arena_alloc(p->arena, NOISE_SIDE * NOISE_SIDE);
    uint8_t *noise = arena_alloc(p->arena, NOISE_SIDE * NOISE_SIDE);
    for (int y = 0; y < NOISE_SIDE; y++)
        for (int x = 0; x < NOISE_SIDE; x++) {
            int f = x % STEP, g = y % STEP, i = x / STEP, k = (i + 1) % COARSE;
            const uint8_t *r0 = lattice[y / STEP], *r1 = lattice[(y / STEP + 1) % COARSE];
            int s = (r0[i] * (STEP - f) + r0[k] * f) * (STEP - g) +
                    (r1[i] * (STEP - f) + r1[k] * f) * g;
            soft[y * NOISE_SIDE + x] = (uint8_t)(s / (STEP * STEP));
            noise[y * NOISE_SIDE + x] =
                (uint8_t)((s / (STEP * STEP) * 11 + fine[y / 2][x / 2] * 5) / 16);
        }
    p->soft = soft, p->noise = noise;
}

/* Behind everybody, wherever they go. */
static float wall_depth(const Stage *s)
{
    if (s->facts.scene != SCENE_ROOM && s->facts.scene != SCENE_STAGE) return 0;
    float far = 2;
    for (size_t k = 0; k < s->frames; k++) {
        for (int i = 0; i < s->facts.actors; i++) far = fmaxf(far, s->frame[k].actor[i].depth);
        for (int i = 0; i < s->facts.props; i++) far = fmaxf(far, s->frame[k].prop[i].depth);
    }
    return far * 1.25f;
}

static void to_rgb(const Canvas *c, uint8_t *rgb)
{
    size_t n = (size_t)c->width * (size_t)c->height;
    for (size_t i = 0; i < n; i++, rgb += 3) {
        rgb[0] = (uint8_t)c->px[i];
        rgb[1] = (uint8_t)(c->px[i] >> 8);
        rgb[2] = (uint8_t)(c->px[i] >> 16);
    }
}

/* Items from the `first` on and bodies, in one order. */
static void things(const Painter *p, const Backdrop *b, const Eye *e, const StageFrame *f,
                   Canvas *c)
{
    Drawn body[BODIES_MAX];
    int n = bodies_of(p, f, body), next = 0;
    for (int i = b->first; i < p->items; i++) {
        const Item *m = &p->item[i];
        if (m->air) continue;
        while (next < n && body[next].pose->depth > m->depth) body_paint(p, e, &body[next++], c);
        backdrop_item(p, b, e, i, c);
    }
    while (next < n) body_paint(p, e, &body[next++], c);
}

void paint_clip(const Cast *cast, const Stage *stage, Arena *a, Clip *out)
{
    ArenaMark mark = arena_mark(a);
    Painter *p = arena_zero(a, sizeof *p);
    p->cast = cast, p->stage = stage, p->arena = a;
    p->seed = rng_split(stage->seed, 'p');
    p->scale = (float)out->height;
    p->look = look_of(stage);
    p->wall_depth = wall_depth(stage);
    make_noise(p, rng_split(p->seed, 'n'));
    scene_dress(p);
    Backdrop b;
    backdrop_make(p, (int)out->width, (int)out->height, &b);
    Canvas c = { (int)out->width, (int)out->height,
                 arena_alloc(a, out->width * out->height * sizeof(uint32_t)) };
    for (size_t k = 0; k < stage->frames; k++) {
        const StageFrame *f = &stage->frame[k];
        Eye e = { .camera = f->camera, .time_s = (float)f->time_s };
        backdrop_paint(p, &b, &e, &c);
        air_under(p, &e, &c);
        things(p, &b, &e, f, &c);
        air_over(p, &e, &c);
        weather_paint(p, &e, &c);
        to_rgb(&c, clip_frame(out, k));
    }
    arena_rewind(a, mark);
}
