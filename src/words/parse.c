#include "words/parse.h"

#include <string.h>

#include "words/parse_walk.h"

static SoraStatus check(const char *prompt, size_t size)
{
    if (size > PARSE_PROMPT_MAX)
        return err_set(SORA_E_ARGUMENT, "the prompt has %zu bytes, at most %d can be read", size,
                       PARSE_PROMPT_MAX);
    if (!prompt[strspn(prompt, " \t\r\n")])
        return err_set(SORA_E_ARGUMENT, "the prompt is empty: say what should be seen");
    return SORA_OK;
}

static SoraStatus read(const Lexicon *lex, const char *prompt, Arena *a, Facts *f, ParseReport *r)
{
    Tokens tokens;
    Items items;
    Walk w;
    TRY(err_while(tokens_cut(prompt, strlen(prompt), a, &tokens), "reading the prompt"));
    TRY(items_cut(lexicon_phrases(lex), &tokens, a, &items));
    r->language = tokens.language;
    walk_start(&w, lex, prompt, &tokens, &items, f, r);
    while (w.at < items.count) walk_item(&w);
    walk_close(&w);
    walk_finish(&w);
    return SORA_OK;
}

SoraStatus prompt_parse(const Lexicon *lex, const char *prompt, Facts *out, ParseReport *report)
{
    TRY(check(prompt, strlen(prompt)));
    Arena *a = arena_new("prompt", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a prompt");
    Facts f;
    ParseReport r;
    memset(&f, 0, sizeof f);
    memset(&r, 0, sizeof r);
    SoraStatus s = read(lex, prompt, a, &f, &r);
    arena_free(a);
    if (s != SORA_OK) return s;
    *out = f;
    *report = r;
    return SORA_OK;
}
