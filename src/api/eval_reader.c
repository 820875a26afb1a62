/* The suite "reader": how well the judge itself sees. */
#include <math.h>

#include "api/eval_run.h"
#include "eval/read_suite.h"

enum { COUNT = 2000, FIT_MOST = 2000 };

/* One pass over clips of a kind, and its part of the report. */
static SoraStatus pass(SoraEval *e, const char *name, const DrawOptions *draw, size_t count,
                       ReadReport *out)
{
    ReadSuite s = { .reader = e->reader->file.reader,
                    .c = e->reader->compute,
                    .draw = *draw,
                    .count = count,
                    .progress = eval_progress(e) };
    TRY(read_suite_run(&s, e->arena, out));
    eval_put_scores(&e->json, name, &out->scores);
    eval_passed(e, count);
    return SORA_OK;
}

/* On clips that no pass asks about. */
static SoraStatus calibrate(SoraEval *e, const DrawOptions *draw, size_t count)
{
    ReadSuite s = { .reader = e->reader->file.reader,
                    .c = e->reader->compute,
                    .draw = *draw,
                    .count = count,
                    .progress = eval_progress(e) };
    ReaderTemperature one = { .presence = { 1, 0 } }, fitted;
    for (int h = 0; h < READ_HEADS; h++) one.head[h] = 1;
    s.draw.seed++;
    reader_set_temperature(e->reader->file.reader, &one);
    TRY(read_suite_fit(&s, &fitted));
    reader_set_temperature(e->reader->file.reader, &fitted);
    eval_passed(e, count);
    return reader_write_temperature(&e->reader->file, e->o.reader, &fitted);
}

static void put_temperature(SoraEval *e)
{
    ReaderTemperature t = reader_temperature(e->reader->file.reader);
    json_begin(&e->json, "temperature", '{');
    json_begin(&e->json, "presence", '[');
    for (int i = 0; i < 2; i++) json_put_number(&e->json, NULL, (double)t.presence[i]);
    json_end(&e->json, ']');
    for (int h = 0; h < READ_LIKENESS; h++)
        json_put_number(&e->json, reader_head_name(h), (double)t.head[h]);
    json_end(&e->json, '}');
}

/* Every actor that was asked for, over clips and pictures. */
static void put_actors(SoraEval *e, const ReadReport *clips, const ReadReport *images)
{
    const ReaderConfig *c = reader_config(e->reader->file.reader);
    json_begin(&e->json, "actors", '[');
    for (size_t i = 0; i < c->actors; i++) {
        size_t asked = clips->actor[i].asked + images->actor[i].asked;
        if (!asked) continue;
        json_begin(&e->json, NULL, '{');
        json_put_text(&e->json, "id", lexicon_id(e->reader->lexicon, WORD_ACTOR, (int)i));
        json_put_integer(&e->json, "asked", (int64_t)asked);
        json_put_integer(&e->json, "right",
                         (int64_t)(clips->actor[i].right + images->actor[i].right));
        json_end(&e->json, '}');
    }
    json_end(&e->json, ']');
}

SoraStatus eval_reader(SoraEval *e)
{
    size_t count = e->o.count ? (size_t)e->o.count : COUNT, part = (count + 1) / 2;
    size_t fit = count < FIT_MOST ? count : FIT_MOST;
    DrawOptions clips, images, pairs;
    ReadReport r[3];
    TRY(eval_draw(e, false, &clips));
    images = pairs = clips;
    images.size.frames = 1, images.size.fps = 0, images.seed += 1000;
    pairs.pick.split = SPLIT_PAIRS, pairs.seed += 2000;
    e->total = (double)(count + 2 * part + (e->o.calibrate ? fit : 0));
    if (e->o.calibrate) TRY(calibrate(e, &clips, fit));
    TRY(pass(e, "clips", &clips, count, &r[0]));
    TRY(pass(e, "images", &images, part, &r[1]));
    TRY(pass(e, "pairs", &pairs, part, &r[2]));
    put_temperature(e);
    json_put_number(&e->json, "smeared_likeness",
                    round(1e5 * r[0].smeared / (double)r[0].scores.clips) / 1e5);
    put_actors(e, &r[0], &r[1]);
    return SORA_OK;
}
