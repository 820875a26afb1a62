/* The suite "text": does the model do what it is told, and how does it look. */
#include <math.h>

#include "api/eval_run.h"
#include "api/eval_sheet.h"
#include "api/learned.h"
#include "api/prompt.h"
#include "base/size.h"
#include "eval/text_suite.h"

enum { COUNT = 500, EACH = 5, SHEET_PAIRS = 32, LOOKS_COUNT = 100, LOOKS_SIDE = 256 };

static SoraStatus on_pair(void *self, const char *prompt, bool found, const Clip *made,
                          const Clip *world)
{
    EvalSheet *sheet = self;
    char line[CAPTION_SIZE_MAX + 16];
    snprintf(line, sizeof line, "%s %s", found ? "[+]" : "[-]", prompt);
    return eval_sheet_add(sheet, line, made, world);
}

static void put_looks(JsonWriter *w, const TextLooks *l)
{
    static const char *const who[2] = { "model", "world" };
    double n = (double)l->clips;
    json_begin(w, "looks", '{');
    for (int k = 0; k < 2; k++) {
        json_begin(w, who[k], '{');
        json_put_number(w, "borders", l->borders[k] / n);
        json_put_number(w, "residual", l->residual[k] / n);
        json_put_number(w, "last_gradient", l->last[k] / n);
        json_end(w, '}');
    }
    json_put_number(w, "gradient_ratio", l->gradient[0] / l->gradient[1]);
    json_put_number(w, "residual_ratio", l->residual[0] / l->residual[1]);
    json_end(w, '}');
}

/* One thing that was asked for; a caller may put more into it before the closing brace. */
static void begin_asked(JsonWriter *w, const char *id, size_t asked, size_t right, size_t world)
{
    json_begin(w, NULL, '{');
    json_put_text(w, "id", id);
    json_put_integer(w, "asked", (int64_t)asked);
    json_put_integer(w, "right", (int64_t)right);
    json_put_integer(w, "world_right", (int64_t)world);
}

/* What generate may claim to know: accuracy of every actor that was asked for. */
static void put_actors(SoraEval *e, const TextReport *r)
{
    JsonWriter *w = &e->json;
    json_begin(w, "actors", '[');
    for (size_t i = 0; i < reader_config(e->reader->file.reader)->actors; i++) {
        const Score *s = &r->actor[0][i];
        if (!s->asked) continue;
        begin_asked(w, lexicon_id(e->reader->lexicon, WORD_ACTOR, (int)i), s->asked, s->right,
                    r->actor[1][i].right);
        json_end(w, '}');
    }
    json_end(w, ']');
}

/* The words of what a head is asked; WORD_KIND_COUNT: they are no words. */
static WordKind kind_of(ReadHead h)
{
    switch (h) {
    case READ_SCENE: return WORD_SCENE;
    case READ_TIME: return WORD_TIME;
    case READ_WEATHER: return WORD_WEATHER;
    case READ_CAMERA: return WORD_CAMERA;
    case READ_ACTION: return WORD_ACTION;
    case READ_SIZE: return WORD_SIZE;
    default: return WORD_KIND_COUNT;
    }
}

/* Does the reader see it in the world's own clips? What it does not see there says nothing of the
 * model. */
static bool readable(const TextAnswer *x)
{
    return (double)x->right[1] >= LEARNED_ENOUGH * (double)x->asked;
}

/* Answer by answer: what a model can do seldom lies between. */
static void put_answers(SoraEval *e, const TextReport *r)
{
    const ReaderConfig *c = reader_config(e->reader->file.reader);
    JsonWriter *w = &e->json;
    json_begin(w, "answers", '{');
    for (int h = 0; h < READ_LIKENESS; h++) {
        json_begin(w, reader_head_name(h), '[');
        for (size_t i = 0; i < c->answers[h]; i++) {
            const TextAnswer *x = &r->answer[h][i];
            WordKind kind = kind_of(h);
            if (!x->asked) continue;
            begin_asked(w,
                        kind < WORD_KIND_COUNT ? lexicon_id(e->reader->lexicon, kind, (int)i)
                                               : arena_printf(e->arena, "%zu", i + 1),
                        x->asked, x->right[0], x->right[1]);
            json_put_bool(w, "readable", readable(x));
            json_end(w, '}');
        }
        json_end(w, ']');
    }
    json_end(w, '}');
}

/* The table of what the model has learned of prompts as it is told them, when every actor that was
 * taught was asked for often enough. Without a place to write it the report is still worth having.
 */
static void keep_learned(SoraEval *e, const TextReport *r)
{
    const ReaderConfig *c = reader_config(e->reader->file.reader);
    size_t all = c->actors, rows = 0;
    for (int h = 0; h < READ_HEADS; h++) all += c->answers[h];
    LearnedRow *row = arena_alloc(e->arena, all * sizeof *row);
    const char *path;
    if (e->o.images || e->o.verbatim || (size_t)e->o.count < EACH * world_actor_count(e->world))
        return;
    for (size_t i = 0; i < c->actors; i++)
        if (r->actor[0][i].asked >= EACH)
            row[rows++] =
                (LearnedRow){ WORD_ACTOR, (int)i, r->actor[0][i].asked, r->actor[0][i].right };
    for (int h = 0; h < READ_HEADS; h++)
        for (size_t i = 0; i < c->answers[h] && kind_of(h) < WORD_KIND_COUNT; i++) {
            const TextAnswer *x = &r->answer[h][i];
            if (x->asked >= EACH && readable(x))
                row[rows++] = (LearnedRow){ kind_of(h), (int)i, x->asked, x->right[0] };
        }
    if (learned_write(e->o.model, &e->model.file, e->reader->lexicon, row, rows, e->arena, &path) ==
        SORA_OK)
        json_put_text(&e->json, "learned", path);
}

/* Over the whole cast, prompts with an actor nobody was taught count as wrong; over the words that
 * the model claims, only actors that it gets right in four of five prompts are asked for. */
static void put_cast(SoraEval *e, const TextReport *r)
{
    Score claimed = { 0 };
    size_t known = 0, asked = 0;
    for (size_t i = 0; i < reader_config(e->reader->file.reader)->actors; i++) {
        const Score *s = &r->actor[0][i];
        asked += s->asked > 0;
        if (!s->asked || score_accuracy(s) < LEARNED_ENOUGH) continue;
        known++;
        claimed.asked += s->asked, claimed.right += s->right;
    }
    JsonWriter *w = &e->json;
    json_begin(w, "cast", '{');
    json_put_integer(w, "actors", (int64_t)world_actor_count(e->world));
    json_put_integer(w, "asked", (int64_t)asked);
    json_put_integer(w, "claimed", (int64_t)known);
    json_put_number(w, "claimed_accuracy", known ? score_accuracy(&claimed) : NAN);
    const Score *all = &r->scores[TEXT_ALL][0].actor;
    json_put_number(w, "whole_accuracy", (double)all->right / (double)(all->asked + r->untaught));
    json_end(w, '}');
}

static void put_sizes(SoraEval *e, const DrawOptions *draw, const TextReport *r)
{
    JsonWriter *w = &e->json;
    json_put_integer(w, "prompts", (int64_t)r->drawn);
    json_put_integer(w, "untaught", (int64_t)r->untaught);
    json_put_bool(w, "verbatim", e->o.verbatim);
    json_put_integer(w, "width", (int64_t)draw->size.width);
    json_put_integer(w, "height", (int64_t)draw->size.height);
    json_put_integer(w, "frames", (int64_t)draw->size.frames);
}

static void put_report(SoraEval *e, const DrawOptions *draw, const TextReport *r)
{
    static const char *const who[2] = { "model", "world" };
    JsonWriter *w = &e->json;
    put_sizes(e, draw, r);
    json_begin(w, "groups", '{');
    for (int g = 0; g < TEXT_GROUPS; g++) {
        json_begin(w, text_group_name(g), '{');
        for (int k = 0; k < 2; k++) eval_put_scores(w, who[k], &r->scores[g][k]);
        json_end(w, '}');
    }
    json_end(w, '}');
    put_cast(e, r);
    put_looks(w, &r->looks);
    put_actors(e, r);
    put_answers(e, r);
    keep_learned(e, r);
}

static SoraStatus tell(void *self, const char *prompt, Arena *a, Told *told)
{
    return prompt_told(self, NULL, prompt, a, told);
}

static SoraStatus run(SoraEval *e, TextSuite *s, TextReport *report)
{
    EvalSheet sheet;
    if (!e->o.verbatim) {
        PromptWords *words;
        TRY(prompt_words_open(&e->model, e->reader->compute, e->o.model, false, e->arena, &words));
        s->tell = tell, s->tell_self = words;
    }
    s->model = &e->model;
    s->reader = e->reader->file.reader;
    s->c = e->reader->compute;
    s->taught = e->taught;
    s->count = (size_t)e->o.count;
    s->steps = (size_t)e->o.steps;
    s->cfg_scale = e->o.cfg_scale;
    s->progress = eval_progress(e);
    s->show = on_pair, s->show_self = &sheet;
    e->total = (double)s->count;
    TRY(eval_sheet_open(&sheet, e->o.sheet,
                        e->o.sheet_pairs ? (size_t)e->o.sheet_pairs : SHEET_PAIRS));
    SoraStatus status = text_suite_run(s, e->arena, report);
    if (status == SORA_OK) status = eval_sheet_write(&sheet);
    eval_sheet_close(&sheet);
    return status;
}

SoraStatus eval_text(SoraEval *e)
{
    TextReport report;
    TextSuite s = { 0 };
    TRY(eval_draw(e, true, &s.draw));
    if (!e->o.count) e->o.count = (int)size_max(COUNT, EACH * world_actor_count(e->world));
    TRY(run(e, &s, &report));
    put_report(e, &s.draw, &report);
    return SORA_OK;
}

/* The same prompts of what was taught, as they are shown: at 256x256, through the second stage. */
SoraStatus eval_looks(SoraEval *e)
{
    TextReport report;
    TextSuite s = { .taught_only = true };
    TRY(eval_draw(e, true, &s.draw));
    if (!e->o.width) s.draw.size.width = LOOKS_SIDE;
    if (!e->o.height) s.draw.size.height = LOOKS_SIDE;
    if (!e->o.count) e->o.count = LOOKS_COUNT;
    TRY(run(e, &s, &report));
    put_sizes(e, &s.draw, &report);
    const ReadScores *all = report.scores[TEXT_ALL];
    json_begin(&e->json, "likeness", '{');
    json_put_number(&e->json, "model", all[0].likeness / (double)all[0].clips);
    json_put_number(&e->json, "world", all[1].likeness / (double)all[1].clips);
    json_end(&e->json, '}');
    put_looks(&e->json, &report.looks);
    return SORA_OK;
}
