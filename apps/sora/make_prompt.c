/* What a model says of the words it is given, before it makes anything of them. */
#include <string.h>

#include "base/error.h"
#include "make.h"
#include "progress.h"

/* What the model was never shown, and what it has hardly learned. */
static void say_words(Cli *cli, const SoraPromptCheck *c)
{
    for (int i = 0; i < c->unknowns; i++) {
        if (*c->nearest[i])
            progress_say(cli, T("I was never shown: %s; nearest I know: %s"), c->unknown[i],
                         c->nearest[i]);
        else
            progress_say(cli, T("I was never shown: %s"), c->unknown[i]);
    }
    for (int i = 0; i < c->weaks; i++)
        progress_say(cli, T("I am still bad at: %s (%.0f of 100 come out right)"), c->weak[i],
                     100 * c->weak_share[i]);
}

static void send_words(Make *m, const char *prompt, const SoraPromptCheck *c)
{
    JsonWriter w = progress_event(m->arena, "prompt");
    json_put_text(&w, "prompt", prompt);
    json_put_text(&w, "language", c->language);
    json_put_integer(&w, "read", (int64_t)c->read);
    json_put_text(&w, "told", *c->told && !m->verbatim ? c->told : prompt);
    json_begin(&w, "unknown", '[');
    for (int i = 0; i < c->unknowns; i++) {
        json_begin(&w, NULL, '{');
        json_put_text(&w, "word", c->unknown[i]);
        json_put_text(&w, "nearest", *c->nearest[i] ? c->nearest[i] : NULL);
        json_end(&w, '}');
    }
    json_end(&w, ']');
    json_begin(&w, "weak", '[');
    for (int i = 0; i < c->weaks; i++) {
        json_begin(&w, NULL, '{');
        json_put_text(&w, "word", c->weak[i]);
        json_put_number(&w, "right", c->weak_share[i]);
        json_end(&w, '}');
    }
    json_end(&w, ']');
    progress_send(m->cli, &w);
}

static size_t characters(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += (text[i] & 0xC0) != 0x80;
    return n;
}

SoraStatus make_tell_prompt(Make *m, const char *prompt, const char **before)
{
    SoraPromptCheck c;
    size_t size = strlen(prompt);
    TRY(sora_prompt_check_after(m->engine, *before, prompt, &c));
    *before = *c.told ? arena_strdup(m->arena, c.told) : prompt;
    if (m->cli->json) {
        if (c.unknowns || c.weaks || c.read < size || *c.told) send_words(m, prompt, &c);
        return SORA_OK;
    }
    bool chinese = lang_chinese();
    lang_use(strncmp(c.language, "zh", 2) == 0); /* in the prompt's language */
    say_words(m->cli, &c);
    if (*c.told && !m->verbatim) progress_say(m->cli, T("told: %s"), c.told);
    lang_use(chinese);
    if (c.read < size)
        progress_say(m->cli,
                     T("the prompt is too long: the first %zu of its %zu characters are read"),
                     characters(prompt, c.read), characters(prompt, size));
    return SORA_OK;
}
