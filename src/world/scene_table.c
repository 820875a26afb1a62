#include "world/scene_dress.h"

#define CLOUDS(lo, hi, gap)                                                                        \
    { .id = { "cloud" }, .near = 0.02f, .far = 0.26f, .low = lo, .high = hi, .every = gap, .air = true }
#define SPRITES(n, f, lo, hi, gap, ...)                                                            \
    { .id = { __VA_ARGS__ }, .near = n, .far = f, .low = lo, .high = hi, .every = gap }
#define LETTERED(n, f, lo, hi, gap, ...)                                                           \
    { .id = { __VA_ARGS__ }, .near = n, .far = f, .low = lo, .high = hi, .every = gap, .letters = true }
#define DRAWN(k, n, f, lo, hi, gap, ...)                                                           \
    { .kind = ITEM_##k, .near = n, .far = f, .low = lo, .high = hi, .every = gap, .color = { __VA_ARGS__ } }
#define GRASS(gap) DRAWN(TUFT, 0.78f, 3, 0.05f, 0.085f, gap, 0x6cbb42, 0x83c94f, 0x58a63c)
#define FLOWERS(gap) SPRITES(1.15f, 2.8f, 0.07f, 0.1f, gap, "blossom", "hyacinth", "hibiscus", "herb")

const Dress scene_dresses[SCENE_COUNT] = {
    [SCENE_MEADOW] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_HILL, 16, 0.085f, 0.05f, 1.1f, 0xa3cfc0, 0xb9dcb4 },
                   { RIDGE_HILL, 9, 0.05f, 0.035f, 0.9f, 0x9bd07c, 0x8bc968 },
                   { RIDGE_HILL, 5, 0.015f, 0.025f, 1.3f, 0x93cc62, 0x9ed169 } },
        .plant = { CLOUDS(0.07f, 0.16f, 0.5f),
                   SPRITES(2.2f, 5, 0.7f, 0.95f, 0.28f, "tree", "evergreen", "tree"),
                   LETTERED(3, 4.5f, 0.75f, 0.9f, 1.5f, "house", "house_garden"),
                   FLOWERS(0.22f), GRASS(0.05f) } },
    [SCENE_FOREST] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_TREES, 14, 0.14f, 0.16f, 0.09f, 0x8fc0a0, 0x9ccaa2 },
                   { RIDGE_TREES, 10, 0.05f, 0.15f, 0.11f, 0x6fae7c, 0x80b884 } },
        .plant = { SPRITES(3, 6, 1.15f, 1.6f, 0.1f, "evergreen", "tree", "evergreen"),
                   SPRITES(1.7f, 2.8f, 1.1f, 1.4f, 0.34f, "evergreen", "tree"),
                   SPRITES(1.3f, 2, 0.16f, 0.2f, 1.6f, "log"),
                   SPRITES(1.1f, 2.4f, 0.08f, 0.13f, 0.3f, "herb", "seedling"),
                   DRAWN(ROCK, 1.4f, 3, 0.1f, 0.16f, 0.9f, 0x9aa39a, 0x8d968c),
                   DRAWN(TUFT, 0.78f, 3, 0.06f, 0.1f, 0.045f, 0x579a45, 0x6aab4c, 0x468a42) } },
    [SCENE_BEACH] = {
        .footing = FOOTING_MOUND,
        .ridge = { { 0 } },
        .plant = { CLOUDS(0.07f, 0.17f, 0.5f), SPRITES(9, 13, 1.3f, 2, 1.5f, "island"),
                   SPRITES(1.25f, 1.5f, 0.75f, 0.95f, 0.8f, "palm"),
                   DRAWN(ROCK, 1.15f, 1.35f, 0.07f, 0.13f, 0.8f, 0xb5a899, 0xa89d92),
                   DRAWN(TUFT, 0.8f, 1.3f, 0.05f, 0.08f, 0.5f, 0xa9b565, 0x9bad5c) } },
    [SCENE_SEA_FLOOR] = {
        .footing = FOOTING_MOUND,
        .ridge = { { RIDGE_HILL, 12, 0.12f, 0.07f, 0.8f, 0x2f95c0, 0x3aa2c2 },
                   { RIDGE_PEAKS, 8, 0.0f, 0.13f, 0.3f, 0x3a9dbb, 0x4dacbc },
                   { RIDGE_HILL, 4.5f, 0.02f, 0.04f, 0.7f, 0x56b0b6, 0x6fbcb4 } },
        .plant = { { .id = { "jellyfish" }, .near = 0.05f, .far = 0.4f, .low = 0.07f, .high = 0.12f,
                     .every = 1.6f, .air = true },
                   DRAWN(CORAL, 1.3f, 3.4f, 0.18f, 0.3f, 0.24f, 0xff7f8e, 0xffa45c, 0xb57de0, 0xf25f8a),
                   DRAWN(WEED, 1.25f, 3.6f, 0.3f, 0.55f, 0.22f, 0x49b36b, 0x6fc06a, 0x2f9d7e),
                   DRAWN(ROCK, 1.2f, 3.5f, 0.12f, 0.24f, 0.4f, 0x8c98a8, 0x7d8fa0),
                   DRAWN(TUFT, 0.8f, 1.6f, 0.05f, 0.09f, 0.2f, 0x5fb88a, 0x7cc08a) } },
    [SCENE_SNOW] = {
        .footing = FOOTING_MOUND,
        .ridge = { { RIDGE_PEAKS, 22, 0.0f, 0.3f, 0.42f, 0x9fb4d6, 0xcbdaec, 0xfdfeff },
                   { RIDGE_HILL, 8, 0.05f, 0.04f, 0.9f, 0xe6f0fb, 0xd3e2f4 },
                   { RIDGE_HILL, 5, 0.015f, 0.03f, 1.2f, 0xf0f6fd, 0xe0ebf8 } },
        .plant = { CLOUDS(0.06f, 0.14f, 0.6f),
                   SPRITES(2, 6, 0.65f, 0.95f, 0.2f, "evergreen"),
                   LETTERED(2.8f, 4.2f, 0.7f, 0.8f, 1.6f, "house", "camping"),
                   DRAWN(ROCK, 1.3f, 3, 0.08f, 0.15f, 0.8f, 0xa9b4c6, 0x98a6ba) } },
    [SCENE_DESERT] = {
        .footing = FOOTING_MOUND,
        .ridge = { { RIDGE_DUNE, 16, 0.06f, 0.05f, 1.0f, 0xf3d3a0, 0xedc48a },
                   { RIDGE_DUNE, 9, 0.035f, 0.04f, 1.2f, 0xf0c380, 0xe8b26c },
                   { RIDGE_DUNE, 5, 0.005f, 0.03f, 1.5f, 0xecb870, 0xe7ae66 } },
        .plant = { CLOUDS(0.05f, 0.1f, 1.1f),
                   DRAWN(CACTUS, 1.5f, 5, 0.45f, 0.75f, 0.42f, 0x6fae5a, 0x5d9f5c),
                   DRAWN(ROCK, 1.3f, 4, 0.1f, 0.24f, 0.45f, 0xc98f5e, 0xb9825a),
                   DRAWN(TUFT, 0.8f, 2.2f, 0.04f, 0.07f, 0.3f, 0xb8a95a, 0xa99d58) } },
    [SCENE_CITY] = {
        .ridge = { { RIDGE_SKYLINE, 18, 0, 0.3f, 0.5f, 0xbccadd, 0xcdd8e6 },
                   { RIDGE_SKYLINE, 12, 0, 0.2f, 0.4f, 0xa9bad0, 0xc0cddd } },
        .pattern = PATTERN_TILES,
        .zone = { { 1.5f, 0xd9d6cf, 0xcdcac4, PATTERN_NONE }, { 1.455f, 0x767c88, 0x6c727e, PATTERN_NONE },
                  { 1.13f, 0x767c88, 0x6c727e, PATTERN_DASHES }, { 1.09f, 0x767c88, 0x6c727e, PATTERN_NONE },
                  { 0.8f, 0xd9d6cf, 0xcdcac4, PATTERN_NONE }, { 0.785f, 0xb9bcc4, 0xaaadb6, PATTERN_TILES } },
        .plant = { CLOUDS(0.07f, 0.16f, 0.6f),
                   LETTERED(2.5f, 3, 1.0f, 1.5f, 0.3f, "office", "hotel", "department_store", "hospital", "bank", "school", "shop"),
                   SPRITES(1.75f, 1.95f, 0.55f, 0.68f, 0.7f, "tree"),
                   LETTERED(1.6f, 1.65f, 0.3f, 0.38f, 1.5f, "bus_stop", "fountain", "statue"),
                   DRAWN(LAMP, 1.56f, 1.57f, 0.72f, 0.74f, 0.75f, 0x5b6270) } },
    [SCENE_NIGHT_CITY] = {
        .ridge = { { RIDGE_SKYLINE, 18, 0, 0.38f, 0.45f, 0x2b3a74, 0x3a4a88 },
                   { RIDGE_SKYLINE, 12, 0, 0.26f, 0.4f, 0x222d60, 0x2d3a72 } },
        .pattern = PATTERN_TILES,
        .zone = { { 1.5f, 0x8f8fa4, 0x82839a, PATTERN_NONE }, { 1.455f, 0x3c4260, 0x343a58, PATTERN_NONE },
                  { 1.13f, 0x3c4260, 0x343a58, PATTERN_DASHES }, { 1.09f, 0x3c4260, 0x343a58, PATTERN_NONE },
                  { 0.8f, 0x8f8fa4, 0x82839a, PATTERN_NONE }, { 0.785f, 0x5d6284, 0x52577a, PATTERN_TILES } },
        .plant = { LETTERED(2.5f, 3, 1.0f, 1.5f, 0.3f, "office", "hotel", "department_store", "shop", "bank", "post_office", "school"),
                   SPRITES(1.75f, 1.95f, 0.55f, 0.68f, 1, "tree"),
                   LETTERED(1.6f, 1.65f, 0.3f, 0.38f, 1.5f, "bus_stop", "statue", "fountain"),
                   DRAWN(LAMP, 1.56f, 1.57f, 0.72f, 0.74f, 0.6f, 0x4b5270) } },
    [SCENE_ROOM] = {
        .pattern = PATTERN_PLANKS,
        .ridge = { { RIDGE_HILL, 16, 0.07f, 0.06f, 1.1f, 0xa3cfc0, 0xb9dcb4 },
                   { RIDGE_TREES, 9, -0.04f, 0.12f, 0.14f, 0x8cc67a, 0x8bc968 } } },
    [SCENE_STAGE] = { .pattern = PATTERN_PLANKS },
    [SCENE_SPACE] = {
        .plant = { { .id = { "planet", "earth", "full_moon", "planet" }, .near = 0.05f, .far = 0.7f,
                     .low = 0.12f, .high = 0.3f, .every = 0.7f, .air = true },
                   { .id = { "satellite", "comet", "small_star" }, .near = 0.05f, .far = 0.7f,
                     .low = 0.05f, .high = 0.09f, .every = 1.2f, .air = true } } },
    [SCENE_SKY] = {
        .plant = { { .id = { "cloud" }, .near = 0.16f, .far = 0.5f, .low = 0.06f, .high = 0.12f, .every = 0.3f, .air = true },
                   { .id = { "cloud" }, .near = 0.45f, .far = 0.85f, .low = 0.14f, .high = 0.24f, .every = 0.4f, .air = true },
                   { .id = { "cloud" }, .near = 0.82f, .far = 0.98f, .low = 0.28f, .high = 0.4f, .every = 0.3f, .air = true } } },
    [SCENE_MOUNTAIN] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_PEAKS, 24, 0.02f, 0.44f, 0.55f, 0x7d92bb, 0xb9c8da, 0xfbfdff },
                   { RIDGE_PEAKS, 13, 0.0f, 0.24f, 0.4f, 0x6f92a0, 0x9dbfae, 0xf2f7fb },
                   { RIDGE_TREES, 8, 0.0f, 0.07f, 0.06f, 0x6fa873, 0x86b97a },
                   { RIDGE_HILL, 5, 0.015f, 0.03f, 1.0f, 0x93c26b, 0x8fbd68 } },
        .plant = { CLOUDS(0.05f, 0.12f, 0.6f), SPRITES(2, 6, 0.6f, 0.9f, 0.22f, "evergreen"),
                   FLOWERS(0.35f), DRAWN(ROCK, 1.2f, 3, 0.1f, 0.24f, 0.45f, 0x9fa8ae, 0x8f999f),
                   GRASS(0.07f) } },
    [SCENE_RIVER] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_HILL, 16, 0.1f, 0.05f, 0.9f, 0xa6cfc2, 0xb6dab6 },
                   { RIDGE_TREES, 11, 0.02f, 0.09f, 0.1f, 0x86bd8c, 0x90c484 } },
        .plant = { CLOUDS(0.06f, 0.14f, 0.5f),
                   SPRITES(4.3f, 8, 0.8f, 1.2f, 0.18f, "tree", "evergreen", "tree"),
                   LETTERED(5, 7, 1, 1.2f, 2, "house_garden", "house"),
                   SPRITES(1.06f, 1.2f, 0.08f, 0.12f, 0.35f, "herb", "hyacinth", "seedling"),
                   DRAWN(ROCK, 1.1f, 1.3f, 0.07f, 0.14f, 0.5f, 0xa3a9a4, 0x949c98),
                   DRAWN(TUFT, 1.1f, 1.3f, 0.1f, 0.17f, 0.09f, 0x74b54a, 0x5fa544), GRASS(0.09f) } },
    [SCENE_FARM] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_HILL, 16, 0.08f, 0.04f, 1.2f, 0xaed3b4, 0xc2dfb4 },
                   { RIDGE_HILL, 10, 0.045f, 0.03f, 0.9f, 0xd0da82, 0xc3d272 },
                   { RIDGE_HILL, 6, 0.01f, 0.02f, 1.4f, 0xa9cf68, 0xb4d36c } },
        .zone = { { 3.4f, 0xb98a54, 0x9fb654, PATTERN_FURROWS }, { 1.55f, 0x8cb950, 0x7aa945, PATTERN_NONE } },
        .plant = { CLOUDS(0.06f, 0.15f, 0.5f),
                   LETTERED(3.7f, 5, 0.9f, 1.1f, 0.8f, "house", "house_garden", "houses"),
                   SPRITES(3.6f, 6, 0.8f, 1.05f, 0.4f, "tree"),
                   SPRITES(1.7f, 3, 0.2f, 0.26f, 0.16f, "rice", "seedling", "rice"),
                   DRAWN(FENCE, 1.5f, 1.5f, 0.2f, 0.2f, 9, 0xc9a06c, 0xe4dccb),
                   GRASS(0.07f) } },
    [SCENE_PLAYGROUND] = {
        .footing = FOOTING_GRASS,
        .ridge = { { RIDGE_HILL, 16, 0.06f, 0.04f, 1.2f, 0xaed3c4, 0xc2dfb4 },
                   { RIDGE_TREES, 11, 0.0f, 0.1f, 0.12f, 0x90c894, 0x9bd08a } },
        .zone = { { 1.5f, 0xe9cf98, 0xdcbd82, PATTERN_NONE }, { 0.82f, 0x86c45c, 0x74b552, PATTERN_NONE } },
        .plant = { CLOUDS(0.07f, 0.16f, 0.5f),
                   SPRITES(1.75f, 2.3f, 0.6f, 0.7f, 0.55f, "slide", "carousel_horse", "slide"),
                   SPRITES(5, 6, 2, 2.6f, 1.0f, "ferris_wheel", "circus_tent"),
                   SPRITES(2.6f, 4.5f, 0.8f, 1, 0.4f, "tree"),
                   DRAWN(FENCE, 4.7f, 4.7f, 0.26f, 0.26f, 9, 0xf2efe6, 0xf4c95c, 0x86c5ea),
                   FLOWERS(0.5f), DRAWN(TUFT, 1.6f, 3.4f, 0.05f, 0.08f, 0.1f, 0x6cbb42, 0x83c94f) } },
};
