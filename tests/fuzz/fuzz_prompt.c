/* Any bytes as a prompt and as an instruction; facts are sound whatever was read. */
#define _GNU_SOURCE
#include <assert.h>
#include <string.h>

#include "words/instruct.h"

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const Lexicon *lex; /* built once: it takes longer than a prompt */
    static Arena *a;
    if (!a) {
        a = arena_new("fuzz", 0);
        if (lexicon_builtin(a, &lex) != SORA_OK) abort();
    }
    char *text = malloc(size + 1);
    Facts facts;
    ParseReport report;
    if (size) memcpy(text, bytes, size);
    text[size] = 0;
    if (prompt_parse(lex, text, &facts, &report) == SORA_OK && facts_check(lex, &facts) != SORA_OK)
        abort();
    instruct_is(lex, text);
    if (prompt_parse(lex, "a dog chases a cat next to a ball", &facts, &report) != SORA_OK) abort();
    if (instruct_apply(lex, text, &facts, &report) == SORA_OK &&
        facts_check(lex, &facts) != SORA_OK)
        abort();
    free(text);
    return 0;
}
