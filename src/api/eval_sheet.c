#include "api/eval_sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "media/sheet.h"

enum { FRAMES_SHOWN = 5, GAP = 3, PAIRS_ACROSS = 2 };

SoraStatus eval_sheet_open(EvalSheet *s, const char *path, size_t pairs_max)
{
    *s = (EvalSheet){ .path = path, .pairs_max = pairs_max };
    if (!path) return SORA_OK;
    size_t n = strlen(path);
    if (n < 5 || strcmp(path + n - 4, ".png") != 0)
        return err_set(SORA_E_ARGUMENT, "a sheet is a .png, not %s", path);
    s->arena = arena_new("sheet", 0);
    if (!s->arena) return err_set(SORA_E_MEMORY, "no memory for a sheet");
    s->clip = arena_zero(s->arena, 2 * pairs_max * sizeof *s->clip);
    s->text = arena_zero(s->arena, pairs_max * sizeof *s->text);
    return SORA_OK;
}

static SoraStatus keep(EvalSheet *s, const Clip *from, Clip *to)
{
    TRY(clip_new(s->arena, from->frames, from->height, from->width, from->fps, to));
    memcpy(to->rgb, from->rgb, from->frames * from->height * from->width * 3);
    return SORA_OK;
}

SoraStatus eval_sheet_add(EvalSheet *s, const char *text, const Clip *made, const Clip *world)
{
    if (!s->path || s->pairs == s->pairs_max) return SORA_OK;
    TRY(keep(s, made, &s->clip[2 * s->pairs]));
    TRY(keep(s, world, &s->clip[2 * s->pairs + 1]));
    s->text[s->pairs++] = arena_strdup(s->arena, text);
    return SORA_OK;
}

SoraStatus eval_sheet_write(EvalSheet *s)
{
    if (!s->path || !s->pairs) return SORA_OK;
    SheetOptions o = { .frames = FRAMES_SHOWN, .columns = 2 * PAIRS_ACROSS, .gap = GAP };
    TRY(sheet_write(s->path, s->clip, 2 * s->pairs, &o));
    size_t size = 1;
    for (size_t i = 0; i < s->pairs; i++) size += strlen(s->text[i]) + 16;
    char *text = arena_alloc(s->arena, size), *end = text;
    for (size_t i = 0; i < s->pairs; i++) end += sprintf(end, "%zu  %s\n", i + 1, s->text[i]);
    char *path = arena_strdup(s->arena, s->path);
    memcpy(path + strlen(path) - 3, "txt", 3);
    return file_write(path, text, (size_t)(end - text));
}

void eval_sheet_close(EvalSheet *s)
{
    arena_free(s->arena);
    *s = (EvalSheet){ 0 };
}
