/* The reader for other programs: a clip in, facts and a sentence out. */
#include <string.h>

#include "api/clip.h"
#include "api/reader.h"
#include "api/version.h"
#include "base/json.h"
#include "pipeline/read.h"
#include "words/caption.h"

static const float SAY = 0.5f; /* a caption says what is at least so probable */

void sora_reader_options_init(SoraReaderOptions *o)
{
    *o = (SoraReaderOptions){ .size = sizeof *o };
}

static SoraStatus open_reader(SoraReader *r, const SoraReaderOptions *o)
{
    if (!o->file) return err_set(SORA_E_ARGUMENT, "the options name no reader's file");
    if (o->threads < 0 || o->threads > POOL_THREADS_MAX)
        return err_set(SORA_E_ARGUMENT, "%d threads, it must be 0 to %d", o->threads,
                       POOL_THREADS_MAX);
    if (!file_exists(o->file))
        return err_set(SORA_E_IO,
                       "there is no reader at %s: train one with 'sora train DIR --network reader' "
                       "and name DIR/reader.safetensors",
                       o->file);
    TRY(pool_new(o->threads, &r->pool));
    TRY(compute_new(r->pool, o->cpu, &r->compute));
    TRY(reader_open(o->file, &r->file));
    const char *table = safetensors_metadata(&r->file.file, "sora.lexicon");
    if (!table) return lexicon_builtin(r->arena, &r->lexicon);
    Slice bytes = { (const uint8_t *)table, strlen(table) };
    TRY(lexicon_read(bytes, o->file, r->arena, &r->lexicon));
    size_t actors = reader_config(r->file.reader)->actors;
    if (actors != (size_t)lexicon_count(r->lexicon, WORD_ACTOR))
        return err_set(SORA_E_FORMAT, "%s reads %zu actors, its words are of %d", o->file, actors,
                       lexicon_count(r->lexicon, WORD_ACTOR));
    return SORA_OK;
}

SoraStatus sora_reader_open(const SoraReaderOptions *theirs, SoraReader **out)
{
    SoraReaderOptions o;
    sora_reader_options_init(&o);
    TRY(version_copy(&o, sizeof o, theirs, "SoraReaderOptions"));
    Arena *a = arena_new("reader", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for a reader");
    SoraReader *r = arena_zero(a, sizeof *r);
    r->arena = a;
    r->step = arena_new("step", 0);
    r->last = arena_new("reading", 0);
    SoraStatus s =
        r->step && r->last ? open_reader(r, &o) : err_set(SORA_E_MEMORY, "no memory for a reader");
    if (s == SORA_OK)
        *out = r;
    else
        sora_reader_close(r);
    return s;
}

void sora_reader_close(SoraReader *r)
{
    if (!r) return;
    reader_close(&r->file);
    compute_free(r->compute);
    pool_free(r->pool);
    arena_free(r->last);
    arena_free(r->step);
    arena_free(r->arena);
}

SoraStatus reader_language(const char *name, Language *out)
{
    static const char *const NAME[LANG_COUNT] = { "en", "zh", "zh-Hant" };
    *out = LANG_EN;
    for (int i = 0; name && i < LANG_COUNT; i++) {
        if (strcmp(name, NAME[i]) != 0) continue;
        *out = (Language)i;
        return SORA_OK;
    }
    return name ? err_set(SORA_E_ARGUMENT, "\"%s\" is no language; there are en, zh, zh-Hant", name)
                : SORA_OK;
}

/* ---- what is said ---------------------------------------------------------------------- */

static bool sure(const Reader *r, const Reading *x, ReadHead head)
{
    return x->head[head][reading_best(r, x, head)] >= SAY;
}

/* Nothing is claimed that the reader is not sure of. */
static CaptionView view_of(const Reader *r, const Reading *x, const Facts *f, bool moves)
{
    CaptionView v = { .scene = sure(r, x, READ_SCENE),
                      .time = sure(r, x, READ_TIME),
                      .weather = sure(r, x, READ_WEATHER),
                      .camera = moves && sure(r, x, READ_CAMERA) };
    for (int i = 0; i < f->actors; i++)
        if (reading_presence(r, x, f->actor[i].actor) >= SAY) v.actor |= (uint8_t)(1 << i);
    if (f->actors != 1 || !v.actor) return v;
    if (sure(r, x, READ_ACTION)) v.event[0] = v.heading[0] = 1;
    if (f->actor[0].size != SIZE_NORMAL && sure(r, x, READ_SIZE)) v.size = 1;
    return v;
}

static void put_answer(JsonWriter *w, const SoraReader *r, const Reading *x, ReadHead head,
                       WordKind kind, Language l)
{
    size_t best = reading_best(r->file.reader, x, head);
    json_begin(w, reader_head_name(head), '{');
    json_put_text(w, "id", lexicon_id(r->lexicon, kind, (int)best));
    json_put_text(w, "name", lexicon_name(r->lexicon, kind, (int)best, l));
    json_put_number(w, "confidence", (double)x->head[head][best]);
    json_end(w, '}');
}

static void put_actors(JsonWriter *w, const SoraReader *r, const Reading *x, const Facts *f,
                       Language l)
{
    json_begin(w, "actors", '[');
    for (int i = 0; i < f->actors; i++) {
        int actor = f->actor[i].actor;
        json_begin(w, NULL, '{');
        json_put_text(w, "id", lexicon_id(r->lexicon, WORD_ACTOR, actor));
        json_put_text(w, "name", lexicon_name(r->lexicon, WORD_ACTOR, actor, l));
        json_put_number(w, "confidence",
                        (double)reading_presence(r->file.reader, x, (size_t)actor));
        json_end(w, '}');
    }
    json_end(w, ']');
    size_t count = reading_best(r->file.reader, x, READ_COUNT);
    json_begin(w, "count", '{');
    json_put_integer(w, "value", (int64_t)count + 1);
    json_put_number(w, "confidence", (double)x->head[READ_COUNT][count]);
    json_end(w, '}');
}

static const char *facts_text(const SoraReader *r, const Reading *x, const Facts *f, Language l,
                              bool moves, const char *caption)
{
    JsonWriter w = json_writer(r->last);
    json_begin(&w, NULL, '{');
    put_actors(&w, r, x, f, l);
    put_answer(&w, r, x, READ_ACTION, WORD_ACTION, l);
    put_answer(&w, r, x, READ_SIZE, WORD_SIZE, l);
    put_answer(&w, r, x, READ_SCENE, WORD_SCENE, l);
    put_answer(&w, r, x, READ_TIME, WORD_TIME, l);
    put_answer(&w, r, x, READ_WEATHER, WORD_WEATHER, l);
    if (moves) put_answer(&w, r, x, READ_CAMERA, WORD_CAMERA, l);
    json_put_number(&w, "likeness", (double)x->head[READ_LIKENESS][1]);
    json_put_text(&w, "caption", caption);
    json_end(&w, '}');
    return w.text;
}

SoraStatus sora_read(SoraReader *r, const SoraClip *clip, const char *language, SoraReading *out)
{
    Reading x;
    Facts f;
    Language l;
    TRY(reader_language(language, &l));
    if (clip->clip.frames == 0) return err_set(SORA_E_ARGUMENT, "a clip without frames");
    arena_rewind(r->last, (ArenaMark){ 0 });
    TRY(read_clips(r->file.reader, r->compute, &clip->clip, 1, r->step, r->last, &x));
    bool moves = clip->clip.frames > 1;
    reading_facts(r->file.reader, &x, &f);
    facts_tidy(&f);
    CaptionView view = view_of(r->file.reader, &x, &f, moves);
    CaptionStyle style = { .language = l, .form = CAPTION_SENTENCE, .seed = 1 };
    char *caption = arena_alloc(r->last, CAPTION_SIZE_MAX);
    *caption = 0;
    if (view.actor) caption_write(r->lexicon, &f, &view, &style, caption, NULL);
    *out = (SoraReading){ .size = sizeof *out,
                          .facts = facts_text(r, &x, &f, l, moves, caption),
                          .caption = caption,
                          .likeness = (double)x.head[READ_LIKENESS][1] };
    return SORA_OK;
}

SoraStatus reader_see(SoraReader *r, const SoraClip *clip, Facts *facts, CaptionView *view)
{
    Reading x;
    if (clip->clip.frames == 0) return err_set(SORA_E_ARGUMENT, "a clip without frames");
    arena_rewind(r->last, (ArenaMark){ 0 });
    TRY(read_clips(r->file.reader, r->compute, &clip->clip, 1, r->step, r->last, &x));
    reading_facts(r->file.reader, &x, facts);
    facts_tidy(facts);
    *view = view_of(r->file.reader, &x, facts, clip->clip.frames > 1);
    return SORA_OK;
}
