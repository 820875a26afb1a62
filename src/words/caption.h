/* Captions: facts into sentences, English and Chinese, in many wordings, all of them true. */
#ifndef WORDS_CAPTION_H
#define WORDS_CAPTION_H

#include "words/facts.h"
#include "words/lexicon.h"

enum { CAPTION_SIZE_MAX = 2048 }; /* no caption is longer, its zero byte included */

/* One bit for each thing facts hold: what a viewer can see, or what a sentence said. An actor
 * whose bit is off is not spoken of at all. */
typedef struct CaptionView {
    uint8_t actor;                     /* bit i: actor i */
    uint8_t size;                      /* bit i: that actor i is small or big */
    uint8_t event[FACTS_ACTORS_MAX];   /* bit e: what actor i does in event e */
    uint8_t heading[FACTS_ACTORS_MAX]; /* bit e: left or right, where the action has one */
    uint8_t fast[FACTS_ACTORS_MAX];    /* bit e: that it is fast */
    uint8_t prop;                      /* bit p: prop p */
    bool relation, scene, time, weather, camera;
} CaptionView;

typedef enum CaptionForm { CAPTION_SHORT, CAPTION_SENTENCE, CAPTION_DETAILED } CaptionForm;

typedef struct CaptionStyle {
    Language language;
    CaptionForm form;
    uint64_t seed; /* same facts, view and style: same caption */
    bool names;    /* everything by its first word, no synonyms */
    bool held_out; /* actors and props by the words held out of training, where they have any */
} CaptionStyle;

/* Everything in the facts can be seen. */
CaptionView caption_view_all(const Facts *facts);

/* Takes out what nobody sees at that place: weather indoors, in space and under water, the time in
 * space. */
void caption_view_tidy(const Facts *facts, CaptionView *view);

/* Writes a caption of at most size - 1 bytes and a zero byte to `out` (size at least
 * CAPTION_SIZE_MAX) and returns its length. Nothing that `view` hides is claimed; every actor it
 * shows is named; short forms leave out some of the rest. What was claimed goes to *said unless
 * it is NULL. The facts must be sound (facts_check). */
size_t caption_write(const Lexicon *lex, const Facts *facts, const CaptionView *view,
                     const CaptionStyle *style, char *out, CaptionView *said);

/* The mixture that training uses: half English, half Chinese (a quarter of that traditional);
 * of ten captions three short, four of one sentence, three detailed. */
void caption_mix(uint64_t seed, CaptionStyle *style);

/* Facts into one coherent picture: a city at night is SCENE_NIGHT_CITY and the reverse; no weather
 * where there is none (room, stage, space, sea floor); space has no time but night. */
void facts_tidy(Facts *facts);

/* Facts as a mirror shows them: left is right, of doings, places and cameras. */
void facts_mirror(Facts *facts);

/* SORA_E_ARGUMENT that names the first field out of its range. */
SoraStatus facts_check(const Lexicon *lex, const Facts *facts);

#endif
