/* A folder of pictures as a video: what write.h makes of "frames/", and what other programs do. */
#define _GNU_SOURCE /* strverscmp */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "media/read_source.h"

enum { USUAL_FPS = 24 };

typedef struct Pictures {
    const char **path; /* [count] in the order of the numbers in their names */
    size_t count, next;
} Pictures;

static int is_picture(const struct dirent *e)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".bmp" };
    const char *ending = strrchr(e->d_name, '.');
    if (!ending || e->d_name[0] == '.') return 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(ending, endings[i]) == 0) return 1;
    return 0;
}

/* "2.png" before "10.png". */
static int in_order(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

bool read_has_pictures(const char *folder)
{
    DIR *d = opendir(folder);
    bool has = false;
    for (const struct dirent *e; d && !has && (e = readdir(d)) != NULL;) has = is_picture(e);
    if (d) closedir(d);
    return has;
}

static SoraStatus list(Source *s, Pictures *p)
{
    struct dirent **entry;
    int count = scandir(s->name, &entry, is_picture, in_order);
    if (count < 0) return err_set(SORA_E_IO, "%s cannot be read", s->name);
    p->path = arena_zero(s->arena, ((size_t)count + 1) * sizeof *p->path);
    for (; p->count < (size_t)count; p->count++) {
        p->path[p->count] = arena_printf(s->arena, "%s/%s", s->name, entry[p->count]->d_name);
        free(entry[p->count]);
    }
    free(entry);
    if (p->count) return SORA_OK;
    return err_set(SORA_E_FORMAT, "%s is a folder without pictures: name a video", s->name);
}

static SoraStatus open_one(const Source *s, const char *path, Reader **out)
{
    if (file_is_folder(path)) return err_set(SORA_E_FORMAT, "%s is a folder among pictures", path);
    return read_open(path, &(ReadOptions){ .threads = s->threads }, out);
}

/* As the comment says how fast they were to be shown. */
static double rate_of(const char *comment, Arena *a)
{
    const Json *said;
    if (!comment || json_parse(comment, strlen(comment), "", a, &said) != SORA_OK) return USUAL_FPS;
    const Json *fps = json_get(said, "fps");
    return fps && fps->number >= 0.1 && fps->number <= 1000 ? fps->number : USUAL_FPS;
}

static SoraStatus open_pictures(Source *s)
{
    Pictures *p = s->state = arena_zero(s->arena, sizeof *p);
    Reader *first;
    TRY(list(s, p));
    TRY(open_one(s, p->path[0], &first));
    s->info = *read_info(first);
    s->info.format = "pictures";
    s->info.codec = arena_strdup(s->arena, s->info.codec);
    if (s->info.comment) s->info.comment = arena_strdup(s->arena, s->info.comment);
    read_close(first);
    if (p->count == 1) return SORA_OK;
    s->info.fps = rate_of(s->info.comment, s->arena);
    s->info.seconds = (double)p->count / s->info.fps;
    return SORA_OK;
}

static SoraStatus read_one(const Source *s, const char *path, uint8_t *rgb)
{
    Reader *r;
    bool end;
    TRY(open_one(s, path, &r));
    const ReadInfo *i = read_info(r);
    SoraStatus status = SORA_OK;
    if (i->width != s->info.width || i->height != s->info.height)
        status = err_set(SORA_E_FORMAT, "%s is %zux%zu, the pictures before it are %zux%zu", path,
                         i->width, i->height, s->info.width, s->info.height);
    if (status == SORA_OK) status = read_frame(r, rgb, &end);
    read_close(r);
    return status;
}

static SoraStatus next_picture(Source *s, Picture *out, bool *end)
{
    Pictures *p = s->state;
    double fps = s->info.fps > 0 ? s->info.fps : 1;
    *end = p->next == p->count;
    if (*end) return SORA_OK;
    out->start_s = (double)p->next / fps, out->end_s = (double)(p->next + 1) / fps;
    return read_one(s, p->path[p->next++], out->rgb);
}

static void close_pictures(Source *s)
{
    (void)s; /* all of it is in the arena */
}

const SourceKind read_pictures = { open_pictures, next_picture, close_pictures };
