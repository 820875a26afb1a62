/* Instructions: "make it night", 让它下雨, "turn the dog into a cat" change facts. */
#ifndef WORDS_INSTRUCT_H
#define WORDS_INSTRUCT_H

#include "words/parse.h"

/* True when the words ask for a change ("make it ...", 把...变成...) rather than describe a clip.
 */
bool instruct_is(const Lexicon *lex, const char *words);

/* Changes *facts as `words` ask; what they do not speak of stays. *report: what was changed (in
 * `said`, of the new facts; an actor that was taken away counts as the relation, a prop as a prop),
 * and the words that could not be used. SORA_E_ARGUMENT when nothing in them can be done. *facts
 * and *report are changed on success alone. */
SoraStatus instruct_apply(const Lexicon *lex, const char *words, Facts *facts, ParseReport *report);

/* What can be told of changed facts: what was `seen` of the old ones, which held `actors_before`,
 * and what was `said` to change. Who came or left moves the others: all are named then. */
CaptionView instruct_view(const CaptionView *seen, const CaptionView *said, int actors_before,
                          const Facts *changed);

#endif
