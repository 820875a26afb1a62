/* Cast files: the committed one is read as it was packed, damaged ones are refused in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "world/cast.h"
#include "world/cast_file.h"
#include "world/cast_pack.h"

static const char *data_path(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/cast/cast.bin", getenv("SORA_TEST_DATA"));
    return path;
}

static void test_the_committed_cast(void **state)
{
    (void)state;
    Cast *c = NULL;
    assert_int_equal(cast_open(data_path(), &c), SORA_OK);
    assert_true(cast_count(c, CAST_ACTOR) >= 12);
    assert_true(cast_count(c, CAST_PROP) >= 5);
    assert_true(cast_count(c, CAST_SCENERY) >= 7);
    int horse = cast_find(c, CAST_ACTOR, "horse");
    assert_true(horse >= 0);
    assert_int_equal(cast_find(c, CAST_ACTOR, "hors"), -1);
    const Member *m = cast_member(c, CAST_ACTOR, (size_t)horse);
    assert_string_equal(m->id, "horse");
    assert_true(m->gait == GAIT_RUN && m->anim == ANIM_GAIT && m->faces == -1);
    assert_true(m->metres > 2.39f && m->metres < 2.41f && m->stride > 1.59f);
    assert_true(m->scenes & 1u << SCENE_MEADOW);
    assert_false(m->scenes & 1u << SCENE_SEA_FLOOR);
    cast_close(c);
    cast_close(NULL);
}

/* Every sprite reaches all four sides of its box in some frame (a pixel or two short where the
 * packed frames miss the moment that does), and is premultiplied. */
static void check_sprite(const Sprite *s)
{
    const SpriteLevel *v = &s->level[0];
    int top = 0, bottom = 0, left = 0, right = 0;
    for (size_t f = 0; f < s->frames; f++)
        for (int y = 0; y < v->height; y++)
            for (int x = 0; x < v->width; x++) {
                const uint8_t *p =
                    v->rgba + ((f * v->height + (size_t)y) * v->width + (size_t)x) * 4;
                assert_true(p[0] <= p[3] + 1 && p[1] <= p[3] + 1 && p[2] <= p[3] + 1);
                if (!p[3]) continue;
                top |= y <= 2, bottom |= y >= v->height - 3;
                left |= x <= 2, right |= x >= v->width - 3;
            }
    assert_true(top && bottom && left && right);
    for (int l = 1; l < SPRITE_LEVELS; l++)
        assert_true(abs(s->level[l].width * 2 - s->level[l - 1].width) <= 2);
}

static void test_sprites_are_tight_and_premultiplied(void **state)
{
    (void)state;
    Cast *c = NULL;
    assert_int_equal(cast_open(data_path(), &c), SORA_OK);
    for (int k = 0; k < CAST_KINDS; k++)
        for (size_t i = 0; i < cast_count(c, k); i++) check_sprite(cast_sprite(c, k, i));
    cast_close(c);
}

static unsigned char *load(size_t *size)
{
    FILE *f = fopen(data_path(), "rb");
    assert_non_null(f);
    unsigned char *bytes = malloc(2 << 20);
    *size = fread(bytes, 1, 2 << 20, f);
    fclose(f);
    return bytes;
}

static SoraStatus open_bytes(const unsigned char *bytes, size_t size)
{
    char path[] = "/tmp/test_cast.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    Cast *c = NULL;
    SoraStatus s = cast_open(path, &c);
    assert_true((s == SORA_OK) == (c != NULL));
    cast_close(c);
    unlink(path);
    return s;
}

static void test_cut_files_are_refused(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = load(&size);
    const size_t cut[] = { 0, 7, 63, 64, 200, 4000, size / 2, size - 1 };
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
        assert_int_not_equal(open_bytes(bytes, cut[i]), SORA_OK);
    assert_int_equal(open_bytes(bytes, size), SORA_OK);
    free(bytes);
}

static void test_wrong_rows_are_refused(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = load(&size);
    CastFileRow good, *row = (CastFileRow *)(bytes + sizeof(CastFileHead));
    good = *row;
#define WRONG(change, word)                                       \
    do {                                                          \
        change;                                                   \
        assert_int_equal(open_bytes(bytes, size), SORA_E_FORMAT); \
        assert_non_null(strstr(err_text(), word));                \
        *row = good;                                              \
    } while (0)
    WRONG(row->gait = GAIT_COUNT, "gait");
    WRONG(row->faces = 2, "heading");
    WRONG(row->frames = 0, "frames");
    WRONG(row->metres = 0.0f / 0.0f, "range");
    WRONG(row->fps = 0, "frames");
    WRONG(row->aspect = -1, "range");
    WRONG(row->id[0] = 0, "id");
    WRONG(row->id[1] = '/', "id");
    WRONG(memset(row->id, 'a', sizeof row->id), "id");
    WRONG(row->level[0].width = 0, "pixels");
    WRONG(row->level[1].width = 1000, "grows");
    WRONG(row->level[2].offset = size, "outside");
    WRONG(row->level[2].offset += 1, "outside");
    WRONG(row->level[4].offset = UINT64_MAX - 63, "outside");
    WRONG(memcpy(row->id, row[1].id, sizeof row->id), "twice");
    CastFileHead *head = (CastFileHead *)bytes;
    head->version = 9;
    assert_int_equal(open_bytes(bytes, size), SORA_E_FORMAT);
    assert_non_null(strstr(err_text(), "fetch-data"));
    head->version = CAST_FILE_VERSION;
    head->kind_count[1] = UINT32_MAX;
    assert_int_equal(open_bytes(bytes, size), SORA_E_FORMAT);
    free(bytes);
}

static void test_missing_things_are_named(void **state)
{
    (void)state;
    Cast *c = NULL;
    assert_int_equal(cast_open("/nowhere/cast.bin", &c), SORA_E_IO);
    assert_non_null(strstr(err_text(), "scripts/fetch-data"));
    char table[4096], out[] = "/tmp/test_cast_out.bin";
    snprintf(table, sizeof table, "%s/data/cast.tsv", getenv("SORA_SOURCE"));
    CastPackOptions o = { .pictures = "/nowhere", .only = "cat" };
    assert_int_equal(cast_pack(table, &o, out), SORA_E_IO);
    assert_non_null(strstr(err_text(), "1f408.webp"));
    assert_int_not_equal(access(out, F_OK), 0); /* nothing half written */
    o.side = 5000;
    assert_int_equal(cast_pack(table, &o, out), SORA_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_committed_cast),
        cmocka_unit_test(test_sprites_are_tight_and_premultiplied),
        cmocka_unit_test(test_cut_files_are_refused),
        cmocka_unit_test(test_wrong_rows_are_refused),
        cmocka_unit_test(test_missing_things_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
