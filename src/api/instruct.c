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

static const char *write_caption(const SoraReader *r, const Facts *f, const CaptionView *view,
                                 Language l)
{
    CaptionStyle style = { .language = l, .form = CAPTION_SENTENCE, .seed = 1 };
    char *out = arena_alloc(r->last, CAPTION_SIZE_MAX);
    *out = 0;
    caption_write(r->lexicon, f, view, &style, out, NULL);
    return out;
}

/* What was seen, and what was asked for. Who came or left moves the others: all are named then. */
static CaptionView merge(const CaptionView *seen, const CaptionView *said, int actors_before,
                         const Facts *f)
{
    CaptionView v = *seen;
    uint8_t all = (uint8_t)((1 << f->actors) - 1);
    v.actor = f->actors == actors_before ? (uint8_t)(v.actor | said->actor) & all : all;
    v.size |= said->size;
    v.prop |= said->prop;
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        v.event[i] |= said->event[i];
        v.heading[i] |= said->heading[i];
        v.fast[i] |= said->fast[i];
    }
    v.relation = said->relation && f->relation != REL_NONE && f->actors > 1;
    v.scene |= said->scene, v.time |= said->time, v.weather |= said->weather;
    v.camera |= said->camera;
    return v;
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
    all = merge(&seen, &report.said, f.actors, &changed);
    *out = (SoraInstruction){ .size = sizeof *out,
                              .before = write_caption(r, &f, &seen, report.language),
                              .caption = write_caption(r, &changed, &all, report.language),
                              .unknown = unknown_words(r, &report) };
    return SORA_OK;
}
