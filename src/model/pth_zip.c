#include "model/pth_zip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    COMMENT_MAX = 65535
};

static const uint32_t END = 0x06054B50, END64 = 0x06064B50, LOCATOR = 0x07064B50,
                      ENTRY = 0x02014B50, LOCAL = 0x04034B50;

static uint64_t little(const unsigned char *x, size_t n)
{
    uint64_t y = 0;
    for (size_t i = 0; i < n; i++) y |= (uint64_t)x[i] << (8 * i);
    return y;
}

static uint64_t u16(const unsigned char *x)
{
    return little(x, 2);
}

static uint64_t u32(const unsigned char *x)
{
    return little(x, 4);
}

static SoraStatus damaged(const char *name, const char *what)
{
    return err_set(SORA_E_FORMAT, "%s is no whole ZIP archive: %s", name, what);
}

typedef struct Directory {
    uint64_t count, size, offset;
} Directory;

/* `size` bytes from `at` on, or NULL. */
static const unsigned char *part(Slice map, uint64_t at, uint64_t size)
{
    return at <= map.size && size <= map.size - at ? map.bytes + at : NULL;
}

/* Where numbers of the old record are full, the ZIP64 record before it has them. */
static SoraStatus read_end64(Slice map, size_t end, const char *name, Directory *d)
{
    const unsigned char *x =
        end >= LOCATOR_BYTES ? part(map, end - LOCATOR_BYTES, LOCATOR_BYTES) : NULL;
    if (!x || u32(x) != LOCATOR) return SORA_OK; /* a file of just 65535 members */
    x = part(map, little(x + 8, 8), END64_BYTES);
    if (!x || u32(x) != END64) return damaged(name, "its ZIP64 record is not where it should be");
    *d = (Directory){ little(x + 32, 8), little(x + 40, 8), little(x + 48, 8) };
    return SORA_OK;
}

static SoraStatus read_end(Slice map, const char *name, Directory *d)
{
    size_t last = map.size >= END_BYTES ? map.size - END_BYTES : 0;
    size_t first = last > COMMENT_MAX ? last - COMMENT_MAX : 0, at = last;
    if (map.size < END_BYTES) return damaged(name, "it is too short");
    while (u32(map.bytes + at) != END && at > first) at--;
    const unsigned char *x = map.bytes + at;
    if (u32(x) != END) return damaged(name, "its directory is missing (is the file cut?)");
    *d = (Directory){ u16(x + 10), u32(x + 12), u32(x + 16) };
    if (d->count == 0xFFFF || d->size == 0xFFFFFFFF || d->offset == 0xFFFFFFFF)
        TRY(read_end64(map, at, name, d));
    if (!part(map, d->offset, d->size) || d->count > d->size / ENTRY_BYTES)
        return damaged(name, "its directory lies outside the file");
    return SORA_OK;
}

/* Sizes and place of an entry, from its ZIP64 field where the plain ones are full. */
typedef struct Place {
    uint64_t whole, stored, offset;
} Place;

static bool read_extra(const unsigned char *x, size_t size, Place *p)
{
    while (size >= 4) {
        size_t id = u16(x), n = u16(x + 2);
        if (n > size - 4) return false;
        if (id == 1) {
            const unsigned char *v = x + 4, *end = v + n;
            uint64_t *full[3] = { &p->whole, &p->stored, &p->offset };
            for (int i = 0; i < 3; i++) {
                if (*full[i] != 0xFFFFFFFF) continue;
                if (end - v < 8) return false;
                *full[i] = little(v, 8);
                v += 8;
            }
            return true;
        }
        x += 4 + n;
        size -= 4 + n;
    }
    return true;
}

static SoraStatus read_member(Slice map, const unsigned char *x, const char *name, ZipMember *m)
{
    size_t name_bytes = u16(x + 28), extra = u16(x + 30);
    Place p = { u32(x + 24), u32(x + 20), u32(x + 42) };
    if (!read_extra(x + ENTRY_BYTES + name_bytes, extra, &p))
        return damaged(name, "a ZIP64 field is cut");
    bool plain = u16(x + 10) == 0 && !(u16(x + 8) & 1);
    if (!plain) return SORA_OK;
    const unsigned char *local = part(map, p.offset, LOCAL_BYTES);
    if (!local || u32(local) != LOCAL) return damaged(name, "a member is not where it should be");
    uint64_t start = p.offset + LOCAL_BYTES + u16(local + 26) + u16(local + 28);
    const unsigned char *bytes = part(map, start, p.stored);
    if (!bytes || p.whole != p.stored) return damaged(name, "a member lies outside the file");
    m->bytes = (Slice){ bytes, (size_t)p.stored };
    return SORA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ZipMember *)a)->name, ((const ZipMember *)b)->name);
}

SoraStatus zip_read(Slice map, const char *name, Arena *a, Zip *out)
{
    Directory d = { 0 };
    void *mem;
    *out = (Zip){ 0 };
    TRY(read_end(map, name, &d));
    TRY(arena_try(a, (size_t)d.count * sizeof *out->member, &mem));
    out->member = memset(mem, 0, (size_t)d.count * sizeof *out->member);
    const unsigned char *x = map.bytes + d.offset, *end = x + d.size;
    for (; out->count < d.count; out->count++) {
        ZipMember *m = &out->member[out->count];
        if (end - x < ENTRY_BYTES || u32(x) != ENTRY) return damaged(name, "its directory is cut");
        size_t name_bytes = u16(x + 28), rest = name_bytes + u16(x + 30) + u16(x + 32);
        if (rest > (size_t)(end - x - ENTRY_BYTES)) return damaged(name, "its directory is cut");
        if (memchr(x + ENTRY_BYTES, 0, name_bytes)) return damaged(name, "a name has a zero byte");
        m->name = arena_printf(a, "%.*s", (int)name_bytes, (const char *)x + ENTRY_BYTES);
        TRY(read_member(map, x, name, m));
        x += ENTRY_BYTES + rest;
    }
    if (out->count) qsort(out->member, out->count, sizeof *out->member, by_name);
    for (size_t i = 1; i < out->count; i++)
        if (strcmp(out->member[i - 1].name, out->member[i].name) == 0)
            return damaged(name, "two members have the same name");
    return SORA_OK;
}

const ZipMember *zip_find(const Zip *z, const char *name)
{
    ZipMember key = { .name = name };
    return z->count ? bsearch(&key, z->member, z->count, sizeof key, by_name) : NULL;
}
