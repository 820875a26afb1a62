/* The notes that a result carries: who made it, and the shot's settings. */
#include "make.h"

static void put_list(JsonWriter *w, const char *key, const OptionList *list)
{
    if (!list->count) return;
    json_begin(w, key, '[');
    for (size_t i = 0; i < list->count; i++) json_put_text(w, NULL, list->item[i]);
    json_end(w, ']');
}

/* The names of the files that it was made from. */
static void put_files(JsonWriter *w, const Make *m)
{
    if (m->image) json_put_text(w, "image", m->image);
    if (m->last_image) json_put_text(w, "last_image", m->last_image);
    put_list(w, "at", &m->at_files);
    put_list(w, "reference", &m->references);
    put_list(w, "lora", &m->lora);
}

static void put_words(JsonWriter *w, const SoraShot *s)
{
    json_put_text(w, "prompt", s->prompt);
    json_put_bool(w, "verbatim", s->verbatim);
    if (s->negative) json_put_text(w, "negative", s->negative);
    json_put_integer(w, "seed", (int64_t)s->seed);
    if (!s->later_count) return;
    json_begin(w, "later", '[');
    for (size_t i = 0; i < s->later_count; i++) {
        json_begin(w, NULL, '{');
        json_put_number(w, "from", s->later[i].from_s);
        json_put_text(w, "prompt", s->later[i].text);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_sampling(JsonWriter *w, const SoraShot *s)
{
    json_put_integer(w, "steps", s->steps);
    if (s->fast) json_put_bool(w, "fast", true);
    json_put_number(w, "cfg_scale", s->cfg_scale);
    json_put_number(w, "cfg_min", s->cfg_min);
    json_put_number(w, "cfg_max", s->cfg_max);
    json_put_number(w, "slg_scale", s->skip_scale);
    json_put_number(w, "skip_layer_start", s->skip_start);
    json_put_number(w, "skip_layer_end", s->skip_end);
    if (s->skip_layer_count) {
        json_begin(w, "skip_layers", '[');
        for (size_t i = 0; i < s->skip_layer_count; i++)
            json_put_integer(w, NULL, s->skip_layers[i]);
        json_end(w, ']');
    }
    json_put_text(w, "sampler", make_samplers[s->sampler]);
    json_put_number(w, "shift", s->shift);
}

JsonWriter make_notes(const Make *m, const SoraShot *s)
{
    JsonWriter w = json_writer(m->arena);
    json_begin(&w, NULL, '{');
    json_put_text(&w, "made_by", "machine");
    json_put_text(&w, "digital_source_type", "trainedAlgorithmicMedia"); /* IPTC */
    if (m->no_metadata) return w;
    json_put_text(&w, "command", m->cli->command);
    put_words(&w, s);
    put_sampling(&w, s);
    json_put_integer(&w, "frames", s->frames);
    json_put_number(&w, "fps", s->fps);
    json_put_integer(&w, "width", s->width);
    json_put_integer(&w, "height", s->height);
    json_put_text(&w, "model", m->model);
    put_files(&w, m);
    json_put_text(&w, "engine", sora_engine_id(m->engine));
    return w;
}
