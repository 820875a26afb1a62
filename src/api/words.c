/* What can be asked for, in words. */
#include "api/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "api/learned.h"
#include "api/world_text.h"

SoraStatus model_words(const Safetensors *file, const char *name, Arena *a, ModelWords *out)
{
    const char *table = file ? safetensors_metadata(file, "sora.lexicon") : NULL;
    const char *actors = file ? safetensors_metadata(file, "sora.actors") : NULL;
    if (table)
        TRY(lexicon_read((Slice){ (const uint8_t *)table, strlen(table) }, name, a, &out->lexicon));
    else
        TRY(lexicon_builtin(a, &out->lexicon));
    size_t count = (size_t)lexicon_count(out->lexicon, WORD_ACTOR);
    out->listed = actors != NULL;
    out->taught = arena_zero(a, count * sizeof *out->taught);
    for (int k = 0; k < WORD_KIND_COUNT; k++) {
        int entries = lexicon_count(out->lexicon, k);
        out->share[k] = arena_alloc(a, ((size_t)entries + 1) * sizeof *out->share[k]);
        for (int i = 0; i < entries; i++) out->share[k][i] = NAN;
    }
    if (file) TRY(learned_read(name, file, out->lexicon, a, out->share));
    for (size_t i = 0; i < count && !actors; i++) out->taught[i] = true;
    if (!actors) return SORA_OK;
    char *rest = arena_strdup(a, actors), *id;
    while ((id = strtok_r(rest, ", \n", &rest)) != NULL) {
        int i = lexicon_find(out->lexicon, WORD_ACTOR, id);
        if (i < 0)
            return err_set(SORA_E_FORMAT, "%s was taught the actor \"%.40s\", which its words lack",
                           name, id);
        out->taught[i] = true;
    }
    return SORA_OK;
}

static SoraStatus list(const char *model, Arena *a, char **out)
{
    ModelWords words;
    Safetensors file;
    if (model && file_is_folder(model)) model = arena_printf(a, "%s/model.safetensors", model);
    if (model) TRY(safetensors_open(model, a, &file));
    SoraStatus s = model_words(model ? &file : NULL, model, a, &words);
    if (s == SORA_OK) *out = strdup(world_text_words(&words, a));
    if (model) safetensors_close(&file);
    TRY(s);
    return *out ? SORA_OK : err_set(SORA_E_MEMORY, "no memory for the list of words");
}

SoraStatus sora_words(const char *model, char **out)
{
    Arena *a = arena_new("words", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for the list of words");
    SoraStatus s = list(model, a, out);
    arena_free(a);
    return s;
}

void sora_words_free(char *words)
{
    free(words);
}
