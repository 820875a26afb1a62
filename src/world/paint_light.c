#include "world/painter.h"

#include <math.h>

#include "base/rng.h"

float paint_draw(uint64_t seed, uint64_t tag, float low, float high)
{
    return low + (high - low) * (float)rng_uniform(seed, tag);
}

/* Grounds by day, and the haze of each scene. */
typedef struct Place {
    Hex far, near, alt; /* alt: of patches */
    float haze;
    bool outdoor;
} Place;

static const Place PLACE[SCENE_COUNT] = {
    [SCENE_MEADOW] = { 0x9fd46a, 0x5aa83a, 0x8fc84e, 0.10f, true },
    [SCENE_FOREST] = { 0x86b566, 0x4a8a40, 0x6f9c48, 0.16f, true },
    [SCENE_BEACH] = { 0xf3dfae, 0xecc987, 0xdfb672, 0.08f, true },
    [SCENE_SEA_FLOOR] = { 0x4fb0c4, 0xd9c48c, 0xc2b07e, 0.40f, false },
    [SCENE_SNOW] = { 0xdfeaf6, 0xeef5fc, 0xd4e3f4, 0.14f, true },
    [SCENE_DESERT] = { 0xf2c98a, 0xe0a45c, 0xcf8f4c, 0.12f, true },
    [SCENE_CITY] = { 0xb9bcc4, 0x8d929c, 0xc4c3c4, 0.10f, true },
    [SCENE_NIGHT_CITY] = { 0x6d7290, 0x4d5270, 0x62678a, 0.10f, true },
    [SCENE_ROOM] = { 0xc79a6b, 0xdcb384, 0xd0a273, 0, false },
    [SCENE_STAGE] = { 0x8a5636, 0xb87a4c, 0xa8693e, 0, false },
    [SCENE_SPACE] = { 0x101428, 0x101428, 0x101428, 0, false },
    [SCENE_SKY] = { 0x9fd2f5, 0xd8effc, 0xd8effc, 0, true },
    [SCENE_MOUNTAIN] = { 0xa3c07c, 0x6f9a55, 0x93b35e, 0.16f, true },
    [SCENE_RIVER] = { 0x98cf6e, 0x5dab45, 0x83c252, 0.12f, true },
    [SCENE_FARM] = { 0xb5d36a, 0x8bb04a, 0x9dbb50, 0.10f, true },
    [SCENE_PLAYGROUND] = { 0xa6d67a, 0x72b954, 0x8fca62, 0.10f, true },
};

static const Gradient SKY[TIME_COUNT][3] = {
    [TIME_DAY] = { { 4, { 0, 0.45f, 0.8f, 1 }, { 0x3f97ec, 0x7cc0f6, 0xb5defb, 0xe2f4fd } },
                   { 4, { 0, 0.45f, 0.8f, 1 }, { 0x4aa8e0, 0x86cdf0, 0xc0e8f6, 0xf3f8ea } },
                   { 4, { 0, 0.5f, 0.85f, 1 }, { 0x5b8fe6, 0x93b9f3, 0xc6dbfa, 0xfbeee6 } } },
    [TIME_DUSK] = { { 4, { 0, 0.45f, 0.78f, 1 }, { 0x3c4a8e, 0x9566a4, 0xee8a6c, 0xffcf8a } },
                    { 4, { 0, 0.4f, 0.75f, 1 }, { 0x5a5596, 0xb56d98, 0xf79a6a, 0xffdd9c } },
                    { 4, { 0, 0.5f, 0.8f, 1 }, { 0x4a3f78, 0xa1547f, 0xe87a5c, 0xffb870 } } },
    [TIME_NIGHT] = { { 4, { 0, 0.45f, 0.8f, 1 }, { 0x0b1236, 0x17265c, 0x2b4285, 0x4c66ab } },
                     { 4, { 0, 0.45f, 0.8f, 1 }, { 0x101034, 0x221f5e, 0x3a3a86, 0x5f62ac } },
                     { 4, { 0, 0.5f, 0.85f, 1 }, { 0x081a33, 0x123456, 0x1f5078, 0x447a9c } } },
};

Hex look_grade(const Stage *s, Hex c)
{
    float r = (float)(c >> 16 & 255), g = (float)(c >> 8 & 255), b = (float)(c & 255);
    Scene scene = s->facts.scene;
    bool inside = scene == SCENE_ROOM || scene == SCENE_STAGE;
    if (scene == SCENE_NIGHT_CITY || scene == SCENE_SPACE) return c;
    if (s->facts.time == TIME_DUSK) {
        float k = inside || scene == SCENE_SEA_FLOOR ? 0.5f : 1;
        r += k * (0.02f * r + 4), g -= k * (0.17f * g), b -= k * (0.22f * b - 10);
    }
    if (s->facts.time == TIME_NIGHT && inside) { /* by lamplight */
        r = 0.62f * r + 4, g = 0.52f * g + 4, b = 0.5f * b + 14;
    } else if (s->facts.time == TIME_NIGHT) {
        float luma = 0.3f * r + 0.59f * g + 0.11f * b, k = 0.46f;
        float keep = 0.75f;
        r = k * (luma + keep * (r - luma)) * 0.72f + 5;
        g = k * (luma + keep * (g - luma)) * 0.92f + 10;
        b = k * (luma + keep * (b - luma)) * 1.35f + 26;
    }
    r = r > 255 ? 255 : r, g = g > 255 ? 255 : g, b = b > 255 ? 255 : b;
    return (Hex)r << 16 | (Hex)g << 8 | (Hex)b;
}

static Tint tint_of(const Stage *s, bool actor)
{
    Scene scene = s->facts.scene;
    bool inside = scene == SCENE_ROOM || scene == SCENE_STAGE;
    Tint t = TINT_NONE;
    if (scene == SCENE_SPACE) return t;
    if (s->facts.time == TIME_DUSK)
        t = inside ? (Tint){ { 256, 240, 225 }, { 6, 0, 0 } }
                   : (Tint){ { 256, 222, 200 }, { 10, 2, 6 } };
    if (s->facts.time == TIME_NIGHT || scene == SCENE_NIGHT_CITY) {
        t = actor ? (Tint){ { 186, 196, 232 }, { 12, 16, 26 } }
                  : (Tint){ { 96, 112, 168 }, { 8, 12, 28 } };
        if (inside)
            t = actor ? (Tint){ { 244, 226, 210 }, { 8, 6, 8 } }
                      : (Tint){ { 170, 150, 144 }, { 6, 6, 14 } };
    }
    if (scene == SCENE_SEA_FLOOR) {
        float k = s->facts.time == TIME_NIGHT ? 0.9f : 1;
        t.mul[0] = (uint16_t)(t.mul[0] * 0.82f * k), t.mul[1] = (uint16_t)(t.mul[1] * 0.96f * k);
        t.add[1] += 8, t.add[2] += 14;
    }
    return t;
}

static void sky_of(const Stage *s, Look *l, uint64_t seed)
{
    DayTime time = s->facts.scene == SCENE_NIGHT_CITY ? TIME_NIGHT : s->facts.time;
    l->sky = SKY[time][rng_below(seed, 1, 3)];
    bool grey = s->facts.weather == WEATHER_RAIN || s->facts.weather == WEATHER_SNOW ||
                s->facts.weather == WEATHER_FOG;
    static const Hex GREY[TIME_COUNT] = { 0xb9c6d2, 0xa08a94, 0x2e3a58 };
    if (grey)
        for (int i = 0; i < l->sky.stops; i++)
            l->sky.color[i] = canvas_blend(l->sky.color[i], GREY[time], 0.62f);
    if (s->facts.scene == SCENE_SPACE)
        l->sky = (Gradient){ 4, { 0, 0.4f, 0.75f, 1 }, { 0x070a1e, 0x0d1232, 0x191844, 0x2a1e52 } };
    if (s->facts.scene == SCENE_STAGE)
        l->sky = (Gradient){ 2, { 0, 1 }, { look_grade(s, 0x6e1630), look_grade(s, 0x9a2440) } };
    if (s->facts.scene == SCENE_SEA_FLOOR)
        l->sky = (Gradient){ 3,
                             { 0, 0.5f, 1 },
                             { look_grade(s, 0x5fd0ea), look_grade(s, 0x2f9fce),
                               look_grade(s, 0x2a86b8) } };
    l->haze = l->sky.color[l->sky.stops - 1];
    l->sun = l->outdoor && time != TIME_NIGHT && !grey;
    l->moon = l->outdoor && time == TIME_NIGHT && s->facts.weather != WEATHER_FOG;
    l->stars = time == TIME_NIGHT && !grey && l->outdoor;
    l->lamps = time == TIME_NIGHT;
    l->sun_x = paint_draw(seed, 2, 0.14f, 0.86f);
    l->sun_y = paint_draw(seed, 3, 0.12f, 0.22f);
    if (time == TIME_DUSK) l->sun_y = s->view.horizon - paint_draw(seed, 3, 0.02f, 0.09f);
    if (time == TIME_DUSK && !s->view.ground) l->sun_y = 0.84f;
}

Look look_of(const Stage *s)
{
    uint64_t seed = rng_split(s->seed, 'l');
    const Place *p = &PLACE[s->facts.scene];
    Look l = { .outdoor = p->outdoor, .haze_by_depth = p->haze };
    sky_of(s, &l, seed);
    float warm = paint_draw(seed, 4, 0, 1);
    l.ground_far = look_grade(s, canvas_blend(p->far, canvas_scale(p->far, 1.08f), warm));
    l.ground_near = look_grade(s, canvas_blend(p->near, canvas_scale(p->near, 1.12f), warm));
    l.ground_alt =
        look_grade(s, canvas_blend(p->alt, canvas_scale(p->alt, 1.1f), paint_draw(seed, 5, 0, 1)));
    l.scenery = tint_of(s, false);
    l.actor = tint_of(s, true);
    l.light_x = l.sun_x < 0.5f ? -1 : 1;
    l.shadow = s->facts.time == TIME_NIGHT ? 0.5f : 0.42f;
    if (s->facts.weather == WEATHER_FOG) l.haze_by_depth += 0.5f, l.shadow *= 0.6f;
    if (s->facts.weather == WEATHER_RAIN || s->facts.weather == WEATHER_SNOW)
        l.haze_by_depth += 0.12f, l.shadow *= 0.7f;
    return l;
}

Tint look_tint(const Look *l, const Tint *t, float depth)
{
    float h = depth > 1 ? 1 - expf(-(depth - 1) * l->haze_by_depth) : 0;
    Tint out = TINT_NONE;
    for (int i = 0; i < 3; i++) {
        float haze = (float)(l->haze >> (16 - 8 * i) & 255);
        out.mul[i] = (uint16_t)((float)t->mul[i] * (1 - h));
        out.add[i] = (uint16_t)((float)t->add[i] * (1 - h) + haze * h);
    }
    return out;
}

/* Mean light of a sprite's first frame, 0 .. 1. */
static float luma_of(const Sprite *s)
{
    const SpriteLevel *v = &s->level[SPRITE_LEVELS - 1];
    float sum = 0, alpha = 1;
    for (int i = 0; i < v->width * v->height; i++) {
        const uint8_t *q = v->rgba + i * 4;
        sum += 0.3f * q[0] + 0.59f * q[1] + 0.11f * q[2], alpha += q[3];
    }
    return sum / alpha;
}

Tint look_actor(const Look *l, const Sprite *s)
{
    Tint t = l->actor;
    float dark = 0.45f - luma_of(s);
    if (!l->lamps || dark <= 0) return t;
    for (int i = 0; i < 3; i++) {
        t.mul[i] = (uint16_t)(t.mul[i] + (256 - t.mul[i]) * 0.7f);
        t.add[i] = (uint16_t)(t.add[i] + dark * (i == 2 ? 150 : 110));
    }
    return t;
}
