/* How well a model does what it is told: prompts drawn from the whole grammar by a hash that does
 * not change, one seed each, no choosing; what comes out is read by the reader, beside the world's
 * own clip of the same prompt. At the model's own size nothing but the model is measured; at
 * another it is what people see, scaled and with the second stage. */
#ifndef EVAL_TEXT_SUITE_H
#define EVAL_TEXT_SUITE_H

#include "eval/draw.h"
#include "eval/score.h"
#include "model/bundle.h"
#include "pipeline/told.h"

typedef enum TextGroup {
    TEXT_ALL,   /* prompts that were made */
    TEXT_SEEN,  /* no pair that is held out of training */
    TEXT_PAIRS, /* a held-out pair */
    TEXT_EN,
    TEXT_ZH,
    TEXT_PLAIN,      /* words that training uses ... */
    TEXT_PARAPHRASE, /* ... and words that it never did ("a hound") */
    TEXT_GROUPS
} TextGroup;
const char *text_group_name(TextGroup g); /* "all" ... "paraphrase" */

typedef struct TextSuite {
    const Bundle *model;
    const Reader *reader;
    const Compute *c;
    DrawOptions draw;       /* size: what the model makes; pick: of the whole grammar; the seed is
                               the suite's own */
    const uint64_t *taught; /* bit set of the world's actors that model and reader were taught;
                               prompts with others are counted, not made. NULL: all */
    bool taught_only;       /* only actors of `taught` take turns */
    size_t count, steps;
    double cfg_scale; /* 0: the pipeline's own */
    Progress progress;
    /* NULL, or what the model is told in place of a prompt. */
    SoraStatus (*tell)(void *self, const char *prompt, Arena *a, Told *told);
    void *tell_self;
    /* NULL, or shown every pair as it is made. */
    SoraStatus (*show)(void *self, const char *prompt, bool found, const Clip *made,
                       const Clip *world);
    void *show_self;
} TextSuite;

/* Sums over clips and frames, of the model's clips [0] and the world's [1] (eval/looks.h). */
typedef struct TextLooks {
    double gradient[2], borders[2], residual[2];
    double
        last[2]; /* of gradient: that of the last frame that was looked at, against the first's */
    size_t clips;
} TextLooks;

/* How often one answer was asked for, and came out right in the model's clips [0] and the world's
 * [1]. */
typedef struct TextAnswer {
    size_t asked, right[2];
} TextAnswer;

typedef struct TextReport {
    ReadScores scores[TEXT_GROUPS][2]; /* of the model's clips and the world's */
    Score *actor[2];                   /* [actors of the lexicon] */
    TextAnswer *answer[READ_HEADS];    /* [answers of the head] */
    TextLooks looks;
    size_t drawn, untaught; /* prompts; of those, with an actor nobody was taught */
} TextReport;

SoraStatus text_suite_run(const TextSuite *s, Arena *a, TextReport *out);

/* Prompt number `i`, as the suite asks it. */
typedef struct TextPrompt {
    Facts placed, named;
    CaptionView said; /* what the prompt asks for, and nothing else is judged */
    bool pairs, paraphrase;
    Language language;
    char text[CAPTION_SIZE_MAX];
} TextPrompt;
SoraStatus text_suite_prompt(const TextSuite *s, uint64_t i, TextPrompt *out);

#endif
