#include "train/folder_scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/utf8.h"
#include "media/read.h"

enum { CAPTION_BYTES_MAX = 64 << 10, DEPTH_MAX = 16, FILES_MAX = 1 << 22 };

static const char *const media_endings[] = { "mp4", "m4v", "mov",  "webm", "mkv", "avi", "gif",
                                             "png", "jpg", "jpeg", "webp", "bmp", "y4m", NULL };

typedef struct Scan {
    const FolderScanOptions *o;
    Arena *a;
    char **path; /* every file found */
    size_t count, room;
    FolderScan *out;
} Scan;

/* ---- listing --------------------------------------------------------------------------- */

static void add_path(Scan *s, char *path)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        char **grown = arena_alloc(s->a, room * sizeof *grown);
        if (s->count) memcpy(grown, s->path, s->count * sizeof *grown);
        s->path = grown;
        s->room = room;
    }
    s->path[s->count++] = path;
}

static SoraStatus list(Scan *s, const char *dir, int depth)
{
    DIR *d = opendir(dir);
    if (!d) return err_set(SORA_E_IO, "cannot open %s: %s", dir, strerror(errno));
    SoraStatus status = SORA_OK;
    for (struct dirent *e; status == SORA_OK && (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.') continue; /* hidden files, "." and ".." */
        char *path = arena_printf(s->a, "%s/%s", dir, e->d_name);
        if (stat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            status = list(s, path, depth + 1);
        else if (S_ISREG(st.st_mode))
            add_path(s, path);
        if (s->count > FILES_MAX)
            status = err_set(SORA_E_FORMAT, "%s has more than %d files", dir, FILES_MAX);
    }
    closedir(d);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ending without the dot, "" without one. */
static const char *ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

static bool is_media(const char *path)
{
    for (size_t i = 0; media_endings[i]; i++)
        if (strcasecmp(ending(path), media_endings[i]) == 0) return true;
    return false;
}

static bool have(const Scan *s, const char *path)
{
    return bsearch(&path, s->path, s->count, sizeof *s->path, by_name) != NULL;
}

static char *with_ending(Arena *a, const char *path, const char *other)
{
    return arena_printf(a, "%.*s%s", (int)(ending(path) - path), path, other);
}

/* ---- captions -------------------------------------------------------------------------- */

/* Two-byte (81-FE, 40-FE) and four-byte (81-FE 30-39 81-FE 30-39) characters and ASCII. */
static bool looks_like_gb18030(const unsigned char *p, size_t size)
{
    for (size_t i = 0; i < size;) {
        if (p[i] < 0x80) {
            i++;
        } else if (p[i] == 0x80 || p[i] == 0xff || i + 1 >= size) {
            return false;
        } else if (p[i + 1] >= 0x30 && p[i + 1] <= 0x39) {
            i += 4;
        } else if (p[i + 1] < 0x40 || p[i + 1] == 0x7f || p[i + 1] == 0xff) {
            return false;
        } else {
            i += 2;
        }
    }
    return true;
}

static SoraStatus not_utf8(const char *path, Slice text)
{
    TRY(utf8_refuse_utf16(path, text.bytes, text.size));
    if (looks_like_gb18030(text.bytes, text.size))
        return err_set(SORA_E_FORMAT,
                       "%s is GB18030 (or GBK), not UTF-8; convert it: iconv -f GB18030 -t UTF-8 "
                       "'%s' -o new.txt",
                       path, path);
    return err_set(SORA_E_FORMAT, "%s is not UTF-8", path);
}

SoraStatus folder_caption(const char *path, Arena *a, const char **out)
{
    Slice text;
    TRY(file_read(path, CAPTION_BYTES_MAX, a, &text));
    char *s = (char *)text.bytes;
    size_t size = text.size;
    if (size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) s += 3, size -= 3;
    if (memchr(s, 0, size) || utf8_check(s, size) != SORA_OK) return not_utf8(path, text);
    while (size && strchr(" \t\r\n", s[size - 1])) s[--size] = 0;
    while (*s && strchr(" \t\r\n", *s)) s++;
    if (!*s) return err_set(SORA_E_FORMAT, "%s is empty", path);
    for (char *c = s; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    *out = s;
    return SORA_OK;
}

/* ---- files ----------------------------------------------------------------------------- */

static SoraStatus decode_all(Reader *r, Arena *a)
{
    const ReadInfo *info = read_info(r);
    void *rgb;
    TRY(arena_try(a, info->width * info->height * 3, &rgb));
    for (bool end = false; !end;) TRY(read_frame(r, rgb, &end));
    return SORA_OK;
}

static SoraStatus look_at(Scan *s, const char *path, FolderFile *out)
{
    const char *text = with_ending(s->a, path, "txt");
    *out = (FolderFile){ .path = path };
    if (!have(s, text))
        return err_set(SORA_E_FORMAT, "%s has no caption: there is no %s", path, text);
    TRY(folder_caption(text, s->a, &out->caption));
    Reader *r;
    TRY(read_open(path, &(ReadOptions){ 0 }, &r));
    const ReadInfo *info = read_info(r);
    out->height = info->height, out->width = info->width;
    out->seconds = info->fps > 0 ? info->seconds : 0;
    SoraStatus status = SORA_OK;
    if (s->o->decode) {
        Arena *frames = arena_new("frame", 0);
        status = decode_all(r, frames);
        arena_free(frames);
    }
    read_close(r);
    return status;
}

static void drop(Scan *s)
{
    s->out->dropped++;
    if (s->o->dropped) s->o->dropped(s->o->dropped_self, err_text());
}

static bool has_media(const Scan *s, const char *text)
{
    for (size_t i = 0; media_endings[i]; i++)
        if (have(s, with_ending(s->a, text, media_endings[i]))) return true;
    return false;
}

SoraStatus folder_scan(const char *dir, const FolderScanOptions *o, Arena *a, FolderScan *out)
{
    Scan s = { .o = o, .a = a, .out = out };
    *out = (FolderScan){ 0 };
    TRY(list(&s, dir, 0));
    qsort(s.path, s.count, sizeof *s.path, by_name);
    out->file = arena_alloc(a, (s.count + 1) * sizeof *out->file);
    for (size_t i = 0; i < s.count; i++) {
        const char *path = s.path[i];
        if (o->stop && o->stop(o->stop_self)) return SORA_CANCELLED;
        if (is_media(path)) {
            if (look_at(&s, path, &out->file[out->count]) == SORA_OK)
                out->count++;
            else
                drop(&s);
        } else if (strcasecmp(ending(path), "txt") == 0 && !has_media(&s, path)) {
            err_set(SORA_E_FORMAT, "%s is a caption without a video or picture", path);
            drop(&s);
        }
    }
    return SORA_OK;
}
