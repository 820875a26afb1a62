/* Instructions for edits: what the reader sees in a clip, changed as words ask, as a caption. */
#include <stdio.h>
#include <string.h>

#include "api/clip.h"
#include "api/reader.h"
#include "api/version.h"
#include "words/instruct.h"

int sora_is_instruction(const char *words)
{
    const Lexicon *lex;
    Arena *a = arena_new("words", 0);
    if (!a) return 0;
    int is = lexicon_builtin(a, &lex) == SORA_OK && instruct_is(lex, words);
    arena_free(a);
    return is;
}

/* Is all of the picture said that was asked for? */
static bool covers(const CaptionView *said, const CaptionView *asked)
{
    return (said->scene || !asked->scene) && (said->time || !asked->time) &&
           (said->weather || !asked->weather) && (said->camera || !asked->camera) &&
           (said->size & asked->size) == asked->size;
}

/* Writes in one form until all that was asked for is said. */
static bool write_form(const SoraReader *r, const Facts *f, const CaptionView *view,
                       const CaptionView *asked, CaptionStyle style, char *out)
{
    enum { TRIES = 8 };
    CaptionView said;
    for (style.seed = 1; style.seed <= TRIES; style.seed++) {
        *out = 0;
        caption_write(r->lexicon, f, view, &style, out, &said);
        if (!asked || covers(&said, asked)) return true;
    }
    return false;
}

/* One sentence, or as many as it takes to say what was asked for; where that cannot be (a room has
 * no weather) the sentence that `asked` NULL gets. */
static const char *write_caption(const SoraReader *r, const Facts *f, const CaptionView *view,
                                 const CaptionView *asked, Language l)
{
    CaptionStyle one = { .language = l, .form = CAPTION_SENTENCE }, all = one;
    char *out = arena_alloc(r->last, CAPTION_SIZE_MAX);
    all.form = CAPTION_DETAILED;
    if (!write_form(r, f, view, asked, one, out) && !write_form(r, f, view, asked, all, out))
        write_form(r, f, view, NULL, one, out);
    return out;
}

static const char *unknown_words(const SoraReader *r, const ParseReport *report)
{
    const char *out = "";
    for (int i = 0; i < report->unknowns && i < PARSE_UNKNOWN_MAX; i++)
        out = arena_printf(r->last, "%s%s%s", out, i ? ", " : "", report->unknown[i].text);
    return out;
}

SoraStatus sora_instruct(SoraReader *r, const SoraClip *clip, const char *words,
                         SoraInstruction *out)
{
    Facts f;
    CaptionView seen, all;
    ParseReport report;
    TRY(reader_see(r, clip, &f, &seen));
    if (!seen.actor) seen.actor = f.actors > 0; /* the likeliest is better than nobody */
    Facts changed = f;
    TRY(instruct_apply(r->lexicon, words, &changed, &report));
    facts_tidy(&changed);
    all = instruct_view(&seen, &report.said, f.actors, &changed);
    *out = (SoraInstruction){ .size = sizeof *out,
                              .before = write_caption(r, &f, &seen, NULL, report.language),
                              .caption =
                                  write_caption(r, &changed, &all, &report.said, report.language),
                              .unknown = unknown_words(r, &report),
                              .picture = f.time != changed.time || f.scene != changed.scene ||
                                         f.weather != changed.weather };
    return SORA_OK;
}
