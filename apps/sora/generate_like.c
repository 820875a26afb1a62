/* --like FILE: the prompt, seed and settings that a file's notes tell. */
#include <string.h>

#include "base/error.h"
#include "generate.h"

/* ---- numbers --------------------------------------------------------------------------- */

/* A number of the notes; it is taken unless `given`. The notes are a stranger's. */
typedef struct Note {
    const char *key;
    bool given;
    double min, max;
    int64_t *integer; /* one of the two */
    double *number;
} Note;

static SoraStatus take_note(const char *path, const Json *notes, const Note *n)
{
    const Json *x = json_get(notes, n->key);
    if (n->given || !x || x->kind == JSON_IS_NULL) return SORA_OK;
    bool kind = x->kind == JSON_IS_INTEGER || (n->number && x->kind == JSON_IS_REAL);
    if (!kind || !(x->number >= n->min && x->number <= n->max))
        return err_set(SORA_E_FORMAT,
                       T("%s cannot be repeated: its notes have a %s that is not %.15g to %.15g"),
                       path, n->key, n->min, n->max);
    if (n->integer)
        *n->integer = x->integer;
    else
        *n->number = x->number;
    return SORA_OK;
}

/* As the options have them; a duration may come to more frames than --frames takes. */
static SoraStatus take_numbers(Generate *g, const Json *notes)
{
    Make *m = &g->make;
    bool sized = g->size.width || g->width || g->height, timed = g->frames || g->duration > 0;
    const Note all[] = {
        { "seed", m->seed >= 0, 0, 9e18, .integer = &m->seed },
        { "steps", m->steps_given, 1, 1000, .integer = &m->steps },
        { "cfg_scale", m->cfg_given, 0, 30, .number = &m->cfg_scale },
        { "shift", m->shift_given, 0.05, 50, .number = &m->shift },
        { "cfg_min", m->cfg_min_given, 0, 1, .number = &m->cfg_min },
        { "cfg_max", m->cfg_max_given, 0, 1, .number = &m->cfg_max },
        { "slg_scale", m->skip_given, 0, 30, .number = &m->skip_scale },
        { "skip_layer_start", m->skip_start_given, 0, 1, .number = &m->skip_start },
        { "skip_layer_end", m->skip_end_given, 0, 1, .number = &m->skip_end },
        { "frames", timed, 1, 1e6, .integer = &g->frames },
        { "width", sized, 1, 100000, .integer = &g->width },
        { "height", sized, 1, 100000, .integer = &g->height },
        { "fps", g->fps_given, 1, 240, .number = &g->fps },
    };
    if (!m->skip_given) m->skip_scale = 0; /* a file that does not tell was made without */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) TRY(take_note(g->like, notes, &all[i]));
    return SORA_OK;
}

/* ---- the rest -------------------------------------------------------------------------- */

static void take_sampler(const Json *notes, Make *m)
{
    const char *name = json_text(notes, "sampler");
    for (int i = 0; name && make_samplers[i]; i++)
        if (!m->sampler_given && strcmp(name, make_samplers[i]) == 0) m->sampler = i;
}

/* Prompts that take over, unless --at says others. */
static void take_later(const Json *notes, Make *m)
{
    const Json *later = json_get(notes, "later");
    if (!later || later->kind != JSON_IS_ARRAY || m->at.count) return;
    for (size_t i = 0; i < later->count && i < OPTION_LIST_MAX; i++) {
        const Json *from = json_get(&later->item[i], "from");
        const char *text = json_text(&later->item[i], "prompt");
        if (!from || !text) continue;
        m->at.item[m->at.count++] = arena_printf(m->arena, "%.17g=%s", from->number, text);
    }
}

static void take_layers(const Json *notes, Make *m)
{
    const Json *layers = json_get(notes, "skip_layers");
    if (!layers || layers->kind != JSON_IS_ARRAY || m->skip_layers.count) return;
    for (size_t i = 0; i < layers->count && i < OPTION_LIST_MAX; i++)
        m->skip_layers.item[m->skip_layers.count++] =
            arena_printf(m->arena, "%lld", (long long)layers->item[i].integer);
}

static void take_words(const Json *notes, Make *m)
{
    const Json *verbatim = json_get(notes, "verbatim"); /* a file that does not tell was */
    if (!verbatim || (verbatim->kind == JSON_IS_BOOL && verbatim->boolean)) m->verbatim = true;
    const Json *fast = json_get(notes, "fast");
    if (fast && fast->kind == JSON_IS_BOOL && fast->boolean && !m->steps_given) m->fast = true;
    if (!m->negative) m->negative = json_text(notes, "negative");
    if (!m->model) m->model = json_text(notes, "model");
}

/* ---- what notes cannot repeat ---------------------------------------------------------- */

/* Files are not in the notes, only their names: they have to be said again. */
static SoraStatus check_repeatable(const Generate *g, const Json *notes)
{
    const Make *m = &g->make;
    const struct {
        const char *key, *option;
        bool said;
    } files[] = {
        { "image", "--image", m->image != NULL },
        { "last_image", "--last-image", m->last_image != NULL },
        { "at", "--at", m->at.count > 0 },
        { "reference", "--reference", m->references.count > 0 },
        { "lora", "--lora", m->lora.count > 0 },
    };
    const char *command = json_text(notes, "command");
    if (command && strcmp(command, m->cli->command) != 0)
        return err_set(SORA_E_ARGUMENT,
                       T("%s was made by 'sora %s', and --like repeats only what 'sora generate' "
                         "made: give the same 'sora %s' again"),
                       g->like, command, command);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (json_get(notes, files[i].key) && !files[i].said)
            return err_set(SORA_E_ARGUMENT,
                           T("%s was made with files of %s: say %s beside --like again"), g->like,
                           files[i].option, files[i].option);
    return SORA_OK;
}

static SoraStatus take_prompt(Generate *g, const Json *notes)
{
    const char *prompt = json_text(notes, "prompt");
    if (!prompt || !prompt[strspn(prompt, " \t\r\n")])
        return err_set(SORA_E_FORMAT, T("%s does not say its prompt"), g->like);
    g->prompt = arena_alloc(g->make.arena, sizeof *g->prompt);
    g->prompt[0] = prompt;
    g->prompts = 1;
    return SORA_OK;
}

SoraStatus generate_like(Generate *g, const char **made_by)
{
    Make *m = &g->make;
    const Json *notes;
    char *text = arena_alloc(m->arena, MAKE_NOTES_MAX);
    TRY(sora_comment_read(g->like, text, MAKE_NOTES_MAX));
    TRY(json_parse(text, strlen(text), g->like, m->arena, &notes));
    TRY(check_repeatable(g, notes));
    TRY(take_prompt(g, notes));
    TRY(take_numbers(g, notes));
    take_sampler(notes, m);
    take_layers(notes, m);
    take_later(notes, m);
    take_words(notes, m);
    m->steps_given = m->cfg_given = m->shift_given = m->sampler_given = g->fps_given = true;
    m->cfg_min_given = m->cfg_max_given = true;
    m->skip_given = m->skip_start_given = m->skip_end_given = true;
    *made_by = json_text(notes, "engine");
    return SORA_OK;
}
