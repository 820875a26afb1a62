#include "words/recaption.h"

/* Wordings that are tried of each form; most say everything. */
enum { TRIES = 10 };

static bool says_all(const CaptionView *want, const CaptionView *said)
{
    unsigned lacks = want->actor & ~said->actor;
    lacks |= (want->size & ~said->size) | (want->prop & ~said->prop);
    for (int i = 0; i < FACTS_ACTORS_MAX; i++) {
        lacks |= want->event[i] & ~said->event[i];
        lacks |= want->heading[i] & ~said->heading[i];
        lacks |= want->fast[i] & ~said->fast[i];
    }
    return !lacks && want->relation <= said->relation && want->scene <= said->scene &&
           want->time <= said->time && want->weather <= said->weather &&
           want->camera <= said->camera;
}

bool recaption(const Lexicon *lex, const Facts *facts, const CaptionView *said, Language language,
               char *out)
{
    static const CaptionForm form[] = { CAPTION_SENTENCE, CAPTION_DETAILED };
    CaptionView want = *said;
    caption_view_tidy(facts, &want);
    for (size_t k = 0; k < 2 * TRIES; k++) {
        CaptionStyle style = {
            .language = language, .form = form[k / TRIES], .seed = k, .names = true
        };
        CaptionView told;
        caption_write(lex, facts, &want, &style, out, &told);
        if (says_all(&want, &told)) return true;
    }
    return false;
}
