/* One evaluation: what the suites of sora_eval share. Suites drive models through pipeline/, as
 * sora_generate does, at the model's own size: whatever the API adds (scaling, retiming) would be
 * measured with it. */
#ifndef API_EVAL_RUN_H
#define API_EVAL_RUN_H

#include "api/reader.h"
#include "base/json.h"
#include "eval/draw.h"
#include "eval/score.h"
#include "model/bundle.h"

struct SoraEval {
    SoraEvalOptions o;
    Arena *arena;
    SoraReader *reader;
    World *world;
    Bundle model; /* or zero */
    UpscaleFile upscaler;
    uint64_t *taught; /* actors that reader and model were taught, numbered as the world does */
    JsonWriter json;
    double done, total; /* of all passes */
    double within;      /* done of the pass that runs */
};

/* The draw of clips for a suite, of the size that options or model say. */
SoraStatus eval_draw(SoraEval *e, bool model_size, DrawOptions *out);

/* Progress of a pass of `total` units in the middle of e->total. */
Progress eval_progress(SoraEval *e);
void eval_passed(SoraEval *e, size_t units); /* such a pass is over */

/* "key": {"asked":..,"right":..,"accuracy":..,"ece":..} */
void eval_put_score(JsonWriter *w, const char *key, const Score *s);
/* "key": {"clips":..,"likeness":..,"actor":{..},"scene":{..}, ...} */
void eval_put_scores(JsonWriter *w, const char *key, const ReadScores *s);

SoraStatus eval_reader(SoraEval *e);
SoraStatus eval_text(SoraEval *e);
SoraStatus eval_looks(SoraEval *e);
SoraStatus eval_shape(SoraEval *e);

#endif
