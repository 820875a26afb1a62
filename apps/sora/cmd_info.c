/* sora info FILE...: what a file holds, for people or as JSON. */
#include <string.h>

#include "base/error.h"
#include "media/webp.h"
#include "options.h"
#include "progress.h"
#include "tensor/safetensors.h"

typedef struct Info {
    Cli *cli;
    Arena *arena;
    const char *path;
    bool tensors;
} Info;

/* ---- model files ---- */

static size_t count_numbers(const Safetensors *st)
{
    size_t sum = 0;
    for (size_t i = 0; i < st->count; i++) sum += tensor_count(&st->entry[i].tensor);
    return sum;
}

static void print_tensors(const Info *info, const Safetensors *st)
{
    printf(T("%s: %zu tensors, %zu numbers, %.1f MB\n"), info->path, st->count, count_numbers(st),
           (double)st->map.size / 1e6);
    for (size_t i = 0; i < st->meta_count; i++)
        printf("  %s: %s\n", st->meta[i].key, st->meta[i].value);
    for (size_t i = 0; info->tensors && i < st->count; i++) {
        char shape[128];
        printf("  %-48s %s\n", st->entry[i].name,
               tensor_describe(&st->entry[i].tensor, shape, sizeof shape));
    }
}

static void send_tensors(const Info *info, const Safetensors *st)
{
    JsonWriter w = progress_event(info->arena, "info");
    json_put_text(&w, "file", info->path);
    json_put_text(&w, "kind", "safetensors");
    json_put_integer(&w, "tensors", (int64_t)st->count);
    json_put_integer(&w, "numbers", (int64_t)count_numbers(st));
    json_put_integer(&w, "bytes", (int64_t)st->map.size);
    json_begin(&w, "metadata", '{');
    for (size_t i = 0; i < st->meta_count; i++)
        json_put_text(&w, st->meta[i].key, st->meta[i].value);
    json_end(&w, '}');
    if (info->tensors) {
        json_begin(&w, "tensor", '{');
        for (size_t i = 0; i < st->count; i++) {
            char shape[128];
            json_put_text(&w, st->entry[i].name,
                          tensor_describe(&st->entry[i].tensor, shape, sizeof shape));
        }
        json_end(&w, '}');
    }
    progress_send(info->cli, &w);
}

static SoraStatus info_model(const Info *info)
{
    Safetensors st;
    TRY(safetensors_open(info->path, info->arena, &st));
    if (info->cli->json)
        send_tensors(info, &st);
    else
        print_tensors(info, &st);
    safetensors_close(&st);
    return SORA_OK;
}

/* ---- videos and pictures ---- */

static SoraStatus info_webp(const Info *info, Slice file)
{
    WebpAnim anim;
    TRY(webp_anim_decode(file, info->path, info->arena, &anim));
    double seconds = anim.end_ms[anim.frames - 1] / 1000.0;
    if (!info->cli->json) {
        printf(T("%s: %zux%zu, %zu frames, %.3g s\n"), info->path, anim.width, anim.height,
               anim.frames, seconds);
        return SORA_OK;
    }
    JsonWriter w = progress_event(info->arena, "info");
    json_put_text(&w, "file", info->path);
    json_put_text(&w, "kind", "webp");
    json_put_integer(&w, "width", (int64_t)anim.width);
    json_put_integer(&w, "height", (int64_t)anim.height);
    json_put_integer(&w, "frames", (int64_t)anim.frames);
    json_put_number(&w, "seconds", seconds);
    progress_send(info->cli, &w);
    return SORA_OK;
}

/* By content, not by name: a safetensors file begins with the length of its header and '{'. */
static SoraStatus info_file(const Info *info)
{
    Slice file;
    TRY(file_map(info->path, &file));
    bool webp = webp_is(file), model = file.size > 8 && file.bytes[8] == '{';
    SoraStatus s = webp ? info_webp(info, file) : SORA_OK;
    file_unmap(file);
    if (webp) return s;
    if (model) return info_model(info);
    return err_set(SORA_E_FORMAT, "%s is no model, video or picture that sora knows", info->path);
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
                                            "sora info --tensors model.safetensors\n" },
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
