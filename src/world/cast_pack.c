#include "world/cast_pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/webp.h"
#include "world/cast_file.h"

enum { COLUMNS = 13, TABLE_MAX = 1 << 20, PICTURE_MAX = 1 << 26, ALPHA_SEEN = 10 };

typedef struct Row {
    CastFileRow file;
    CastKind kind;
    const char *code, *package;
    double crop;
} Row;

typedef struct Table {
    Row *row;
    size_t count;
} Table;

static const char *const KIND[] = { "actor", "prop", "scenery", NULL };
static const char *const BODY[] = { "whole", "bust", "head", NULL };
static const char *const REALM[] = { "ground", "air", "water", "space", NULL };
static const char *const GAIT[] = { "stay", "walk",  "run", "drive", "fly",
                                    "swim", "float", "hop", "crawl", NULL };
static const char *const FACES[] = { "left", "viewer", "right", NULL };
static const char *const ANIM[] = { "idle", "gait", "wheel", NULL };
static const char *const SCENES[] = { "meadow",     "forest", "beach",      "sea_floor", "snow",
                                      "desert",     "city",   "night_city", "room",      "stage",
                                      "space",      "sky",    "mountain",   "river",     "farm",
                                      "playground", NULL };

/* Where the members of each realm may be drawn before column `also` has its say. */
#define BIT(s) (1u << SCENE_##s)
#define OPEN_AIR                                                                    \
    (BIT(MEADOW) | BIT(FOREST) | BIT(BEACH) | BIT(SNOW) | BIT(DESERT) | BIT(CITY) | \
     BIT(NIGHT_CITY) | BIT(MOUNTAIN) | BIT(RIVER) | BIT(FARM) | BIT(PLAYGROUND))
static const uint32_t REALM_SCENES[] = {
    [REALM_GROUND] = OPEN_AIR | BIT(ROOM) | BIT(STAGE),
    [REALM_AIR] = OPEN_AIR | BIT(ROOM) | BIT(STAGE) | BIT(SKY),
    [REALM_WATER] = BIT(SEA_FLOOR),
    [REALM_SPACE] = BIT(SPACE),
};

static int find(const char *const *list, const char *word)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], word) == 0) return i;
    return -1;
}

static SoraStatus read_word(const char *const *list, const char *what, const char *word, int *out)
{
    *out = find(list, word);
    if (*out < 0) return err_set(SORA_E_FORMAT, "%s is \"%s\", which is not known", what, word);
    return SORA_OK;
}

static SoraStatus read_number(const char *what, const char *word, double max, double *out)
{
    char *end;
    *out = strtod(word, &end);
    if (end == word || *end || !(*out >= 0 && *out <= max))
        return err_set(SORA_E_FORMAT, "%s is \"%s\", a number from 0 to %g is needed", what, word,
                       max);
    return SORA_OK;
}

static SoraStatus read_scenes(char *also, uint32_t *mask)
{
    if (strcmp(also, "-") == 0) return SORA_OK;
    char *rest = NULL;
    for (char *w = strtok_r(also, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
        int scene = 0;
        TRY(read_word(SCENES, "a scene in column also", w + (*w == '-'), &scene));
        *mask = *w == '-' ? *mask & ~(1u << scene) : *mask | 1u << scene;
    }
    return SORA_OK;
}

static SoraStatus read_row(char **cell, Row *r)
{
    int kind, body, realm, gait, faces, anim;
    double metres, stride;
    TRY(read_word(KIND, "kind", cell[0], &kind));
    TRY(read_word(BODY, "body", cell[5], &body));
    TRY(read_word(REALM, "belongs", cell[6], &realm));
    TRY(read_word(GAIT, "moves", cell[7], &gait));
    TRY(read_word(FACES, "faces", cell[8], &faces));
    TRY(read_word(ANIM, "anim", cell[9], &anim));
    TRY(read_number("metres", cell[4], 1e7, &metres));
    TRY(read_number("stride", cell[10], 100, &stride));
    TRY(read_number("crop", cell[11], 0.9, &r->crop));
    if (strlen(cell[3]) >= sizeof r->file.id)
        return err_set(SORA_E_FORMAT, "the id %s has %zu letters, at most %zu", cell[3],
                       strlen(cell[3]), sizeof r->file.id - 1);
    r->kind = (CastKind)kind;
    r->code = cell[1], r->package = cell[2];
    CastFileRow *f = &r->file;
    memset(f, 0, sizeof *f);
    memcpy(f->id, cell[3], strlen(cell[3]));
    f->body = (uint8_t)body, f->realm = (uint8_t)realm, f->gait = (uint8_t)gait;
    f->anim = (uint8_t)anim, f->faces = (int8_t)(faces - 1);
    f->metres = (float)metres, f->stride = (float)stride;
    f->scenes = REALM_SCENES[realm];
    return read_scenes(cell[12], &f->scenes);
}

static bool listed(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *p = list; p && (p = strstr(p, id)); p += n)
        if ((p == list || p[-1] == ',') && (p[n] == 0 || p[n] == ',')) return true;
    return !list;
}

static SoraStatus read_line(char *line, const char *only, Table *t)
{
    char *cell[COLUMNS] = { line };
    int n = 1;
    for (char *p = line; *p; p++)
        if (*p == '\t') {
            *p = 0;
            if (n < COLUMNS) cell[n] = p + 1;
            n++;
        }
    if (n != COLUMNS) return err_set(SORA_E_FORMAT, "%d columns, %d are needed", n, COLUMNS);
    if (strcmp(cell[0], "kind") == 0 || !listed(only, cell[3])) return SORA_OK;
    if (t->count >= CAST_FILE_MEMBERS_MAX)
        return err_set(SORA_E_FORMAT, "more than %d members", CAST_FILE_MEMBERS_MAX);
    return read_row(cell, &t->row[t->count++]);
}

static SoraStatus read_table(const char *path, const char *only, Arena *a, Table *t)
{
    Slice text;
    TRY(file_read(path, TABLE_MAX, a, &text));
    t->row = arena_alloc(a, CAST_FILE_MEMBERS_MAX * sizeof *t->row);
    int number = 0;
    for (char *line = (char *)text.bytes; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        number++;
        if (*line != '#' && *line)
            TRY(err_while(read_line(line, only, t), "in line %d of %s", number, path));
        line = end ? end + 1 : NULL;
    }
    return SORA_OK;
}

/* Which source frame is on show at each of n even times of the loop. */
static void pick_frames(const WebpAnim *w, size_t n, size_t *pick)
{
    double total = w->end_ms[w->frames - 1];
    for (size_t i = 0, f = 0; i < n; i++) {
        while (f + 1 < w->frames && w->end_ms[f] <= total * (double)i / (double)n + 1e-6) f++;
        pick[i] = f;
    }
}

/* The box that holds everything visible above the crop in the picked frames, in source pixels. */
typedef struct Box {
    int x, y, width, height;
} Box;

static Box tight_box(const WebpAnim *w, const size_t *pick, size_t frames, double crop)
{
    int height = (int)lround((double)w->height * (1 - crop));
    int x0 = (int)w->width, x1 = -1, y0 = height, y1 = -1;
    for (size_t f = 0; f < frames; f++) {
        const uint8_t *p = webp_frame(w, pick[f]);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < (int)w->width; x++) {
                if (p[((size_t)y * w->width + (size_t)x) * 4 + 3] < ALPHA_SEEN) continue;
                x0 = x < x0 ? x : x0, x1 = x > x1 ? x : x1;
                y0 = y < y0 ? y : y0, y1 = y > y1 ? y : y1;
            }
    }
    return (Box){ x0, y0, x1 - x0 + 1, y1 - y0 + 1 };
}

typedef struct Shrink {
    Box box;
    int width, height;
    float *source, *rows; /* [box.width][4] premultiplied; [box.height][width][4] */
} Shrink;

/* sum += the mean of `from` values of 4 floats, `step` floats apart, over cell i of `to` cells. */
static void area_cell(const float *x, size_t step, int from, int i, int to, float *sum)
{
    double a = (double)i * from / to, b = (double)(i + 1) * from / to;
    for (int j = (int)a; j < from && j < b; j++) {
        float k = (float)((fmin(b, j + 1) - fmax(a, j)) / (b - a));
        for (int c = 0; c < 4; c++) sum[c] += k * x[(size_t)j * step + (size_t)c];
    }
}

static void shrink_rows(const Shrink *s, const WebpAnim *w, size_t frame)
{
    for (int y = 0; y < s->box.height; y++) {
        const uint8_t *p =
            webp_frame(w, frame) + ((size_t)(s->box.y + y) * w->width + (size_t)s->box.x) * 4;
        for (int x = 0; x < s->box.width; x++, p += 4) {
            for (int c = 0; c < 3; c++) s->source[x * 4 + c] = (float)(p[c] * p[3]) / 255;
            s->source[x * 4 + 3] = p[3];
        }
        float *row = s->rows + (size_t)y * (size_t)s->width * 4;
        memset(row, 0, (size_t)s->width * 4 * sizeof *row);
        for (int i = 0; i < s->width; i++)
            area_cell(s->source, 4, s->box.width, i, s->width, row + i * 4);
    }
}

static void shrink_frame(const Shrink *s, const WebpAnim *w, size_t frame, uint8_t *out)
{
    shrink_rows(s, w, frame);
    for (int i = 0; i < s->height; i++)
        for (int x = 0; x < s->width; x++, out += 4) {
            float sum[4] = { 0 };
            area_cell(s->rows + x * 4, (size_t)s->width * 4, s->box.height, i, s->height, sum);
            for (int c = 0; c < 4; c++) out[c] = (uint8_t)fminf(255, sum[c] + 0.5f);
        }
}

static SoraStatus put_level(FileWriter *w, size_t *at, const void *pixels, size_t size)
{
    static const char zero[CAST_FILE_ALIGN] = { 0 };
    size_t pad = (CAST_FILE_ALIGN - *at % CAST_FILE_ALIGN) % CAST_FILE_ALIGN;
    TRY(file_put(w, zero, pad));
    TRY(file_put(w, pixels, size));
    *at += pad + size;
    return SORA_OK;
}

/* An animation cut and thinned to what is packed. */
typedef struct Cut {
    WebpAnim anim;
    size_t pick[CAST_FILE_FRAMES_MAX];
    Box box;
    int side;
} Cut;

static SoraStatus pack_levels(Row *r, const Cut *cut, FileWriter *w, size_t *at, Arena *a)
{
    Box box = cut->box;
    double scale = fmin(1, (double)cut->side / fmax(box.width, box.height));
    for (int l = 0; l < SPRITE_LEVELS; l++, scale /= 2) {
        ArenaMark mark = arena_mark(a);
        Shrink s = { .box = box,
                     .width = (int)fmax(1, lround(box.width * scale)),
                     .height = (int)fmax(1, lround(box.height * scale)) };
        s.source = arena_alloc(a, sizeof(float) * 4 * (size_t)box.width);
        s.rows = arena_alloc(a, sizeof(float) * 4 * (size_t)(s.width * box.height));
        size_t size = (size_t)s.width * (size_t)s.height * 4;
        uint8_t *pixels = arena_alloc(a, size * r->file.frames);
        for (size_t f = 0; f < r->file.frames; f++)
            shrink_frame(&s, &cut->anim, cut->pick[f], pixels + f * size);
        TRY(put_level(w, at, pixels, size * r->file.frames));
        r->file.level[l] = (CastFileLevel){ .width = (uint16_t)s.width,
                                            .height = (uint16_t)s.height,
                                            .offset = *at - size * r->file.frames };
        arena_rewind(a, mark);
    }
    return SORA_OK;
}

static SoraStatus pack_row(Row *r, const CastPackOptions *o, FileWriter *w, size_t *at, Arena *a)
{
    const char *path = arena_printf(a, "%s/%s/%s.webp", o->pictures, r->package, r->code);
    Slice file;
    Cut *cut = arena_zero(a, sizeof *cut);
    WebpAnim *anim = &cut->anim;
    if (!file_exists(path))
        return err_set(SORA_E_IO, "the picture %s of %s is missing: run scripts/fetch-data", path,
                       r->file.id);
    TRY(file_read(path, PICTURE_MAX, a, &file));
    TRY(webp_anim_decode(file, path, a, anim));
    double seconds = anim->frames > 1 ? anim->end_ms[anim->frames - 1] / 1000.0 : 0;
    double rate = r->file.anim == ANIM_GAIT ? o->fps_gait : o->fps_idle;
    cut->side = o->side;
    if (r->kind == CAST_PROP) rate = rate * 2 / 3, cut->side = o->side * 8 / 9;
    if (r->kind == CAST_SCENERY) cut->side = o->side * 5 / 3; /* stills: large, but cost little */
    double frames = seconds > 0 ? fmin(round(seconds * rate), (double)anim->frames) : 1;
    if (r->kind == CAST_SCENERY) frames = 1;
    r->file.frames = (uint16_t)fmax(1, fmin(frames, CAST_FILE_FRAMES_MAX));
    r->file.fps = r->file.frames > 1 ? (float)(r->file.frames / seconds) : 0;
    if (r->file.frames > 1) pick_frames(anim, r->file.frames, cut->pick);
    cut->box = tight_box(anim, cut->pick, r->file.frames, r->crop);
    if (cut->box.width <= 0) return err_set(SORA_E_FORMAT, "%s shows nothing above its crop", path);
    r->file.aspect = (float)cut->box.width / (float)cut->box.height;
    return pack_levels(r, cut, w, at, a);
}

static SoraStatus write_index(const Table *t, size_t at, FileWriter *w)
{
    CastFileHead head = { .magic = CAST_FILE_MAGIC, .version = CAST_FILE_VERSION, .file_size = at };
    for (size_t i = 0; i < t->count; i++) head.kind_count[t->row[i].kind]++;
    if (fseek(w->f, 0, SEEK_SET) != 0) return err_set(SORA_E_IO, "cannot go back in %s", w->path);
    TRY(file_put(w, &head, sizeof head));
    for (int k = 0; k < CAST_KINDS; k++)
        for (size_t i = 0; i < t->count; i++)
            if ((int)t->row[i].kind == k) TRY(file_put(w, &t->row[i].file, sizeof t->row[i].file));
    return SORA_OK;
}

static SoraStatus pack_all(Table *t, const CastPackOptions *o, FileWriter *w, Arena *a)
{
    size_t at = sizeof(CastFileHead) + t->count * sizeof(CastFileRow);
    TRY(file_put(w, arena_zero(a, at), at)); /* the index: written when the offsets are known */
    for (size_t i = 0; i < t->count; i++) {
        ArenaMark mark = arena_mark(a);
        TRY(pack_row(&t->row[i], o, w, &at, a));
        arena_rewind(a, mark);
    }
    return write_index(t, at, w);
}

static SoraStatus pack(const char *table, const CastPackOptions *o, const char *out, Arena *a)
{
    Table t = { 0 };
    FileWriter w;
    TRY(read_table(table, o->only, a, &t));
    TRY(file_begin(out, &w));
    SoraStatus s = pack_all(&t, o, &w, a);
    if (s != SORA_OK) {
        file_abort(&w);
        return s;
    }
    return file_commit(&w);
}

SoraStatus cast_pack(const char *table, const CastPackOptions *o, const char *out)
{
    CastPackOptions full = *o;
    if (!full.side) full.side = 128;
    if (full.fps_gait <= 0) full.fps_gait = 24;
    if (full.fps_idle <= 0) full.fps_idle = 12;
    if (full.side < 16 || full.side > CAST_FILE_SIDE_MAX)
        return err_set(SORA_E_ARGUMENT, "the side of the cast is %d, from 16 to %d can be packed",
                       full.side, CAST_FILE_SIDE_MAX);
    Arena *a = arena_new("cast packer", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory is left to pack a cast");
    SoraStatus s = pack(table, &full, out, a);
    arena_free(a);
    return s;
}
