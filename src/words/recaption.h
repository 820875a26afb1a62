/* Prompts said again in the way that captions for training are written. A video model follows the
 * sentences it was trained on best; Sora's and DALL-E 3's makers had a language model write
 * prompts anew (Betker et al. 2023, section 4), where sentences of a world can be read and
 * written exactly. */
#ifndef WORDS_RECAPTION_H
#define WORDS_RECAPTION_H

#include "words/caption.h"

/* A caption by the words that training uses, of all that `said` shows of the facts and of nothing
 * else, into `out` (CAPTION_SIZE_MAX). False: none that was tried says all of it. */
bool recaption(const Lexicon *lex, const Facts *facts, const CaptionView *said, Language language,
               char *out);

#endif
