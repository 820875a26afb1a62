#include "world/cast.h"

#include <math.h>
#include <string.h>

#include "base/size.h"
#include "world/cast_file.h"

struct Cast {
    Arena *arena;
    Slice file;
    size_t count[CAST_KINDS];
    Member *member[CAST_KINDS];
    Sprite *sprite[CAST_KINDS];
};

static const char *const KIND[CAST_KINDS] = { "actor", "prop", "piece of scenery" };

static bool between(float x, float low, float high)
{
    return isfinite(x) && x >= low && x <= high;
}

static SoraStatus check_head(Slice file, CastFileHead *head)
{
    if (file.size < sizeof *head || memcmp(file.bytes, CAST_FILE_MAGIC, sizeof head->magic) != 0)
        return err_set(SORA_E_FORMAT, "this is not a cast file");
    memcpy(head, file.bytes, sizeof *head);
    if (head->version != CAST_FILE_VERSION)
        return err_set(SORA_E_FORMAT,
                       "the cast file is of version %u, this program reads version %d: "
                       "make it anew with scripts/fetch-data",
                       head->version, CAST_FILE_VERSION);
    if (head->file_size != file.size)
        return err_set(SORA_E_FORMAT, "the cast file has %zu bytes, its head says %llu", file.size,
                       (unsigned long long)head->file_size);
    uint64_t rows = 0;
    for (int k = 0; k < CAST_KINDS; k++) rows += head->kind_count[k];
    if (rows > CAST_FILE_MEMBERS_MAX)
        return err_set(SORA_E_FORMAT, "the cast file has %llu members, at most %d",
                       (unsigned long long)rows, CAST_FILE_MEMBERS_MAX);
    if (!head->kind_count[CAST_ACTOR]) return err_set(SORA_E_FORMAT, "the cast file has no actor");
    if (sizeof *head + rows * sizeof(CastFileRow) > file.size)
        return err_set(SORA_E_FORMAT, "the cast file ends within its list of %llu members",
                       (unsigned long long)rows);
    return SORA_OK;
}

static SoraStatus check_id(const char *id, size_t max)
{
    size_t n = strnlen(id, max);
    if (n == 0 || n == max) return err_set(SORA_E_FORMAT, "a member's id has no end or no letter");
    for (size_t i = 0; i < n; i++)
        if (!(id[i] == '_' || (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9')))
            return err_set(SORA_E_FORMAT,
                           "a member's id has the byte 0x%02x, letters are a-z 0-9 _",
                           (unsigned char)id[i]);
    return SORA_OK;
}

static SoraStatus check_row(const CastFileRow *r)
{
    if (r->body > BODY_HEAD || r->realm > REALM_SPACE || r->gait >= GAIT_COUNT ||
        r->anim > ANIM_WHEEL || r->faces < -1 || r->faces > 1)
        return err_set(SORA_E_FORMAT, "%s has a body, realm, gait or heading that is not known",
                       r->id);
    if (!between(r->metres, 1e-4f, 1e7f) || !between(r->stride, 0, 100) ||
        !between(r->fps, 0, 240) || !between(r->aspect, 0.01f, 100))
        return err_set(SORA_E_FORMAT, "%s has a size, stride, rate or shape out of range", r->id);
    if (r->frames < 1 || r->frames > CAST_FILE_FRAMES_MAX || (r->frames > 1 && r->fps <= 0))
        return err_set(SORA_E_FORMAT, "%s has %u frames at %g a second, 1 to %d are read", r->id,
                       r->frames, (double)r->fps, CAST_FILE_FRAMES_MAX);
    if (r->anim == ANIM_GAIT && r->stride <= 0)
        return err_set(SORA_E_FORMAT, "%s has a gait without a stride", r->id);
    return SORA_OK;
}

static SoraStatus check_level(const CastFileRow *r, int l, Slice file, SpriteLevel *out)
{
    const CastFileLevel *v = &r->level[l];
    if (!v->width || !v->height || v->width > CAST_FILE_SIDE_MAX || v->height > CAST_FILE_SIDE_MAX)
        return err_set(SORA_E_FORMAT, "%s is %ux%u pixels on level %d, sides are 1 to %d", r->id,
                       v->width, v->height, l, CAST_FILE_SIDE_MAX);
    if (l > 0 && (v->width > r->level[l - 1].width || v->height > r->level[l - 1].height))
        return err_set(SORA_E_FORMAT, "%s grows from level %d to level %d", r->id, l - 1, l);
    uint64_t size = (uint64_t)v->width * v->height * 4 * r->frames; /* < 2^42 by the limits */
    if (v->offset % CAST_FILE_ALIGN || v->offset > file.size || size > file.size - v->offset)
        return err_set(SORA_E_FORMAT, "the pixels of %s on level %d are outside of the file", r->id,
                       l);
    *out = (SpriteLevel){ v->width, v->height, file.bytes + v->offset };
    return SORA_OK;
}

static SoraStatus read_row(Cast *c, CastKind kind, size_t i, const unsigned char *bytes)
{
    CastFileRow r;
    memcpy(&r, bytes, sizeof r);
    TRY(check_id(r.id, sizeof r.id));
    TRY(check_row(&r));
    if (cast_find(c, kind, r.id) >= 0)
        return err_set(SORA_E_FORMAT, "the %s %s is there twice", KIND[kind], r.id);
    Sprite *s = &c->sprite[kind][i];
    *s = (Sprite){ .frames = r.frames, .fps = r.fps, .aspect = r.aspect };
    for (int l = 0; l < SPRITE_LEVELS; l++) TRY(check_level(&r, l, c->file, &s->level[l]));
    c->member[kind][i] = (Member){ .id = arena_strdup(c->arena, r.id),
                                   .metres = r.metres,
                                   .body = r.body,
                                   .realm = r.realm,
                                   .gait = r.gait,
                                   .faces = r.faces,
                                   .anim = r.anim,
                                   .stride = r.stride,
                                   .scenes = r.scenes & ((1u << SCENE_COUNT) - 1) };
    c->count[kind] = i + 1;
    return SORA_OK;
}

static SoraStatus read_cast(Cast *c)
{
    CastFileHead head;
    TRY(check_head(c->file, &head));
    const unsigned char *row = c->file.bytes + sizeof head;
    for (int k = 0; k < CAST_KINDS; k++) {
        size_t n = head.kind_count[k];
        c->member[k] = arena_zero(c->arena, (n + 1) * sizeof(Member));
        c->sprite[k] = arena_zero(c->arena, (n + 1) * sizeof(Sprite));
        for (size_t i = 0; i < n; i++, row += sizeof(CastFileRow)) TRY(read_row(c, k, i, row));
    }
    return SORA_OK;
}

SoraStatus cast_open(const char *path, Cast **out)
{
    if (!file_exists(path))
        return err_set(SORA_E_IO, "there is no cast file %s: make it with scripts/fetch-data",
                       path);
    Slice file;
    TRY(file_map(path, &file));
    Arena *a = arena_new("cast", 0);
    Cast *c = a ? arena_zero(a, sizeof *c) : NULL;
    SoraStatus s = SORA_OK;
    if (c) {
        *c = (Cast){ .arena = a, .file = file };
        s = err_while(read_cast(c), "while reading %s", path);
    } else {
        s = err_set(SORA_E_MEMORY, "no memory is left for the cast of %s", path);
    }
    if (s != SORA_OK) {
        file_unmap(file);
        arena_free(a);
        return s;
    }
    *out = c;
    return SORA_OK;
}

void cast_close(Cast *c)
{
    if (!c) return;
    file_unmap(c->file);
    arena_free(c->arena);
}

size_t cast_count(const Cast *c, CastKind kind)
{
    return c->count[kind];
}

const Member *cast_member(const Cast *c, CastKind kind, size_t i)
{
    return &c->member[kind][i];
}

const Sprite *cast_sprite(const Cast *c, CastKind kind, size_t i)
{
    return &c->sprite[kind][i];
}

int cast_find(const Cast *c, CastKind kind, const char *id)
{
    for (size_t i = 0; i < c->count[kind]; i++)
        if (strcmp(c->member[kind][i].id, id) == 0) return (int)i;
    return -1;
}
