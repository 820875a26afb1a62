/* --image, --last-image, --at: pictures and words that a shot has at certain times. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/utf8.h"
#include "make.h"
#include "progress.h"

Option *make_given_options(Make *m, Option *table)
{
    const Option own[] = {
        { 0, "image", T("a picture that the video begins with"), .path = &m->image },
        { 0, "last-image", T("a picture that it ends with"), .path = &m->last_image },
        { 0, "at",
          T("at that time: a picture or clip that is seen, or words that take over; as often as "
            "you like"),
          .value = T("TIME=FILE|WORDS"), .list = &m->at, .whole = true },
    };
    memcpy(table, own, sizeof own);
    return table + sizeof own / sizeof own[0];
}

/* ---- files ----------------------------------------------------------------------------- */

SoraStatus make_own(Make *m, SoraClip *clip)
{
    if (m->own_count < MAKE_CLIPS) {
        m->own[m->own_count++] = clip;
        return SORA_OK;
    }
    sora_clip_free(clip);
    return err_set(SORA_E_ARGUMENT, T("more than %d pictures and clips"), MAKE_CLIPS);
}

SoraStatus make_add_part(Make *m, SoraPart part)
{
    if (m->part_count == m->part_room) {
        size_t room = m->part_room ? 2 * m->part_room : 16;
        SoraPart *more = realloc(m->part, room * sizeof *more);
        if (!more) return err_set(SORA_E_MEMORY, "no memory for %zu parts", room);
        m->part = more, m->part_room = room;
    }
    m->part[m->part_count++] = part;
    return SORA_OK;
}

void make_given_free(Make *m)
{
    for (size_t i = 0; i < m->own_count; i++) sora_clip_free(m->own[i]);
    free(m->part);
    m->part = NULL;
    m->own_count = m->part_count = m->part_room = m->later_count = m->at_files.count = 0;
}

void make_sound(Make *m, const char *path, double from_s, double length_s, double at_s)
{
    if (m->sound_count == OPTION_LIST_MAX) return;
    size_t i = m->sound_count++;
    for (; i && m->sound[i - 1].at_s > at_s; i--) m->sound[i] = m->sound[i - 1];
    m->sound[i] = (SoraSound){ path, from_s, length_s, at_s };
}

static bool same_file(const char *x, const char *y)
{
    struct stat s, t;
    return stat(x, &s) == 0 && stat(y, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Also a folder/ of pictures that the input is one of. */
SoraStatus make_check_input(const Make *m, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder =
        slash ? arena_printf(m->arena, "%.*s", (int)(slash + 1 - path), path) : ".";
    size_t n = strlen(m->output);
    bool inside = n && m->output[n - 1] == '/' && same_file(folder, m->output);
    if (!inside && !same_file(path, m->output)) return SORA_OK;
    return err_set(SORA_E_ARGUMENT, T("%s would be written over itself"), path);
}

SoraStatus make_fitted(Make *m, const char *name, SoraClip *clip, int height, int width,
                       SoraClip **out)
{
    int h = sora_clip_height(clip), w = sora_clip_width(clip);
    *out = clip;
    if (h == height && w == width) return SORA_OK;
    bool cut = fabs(log((double)w / h * height / width)) > 0.02;
    progress_say(m->cli,
                 cut ? T("%s: %dx%d is scaled to fill %dx%d, what stands over is cut off")
                     : T("%s: %dx%d is scaled to %dx%d"),
                 name, w, h, width, height);
    TRY(sora_clip_fit(clip, height, width, out));
    return make_own(m, *out);
}

/* The model's own area in the shape of the picture. */
static void take_shape(const SoraClip *image, SoraShot *s)
{
    enum { STEP = 16 };
    double area = (double)s->width * s->height;
    double shape = (double)sora_clip_width(image) / sora_clip_height(image);
    s->width = (int)fmax(1, rint(sqrt(area * shape) / STEP)) * STEP;
    s->height = (int)fmax(1, rint(sqrt(area / shape) / STEP)) * STEP;
}

/* ---- at a time ------------------------------------------------------------------------- */

/* Something that the shot has at a time. */
typedef struct Moment {
    double at_s;
    const char *path, *words; /* one of the two */
    const char *said;         /* as the user wrote it */
} Moment;

static bool is_media(const char *text)
{
    static const char *const endings[] = { ".png",  ".jpg", ".jpeg", ".webp", ".gif",  ".bmp",
                                           ".apng", ".mp4", ".m4v",  ".mov",  ".webm", ".mkv",
                                           ".avi",  ".y4m", ".mpg",  ".ts",   ".flv",  ".ogv" };
    size_t n = strlen(text);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t e = strlen(endings[i]);
        if (n > e && strcasecmp(text + n - e, endings[i]) == 0) return true;
    }
    return false;
}

/* "1.5s=still.png" */
static SoraStatus read_moment(const char *said, Moment *out)
{
    static const struct {
        const char *name;
        double worth;
    } units[] = { { "=", 1 },   { "s=", 1 },    { "ms=", 1e-3 },
                  { "m=", 60 }, { "min=", 60 }, { "秒=", 1 } };
    char *end;
    double x = strtod(said, &end);
    *out = (Moment){ .at_s = -1, .said = said };
    for (size_t i = 0; end != said && i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(end, units[i].name, n) != 0) continue;
        out->at_s = x * units[i].worth;
        end += n;
        break;
    }
    if (!(out->at_s >= 0 && isfinite(out->at_s)))
        return err_set(SORA_E_ARGUMENT,
                       T("--at %s: write it as 1.5s=still.png or 20s=\"it starts to snow\""), said);
    bool blank = !end[strspn(end, " \t\r\n")];
    if (blank) return err_set(SORA_E_ARGUMENT, T("--at %s: nothing is said after the ="), said);
    if (is_media(end))
        out->path = end;
    else
        out->words = end;
    return out->words ? err_while(utf8_check(end, strlen(end)), "reading --at") : SORA_OK;
}

/* In order of time; a picture and words may share one. */
static SoraStatus sort_moments(const Make *m, Moment *x, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && x[j].at_s < x[j - 1].at_s; j--) {
            Moment swap = x[j];
            x[j] = x[j - 1], x[j - 1] = swap;
            sorted = false;
        }
    if (!sorted) progress_say(m->cli, "%s", T("what --at says is put in order of time"));
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && x[j].at_s == x[i].at_s; j++)
            if (!x[j].path == !x[i].path)
                return err_set(SORA_E_ARGUMENT, T("--at %s and --at %s are at the same time"),
                               x[i].said, x[j].said);
    return SORA_OK;
}

static SoraStatus list_moments(const Make *m, const SoraShot *s, Moment *x, size_t *count)
{
    double length = s->frames / s->fps;
    size_t n = 0;
    for (size_t i = 0; i < m->at.count; i++) {
        TRY(read_moment(m->at.item[i], &x[n]));
        bool inside = x[n].at_s < length || (x[n].path && x[n].at_s <= length + 1e-6);
        if (!inside)
            return err_set(SORA_E_ARGUMENT, T("--at %s: the video lasts %g s"), m->at.item[i],
                           length);
        n++;
    }
    TRY(sort_moments(m, x, n));
    *count = n;
    return SORA_OK;
}

/* ---- parts ----------------------------------------------------------------------------- */

static SoraStatus add_part(Make *m, const char *name, const SoraShot *s, SoraPart p)
{
    if (p.count > s->frames - p.at) p.count = s->frames - p.at;
    for (size_t i = 0; i < m->part_count; i++) {
        const SoraPart *q = &m->part[i];
        if (p.at < q->at + q->count && q->at < p.at + p.count)
            return err_set(SORA_E_ARGUMENT, T("%s: frame %d is given twice"), name, p.at + 1);
    }
    return make_add_part(m, p);
}

/* A picture is one frame; a clip is as many as it has. */
static SoraStatus give_file(Make *m, const char *path, int at, int most, bool *sized, SoraShot *s)
{
    SoraClip *clip;
    TRY(make_check_input(m, path));
    TRY(sora_clip_read(path, s->fps, most, &clip));
    TRY(make_own(m, clip));
    if (!*sized) take_shape(clip, s);
    *sized = true;
    TRY(make_fitted(m, path, clip, s->height, s->width, &clip));
    return add_part(m, path, s, (SoraPart){ clip, 0, sora_clip_frames(clip), at });
}

SoraStatus make_given(Make *m, bool sized, SoraShot *s)
{
    Moment x[OPTION_LIST_MAX];
    size_t count = 0;
    if (m->last_image && s->frames < 2)
        return err_set(SORA_E_ARGUMENT,
                       T("a picture has no last frame: --last-image needs a video"));
    TRY(list_moments(m, s, x, &count));
    if (m->image) TRY(give_file(m, m->image, 0, 1, &sized, s));
    for (size_t i = 0; i < count; i++) {
        int at = (int)fmin(rint(x[i].at_s * s->fps), s->frames - 1);
        if (x[i].path) {
            TRY(give_file(m, x[i].path, at, s->frames - at, &sized, s));
            m->at_files.item[m->at_files.count++] = x[i].said;
        } else {
            m->later[m->later_count++] = (SoraPrompt){ x[i].at_s, x[i].words };
        }
    }
    if (m->last_image) TRY(give_file(m, m->last_image, s->frames - 1, 1, &sized, s));
    s->part = m->part, s->part_count = m->part_count;
    s->later = m->later, s->later_count = m->later_count;
    make_beside_given(m, s);
    return SORA_OK;
}
