/* sora read CLIP...: what a video or picture shows, as facts and in a sentence. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "home.h"
#include "options.h"
#include "progress.h"

typedef struct Read {
    Cli *cli;
    Arena *arena;
    SoraReader *reader;
    const char *file;
} Read;

static double number_of(const Json *x, const char *key)
{
    const Json *n = json_get(x, key);
    return n ? n->number : 0;
}

static void print_answer(const char *label, const Json *x)
{
    if (!x) return;
    size_t columns = lang_columns(label);
    printf("  %s%*s %s (%.0f%%)\n", label, columns < 10 ? (int)(10 - columns) : 0, "",
           json_text(x, "name"), 100 * number_of(x, "confidence"));
}

/* What is done and how large are asked of one actor alone. */
static void print_facts(const char *path, const Json *facts, const SoraReading *r)
{
    const Json *actors = json_get(facts, "actors");
    printf("%s: %s\n", path, *r->caption ? r->caption : T("nobody that the reader is sure of"));
    for (size_t i = 0; actors && i < actors->count; i++)
        print_answer(i ? "" : T("actors"), &actors->item[i]);
    if (actors && actors->count == 1) {
        print_answer(T("action"), json_get(facts, "action"));
        print_answer(T("size"), json_get(facts, "size"));
    }
    print_answer(T("scene"), json_get(facts, "scene"));
    print_answer(T("time"), json_get(facts, "time"));
    print_answer(T("weather"), json_get(facts, "weather"));
    print_answer(T("camera"), json_get(facts, "camera"));
    printf(T("  likeness %.2f (1: outlines are whole and sharp)\n"), r->likeness);
}

static SoraStatus read_file(const Read *k, const char *path)
{
    SoraClip *clip;
    SoraReading r;
    const Json *facts;
    TRY(sora_clip_read(path, 0, 0, &clip));
    SoraStatus s = sora_read(k->reader, clip, lang_chinese() ? "zh" : "en", &r);
    sora_clip_free(clip);
    TRY(s);
    if (k->cli->json) {
        printf("{\"event\":\"reading\",\"file\":");
        JsonWriter w = json_writer(k->arena);
        json_begin(&w, NULL, '[');
        json_put_text(&w, NULL, path); /* quoted as JSON wants it */
        json_end(&w, ']');
        printf("%.*s,\"facts\":%s}\n", (int)w.size - 2, w.text + 1, r.facts);
        return SORA_OK;
    }
    TRY(json_parse(r.facts, strlen(r.facts), path, k->arena, &facts));
    print_facts(path, facts, &r);
    return SORA_OK;
}

static SoraStatus run(Read *k)
{
    SoraReaderOptions o;
    sora_reader_options_init(&o);
    o.file = k->file ? k->file : home_model("default/reader.safetensors", k->arena);
    o.threads = k->cli->threads;
    TRY(sora_reader_open(&o, &k->reader));
    for (size_t i = 0; i < k->cli->arg_count; i++) {
        if (progress_cancelled()) return SORA_CANCELLED;
        TRY(read_file(k, k->cli->arg[i]));
    }
    return SORA_OK;
}

SoraStatus cmd_read(Cli *cli, int argc, char **argv)
{
    Read k = { .cli = cli };
    const Option options[] = {
        { 0, "reader", T("the reader's file"), .path = &k.file },
        { 0 },
    };
    TRY(options_parse(&(Usage){ .about = T("say what a video or a picture shows"),
                                .arguments = T("FILE..."),
                                .arg_min = 1,
                                .arg_max = 100000,
                                .options = options,
                                .examples = "sora read clip.mp4\n"
                                            "sora read --json still.png\n" },
                      cli, argc, argv));
    k.arena = arena_new("read", 0);
    if (!k.arena) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = run(&k);
    sora_reader_close(k.reader);
    arena_free(k.arena);
    return s;
}
