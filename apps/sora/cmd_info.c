/* sora info FILE...: what a file holds, for people or as JSON. */
#include <string.h>

#include "base/error.h"
#include "info_weights.h"
#include "media/read.h"
#include "options.h"
#include "progress.h"

typedef struct Info {
    Cli *cli;
    Arena *arena;
    const char *path;
    bool tensors;
} Info;

/* ---- videos and pictures ---- */

/* What is in a list or an object comes on the same line, one after another. */
static void print_value(const Json *x)
{
    switch (x->kind) {
    case JSON_IS_NULL: break;
    case JSON_IS_STRING: info_text(x->string); break;
    case JSON_IS_INTEGER: printf("%lld", (long long)x->integer); break;
    case JSON_IS_REAL: printf("%.10g", x->number); break;
    case JSON_IS_BOOL: printf("%s", x->boolean ? "true" : "false"); break;
    case JSON_IS_ARRAY:
    case JSON_IS_OBJECT:
        for (size_t i = 0; i < x->count; i++) {
            printf("%s", i ? ", " : "");
            if (x->item[i].key) {
                info_text(x->item[i].key);
                printf(" ");
            }
            print_value(&x->item[i]);
        }
    }
}

static void print_note(const char *key, const Json *x)
{
    if (x->kind == JSON_IS_NULL) return;
    printf("  ");
    info_text(key);
    printf(": ");
    print_value(x);
    printf("\n");
}

static void print_media(const Info *info, const ReadInfo *m, size_t frames)
{
    printf(T("%s: %zux%zu, %s\n"), info->path, m->width, m->height, m->codec);
    if (m->fps > 0)
        printf(T("  %zu frames, %.4g a second, %.4g s%s\n"), frames, m->fps,
               (double)frames / m->fps, m->sound ? T(", with sound") : "");
    const Json *tree;
    if (!m->comment) return;
    if (json_parse(m->comment, strlen(m->comment), info->path, info->arena, &tree) != SORA_OK ||
        tree->kind != JSON_IS_OBJECT) {
        info_line("", m->comment);
        return;
    }
    for (size_t i = 0; i < tree->count; i++) {
        const Json *x = &tree->item[i];
        bool list = x->kind == JSON_IS_ARRAY && x->count && x->item[0].kind == JSON_IS_OBJECT;
        if (!list) print_note(x->key, x);
        for (size_t k = 0; list && k < x->count; k++) print_note(x->key, &x->item[k]);
    }
}

static void send_media(const Info *info, const ReadInfo *m, size_t frames)
{
    JsonWriter w = progress_event(info->arena, "info");
    json_put_text(&w, "file", info->path);
    json_put_text(&w, "kind", m->fps > 0 ? "video" : "picture");
    json_put_text(&w, "codec", m->codec);
    json_put_integer(&w, "width", (int64_t)m->width);
    json_put_integer(&w, "height", (int64_t)m->height);
    json_put_integer(&w, "frames", (int64_t)frames);
    json_put_number(&w, "fps", m->fps);
    json_put_bool(&w, "sound", m->sound);
    json_put_text(&w, "comment", m->comment);
    progress_send(info->cli, &w);
}

/* Every frame is decoded: what a header claims is not what a file holds. */
static SoraStatus info_media(const Info *info)
{
    Reader *r;
    TRY(read_open(info->path, &(ReadOptions){ .threads = info->cli->threads }, &r));
    const ReadInfo *m = read_info(r);
    void *rgb = NULL;
    size_t frames = 0;
    SoraStatus s = arena_try(info->arena, m->width * m->height * 3, &rgb);
    for (bool end = false; s == SORA_OK && !end; frames += !end) {
        s = progress_cancelled() ? SORA_CANCELLED : read_frame(r, rgb, &end);
        if (s != SORA_OK) break;
    }
    if (s == SORA_OK && info->cli->json) send_media(info, m, frames);
    if (s == SORA_OK && !info->cli->json) print_media(info, m, frames);
    read_close(r);
    return s;
}

/* By content, not by name. */
static SoraStatus info_file(const Info *info)
{
    if (info_is_weights(info->path))
        return info_weights(info->cli, info->path, info->tensors, info->arena);
    return info_media(info);
}

SoraStatus cmd_info(Cli *cli, int argc, char **argv)
{
    Info info = { .cli = cli };
    const Option options[] = {
        { 0, "tensors", T("list the tensors of a model file"), .flag = &info.tensors },
        { 0 },
    };
    TRY(options_parse(&(Usage){ .about = T("show what a video, a picture or a model file holds"),
                                .arguments = T("FILE..."),
                                .arg_min = 1,
                                .arg_max = 100000,
                                .options = options,
                                .examples = "sora info out.mp4\n"
                                            "sora info --tensors model.safetensors\n"
                                            "sora info wan2.1-t2v-1.3b/\n" },
                      cli, argc, argv));
    SoraStatus s = SORA_OK;
    for (size_t i = 0; i < cli->arg_count && s == SORA_OK; i++) {
        info.path = cli->arg[i];
        info.arena = arena_new("info", 0);
        if (!info.arena) return err_set(SORA_E_MEMORY, "no memory left");
        s = info_file(&info);
        arena_free(info.arena);
    }
    return s;
}
