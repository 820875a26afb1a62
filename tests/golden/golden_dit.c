/* One forward pass of a Wan transformer, every intermediate result looked at on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "golden_kinds.h"

#include "golden_dit.h"
#include "nn/embed.h"
#include "tensor/convert.h"

enum { SINUSOID = 256 };

/* Single files have no config.json beside them; what they need is in the manifest. */
static SoraStatus open_named(Golden *g, const char *path, GoldenDit *m)
{
    const char *slash = strrchr(path, '/');
    const Json *heads = json_get(json_get(g->spec, "config"), "heads");
    if (!heads || file_exists(arena_printf(g->a, "%.*s/config.json", (int)(slash - path), path)))
        return wan_open(m->weights, NULL, g->a, &m->file);
    char config[] = "/tmp/sora-golden-XXXXXX";
    int fd = mkstemp(config);
    if (fd < 0) return err_set(SORA_E_IO, "cannot write in /tmp");
    dprintf(fd, "{\"num_heads\": %lld}", (long long)heads->integer);
    close(fd);
    SoraStatus s = wan_open(m->weights, config, g->a, &m->file);
    unlink(config);
    return s;
}

SoraStatus golden_dit_open(Golden *g, const char *path, GoldenDit *m)
{
    TRY(weights_open(path, g->a, &m->weights));
    return golden_dit_build(g, path, m);
}

SoraStatus golden_dit_build(Golden *g, const char *path, GoldenDit *m)
{
    TRY(open_named(g, path, m));
    ParamSet *set = params_new_load(g->a, wan_lookup, &m->file);
    TRY(dit_new(&m->file.config, set, g->a, &m->dit));
    return wan_check_rest(&m->file, set);
}

void golden_dit_close(GoldenDit *m)
{
    weights_close(m->weights);
}

typedef struct Call {
    Golden *g;
    const GoldenDit *m;
    LatentSize size; /* of x */
    DitInput in;
    SoraStatus status; /* of what was checked on the way */
} Call;

static void check_seen(void *self, const char *name, const Tensor *x)
{
    Call *k = self;
    if (!golden_wants(k->g, name) || k->status != SORA_OK) return;
    size_t n = tensor_count(x);
    float *values = arena_alloc(k->g->a, n * sizeof *values);
    convert_row(values, TYPE_F32, x->data, x->type, n);
    k->status = golden_check(k->g, name, values, n);
}

static SoraStatus latent_size(const Tensor *x, LatentSize *out)
{
    if (x->rank != 4 || x->shape[2] % LATENT_PATCH || x->shape[3] % LATENT_PATCH)
        return err_set(SORA_E_FORMAT, "a latent must be [C,F,H,W] of even height and width");
    *out = (LatentSize){ x->shape[0], x->shape[1], x->shape[2], x->shape[3] };
    return SORA_OK;
}

/* Packs an input's channels behind those already there. */
static SoraStatus pack_input(Call *k, const char *name, Tensor *tokens, size_t *channels)
{
    const Tensor *x;
    LatentSize s;
    TRY(golden_input(k->g, name, &x));
    if (!x) return SORA_OK;
    TRY(latent_size(x, &s));
    size_t width = tensor_width(tokens), first = *channels * LATENT_PATCH_VALUES;
    if (patch_tokens(latent_grid(s)) != tokens->shape[0] ||
        first + s.channels * LATENT_PATCH_VALUES > width)
        return err_set(SORA_E_FORMAT, "input %s has %zu channels, which do not fit", name,
                       s.channels);
    latent_pack(x->data, s, tokens->data, width, first);
    *channels += s.channels;
    return SORA_OK;
}

static SoraStatus fill_tokens(Call *k)
{
    const Tensor *x;
    size_t channels = 0, values = k->m->file.config.in_values;
    TRY(golden_input(k->g, "x", &x));
    if (!x) return err_set(SORA_E_FORMAT, "the case has no x");
    TRY(latent_size(x, &k->size));
    size_t tokens = patch_tokens(latent_grid(k->size));
    k->in.tokens = tensor_new_2d(k->g->a, TYPE_F32, tokens, values);
    TRY(pack_input(k, "x", k->in.tokens, &channels));
    TRY(pack_input(k, "mask", k->in.tokens, &channels));
    TRY(pack_input(k, "cond", k->in.tokens, &channels));
    if (channels * LATENT_PATCH_VALUES != values)
        return err_set(SORA_E_FORMAT, "the inputs have %zu channels, the network reads %zu",
                       channels, values / LATENT_PATCH_VALUES);
    if (!k->m->file.config.controls) return SORA_OK;
    k->in.control = tensor_new_2d(k->g->a, TYPE_F32, tokens, k->m->file.config.control_values);
    k->in.control_scale = (float)golden_number(k->g, "context_scale", 1);
    channels = 0;
    return pack_input(k, "vace_context", k->in.control, &channels);
}

/* Rows of times: the case's list, or its one t. */
static SoraStatus fill_times(Call *k)
{
    Golden *g = k->g;
    const Json *list = golden_scalar(g, "distinct_t");
    const Tensor *tokens;
    TRY(golden_input(g, "t_tokens", &tokens));
    size_t rows = list && tokens ? list->count : 1, n = k->in.tokens->shape[0];
    float *time = arena_alloc(g->a, rows * sizeof *time);
    uint32_t *row = arena_zero(g->a, n * sizeof *row);
    time[0] = (float)golden_number(g, "t", 0);
    for (size_t r = 0; tokens && r < rows; r++) time[r] = (float)list->item[r].number;
    for (size_t i = 0; tokens && i < n; i++) {
        while (row[i] < rows && time[row[i]] != ((float *)tokens->data)[i]) row[i]++;
        if (row[i] == rows) return err_set(SORA_E_FORMAT, "token %zu has a time of its own", i);
    }
    k->in.rows = rows;
    k->in.timestep = time;
    k->in.token_row = row;
    k->in.row_sequence = arena_zero(g->a, rows * sizeof(uint32_t));
    return SORA_OK;
}

static size_t *one_start(Arena *a, size_t count)
{
    size_t *start = arena_zero(a, 2 * sizeof *start);
    start[1] = count;
    return start;
}

static Tensor *as_rows(Arena *a, const Tensor *x)
{
    size_t shape[2] = { tensor_row_count(x), tensor_width(x) };
    return tensor_reshape(a, x, 2, shape);
}

static SoraStatus fill_context(Call *k)
{
    Golden *g = k->g;
    const Tensor *text, *image;
    TRY(golden_input(g, "context", &text));
    TRY(golden_input(g, "clip", &image));
    if (!text || tensor_width(text) != k->m->file.config.text_width)
        return err_set(SORA_E_FORMAT, "the case's context is not as wide as the network's");
    k->in.text = as_rows(g->a, text);
    k->in.text_start = one_start(g->a, text->shape[0]);
    if (!image) return SORA_OK;
    k->in.image = as_rows(g->a, image);
    k->in.image_start = one_start(g->a, k->in.image->shape[0]);
    return SORA_OK;
}

SoraStatus golden_dit_run(Golden *g, const GoldenDit *m)
{
    Call k = { .g = g, .m = m };
    TRY(fill_tokens(&k));
    TRY(fill_times(&k));
    TRY(fill_context(&k));
    DitSequence sequence = { latent_grid(k.size), 0 };
    DitTrace trace = { check_seen, &k };
    k.in.layout = dit_layout(&m->file.config, &sequence, 1, g->a);
    k.in.trace = &trace;
    Tape *t = tape_new(g->step, g->compute, g->precision, false);
    const Tensor *head = dit_forward(m->dit, t, &k.in);
    TRY(k.status);
    LatentSize out = k.size;
    out.channels = m->file.config.out_values / LATENT_PATCH_VALUES;
    float *z = arena_alloc(g->a, latent_values(out) * sizeof *z);
    latent_unpack(head->data, out, z);
    TRY(golden_check(g, "out", z, latent_values(out)));
    float sinusoid[SINUSOID];
    embed_sinusoid((double)k.in.timestep[0], SINUSOID, sinusoid);
    return golden_check(g, "sinusoid", sinusoid, SINUSOID);
}

static SoraStatus run(Golden *g)
{
    GoldenDit m;
    const char *path;
    TRY(golden_weights(g, NULL, &path));
    TRY(golden_dit_open(g, path, &m));
    SoraStatus s = golden_dit_run(g, &m);
    golden_dit_close(&m);
    return s;
}

const GoldenKind golden_dit = { "dit", run, true, true };
