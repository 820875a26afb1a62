#include "api/train_data.h"

#include <string.h>

SoraStatus train_data_folder(const SoraTrainOptions *o, TrainData *d, FolderOptions *out)
{
    TRY(sizes_parse(o->sizes, d->sizes, &d->size_count));
    *out = (FolderOptions){ .sizes = d->sizes,
                            .size_count = d->size_count,
                            .seed = (uint64_t)o->seed,
                            .validation = o->validation,
                            .dropped = o->log,
                            .dropped_self = o->log_self,
                            .stop = o->stop,
                            .stop_self = o->stop_self };
    return SORA_OK;
}

static SoraStatus open_folder(const SoraTrainOptions *o, TrainData *d)
{
    FolderOptions f;
    TRY(train_data_folder(o, d, &f));
    TRY(folder_open(o->data, &f, &d->folder));
    d->training = folder_training(d->folder);
    if (folder_count(d->folder).validation) d->validation = folder_validation(d->folder);
    if (!(o->replay > 0)) return SORA_OK;
    d->replay = arena_zero(d->arena, sizeof *d->replay);
    TRY(train_world_open(o, d->sizes, d->size_count, d->arena, d->replay));
    d->mix = (SourceMix){ d->training, source_world(&d->replay->training), o->replay };
    d->training = source_mix(&d->mix);
    return SORA_OK;
}

static SoraStatus open_world(const SoraTrainOptions *o, TrainData *d)
{
    TRY(sizes_parse(o->sizes, d->sizes, &d->size_count));
    d->world = arena_zero(d->arena, sizeof *d->world);
    TRY(train_world_open(o, d->sizes, d->size_count, d->arena, d->world));
    Slice table = lexicon_table(d->world->lexicon);
    d->lexicon = arena_printf(d->arena, "%.*s", (int)table.size, (const char *)table.bytes);
    d->training = source_world(&d->world->training);
    d->validation = source_world(&d->world->validation);
    return SORA_OK;
}

SoraStatus train_data_open(const SoraTrainOptions *o, TrainData *out)
{
    *out = (TrainData){ .arena = arena_new("data", 0) };
    if (!out->arena) return err_set(SORA_E_MEMORY, "no memory for the data");
    SoraStatus s = strcmp(o->data, "world") == 0 ? open_world(o, out) : open_folder(o, out);
    if (s != SORA_OK) train_data_close(out);
    return s;
}

void train_data_close(TrainData *d)
{
    folder_close(d->folder);
    if (d->world) train_world_close(d->world);
    if (d->replay) train_world_close(d->replay);
    arena_free(d->arena);
    memset(d, 0, sizeof *d);
}
