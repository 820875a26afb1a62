#include "pipeline/wan_denoise.h"

#include <assert.h>
#include <string.h>

struct WanNet {
    WanNetOptions o;
    WanModel model; /* the one that is open */
    int expert;     /* which; WAN_EXPERTS: none */
    DitLayout *layout;
    Tensor *tokens, *control; /* filled but for the latent's own channels */
    size_t *image_start;
    Arena *run;
    bool always;
    size_t reused, passes, calls;
    struct Call *call[WAN_CALLS_MAX];
    const float *first[WAN_CALLS_MAX], *rest[WAN_CALLS_MAX]; /* of caches, from a stopped run */
};

WanNet *wan_net_new(const WanNetOptions *o, Arena *a)
{
    WanNet *n = arena_zero(a, sizeof *n);
    n->o = *o;
    n->expert = WAN_EXPERTS;
    n->run = a;
    return n;
}

void wan_net_close(WanNet *n)
{
    if (!n) return;
    wan_model_close(&n->model);
    n->expert = WAN_EXPERTS;
}

void wan_net_always(WanNet *n, bool always)
{
    n->always = always;
}

void wan_net_counts(const WanNet *n, size_t *reused, size_t *passes)
{
    *reused = n->reused;
    *passes = n->passes;
}

/* ---- experts ------------------------------------------------------------------------------- */

static SoraStatus check_inputs(const WanNet *n)
{
    const DitConfig *c = &n->model.file.config;
    const WanInputs *i = &n->o.inputs;
    const char *name = wan_family_name(n->model.file.family),
               *path = weights_path(n->model.weights);
    size_t reads = c->in_values / LATENT_PATCH_VALUES;
    if (n->o.size.channels + i->beside_channels != reads)
        return err_set(SORA_E_FORMAT, "%s (%s) reads %zu channels, it is given %zu and %zu", path,
                       name, reads, n->o.size.channels, i->beside_channels);
    if (n->o.size.channels != wan_model_channels(&n->model))
        return err_set(SORA_E_FORMAT, "%s (%s) makes %zu channels, the latent has %zu", path, name,
                       wan_model_channels(&n->model), n->o.size.channels);
    if (!i->image != !c->image_width)
        return err_set(SORA_E_FORMAT, "%s (%s) %s CLIP states of an image", path, name,
                       i->image ? "does not read" : "needs");
    if (i->image && tensor_width(i->image) != c->image_width)
        return err_set(SORA_E_FORMAT, "%s (%s) reads CLIP states of width %zu, they have %zu", path,
                       name, c->image_width, tensor_width(i->image));
    if (i->image && c->image_positions && i->image->shape[0] != c->image_positions)
        return err_set(SORA_E_FORMAT, "%s (%s) reads %zu CLIP states, there are %zu", path, name,
                       c->image_positions, i->image->shape[0]);
    if (!i->control != !c->controls)
        return err_set(SORA_E_FORMAT, "%s (%s) %s a control video", path, name,
                       i->control ? "does not read" : "needs");
    return SORA_OK;
}

/* What does not change from step to step. Both experts read the same, so it is made once. */
static void prepare(WanNet *n)
{
    const DitConfig *c = &n->model.file.config;
    const WanInputs *i = &n->o.inputs;
    LatentSize s = n->o.size;
    if (n->layout) return;
    DitSequence sequence = { latent_grid(s), 0 };
    n->layout = dit_layout(c, &sequence, 1, n->run);
    n->tokens = tensor_new_2d(n->run, TYPE_F32, n->layout->tokens, c->in_values);
    if (i->beside) {
        LatentSize beside = { i->beside_channels, s.frames, s.height, s.width };
        latent_pack(i->beside, beside, n->tokens->data, c->in_values,
                    s.channels * LATENT_PATCH_VALUES);
    }
    if (i->image) {
        n->image_start = arena_zero(n->run, 2 * sizeof *n->image_start);
        n->image_start[1] = i->image->shape[0];
    }
    if (!i->control) return;
    LatentSize control = { c->control_values / LATENT_PATCH_VALUES, s.frames, s.height, s.width };
    n->control = tensor_new_2d(n->run, TYPE_F32, n->layout->tokens, c->control_values);
    latent_pack(i->control, control, n->control->data, c->control_values, 0);
}

SoraStatus wan_net_use(WanNet *n, int e, const WanModel **out)
{
    if (n->expert != e) {
        wan_net_close(n);
        TRY(wan_model_open(n->o.path[e], n->o.change, n->o.change_self[e], &n->model));
        n->expert = e;
        SoraStatus s = check_inputs(n);
        if (s != SORA_OK) {
            wan_net_close(n);
            return s;
        }
        prepare(n);
    }
    *out = &n->model;
    return SORA_OK;
}

/* ---- a pass -------------------------------------------------------------------------------- */

typedef struct Call {
    WanNet *net;
    WanPrompted p;
    size_t text_start[2], index;
    DitCache *cache;
} Call;

const DitCache *wan_net_cache(const WanNet *n, size_t i)
{
    return i < n->calls ? n->call[i]->cache : NULL;
}

void wan_net_fill_cache(WanNet *n, size_t i, const float *first, const float *rest)
{
    n->first[i] = first;
    n->rest[i] = rest;
}

/* One conditioning row for every time that a latent frame has. */
static void fill_times(const WanNet *n, const double *timestep, DitInput *in)
{
    size_t frames = n->o.size.frames, tokens = n->layout->tokens, per = tokens / frames, rows = 0;
    float *row = arena_alloc(n->o.step, frames * sizeof *row);
    uint32_t *of = arena_alloc(n->o.step, tokens * sizeof *of);
    for (size_t f = 0; f < frames; f++) {
        size_t r = 0;
        while (r < rows && row[r] != (float)timestep[f]) r++;
        if (r == rows) row[rows++] = (float)timestep[f];
        for (size_t i = f * per; i < (f + 1) * per; i++) of[i] = (uint32_t)r;
    }
    in->rows = rows;
    in->timestep = row;
    in->token_row = of;
    in->row_sequence = arena_zero(n->o.step, rows * sizeof(uint32_t));
}

static void drop_after(void *self, size_t layer, bool begins)
{
    if (!begins) wan_model_drop_block(self, layer);
}

static DitCache *cache_of(Call *k)
{
    WanNet *n = k->net;
    if (!(k->p.cache_threshold > 0)) return NULL;
    if (!k->cache) {
        k->cache = dit_cache_new(n->run, n->layout->tokens, n->model.file.config.width,
                                 k->p.cache_threshold);
        if (n->first[k->index]) dit_cache_fill(k->cache, n->first[k->index], n->rest[k->index]);
    }
    k->cache->always = n->always;
    return k->cache;
}

static SoraStatus velocity(void *self, const float *z, const double *sigma, const double *timestep,
                           float *v)
{
    Call *k = self;
    WanNet *n = k->net;
    const WanModel *m;
    (void)sigma;
    TRY(wan_net_use(n, k->p.expert, &m));
    const DitConfig *c = &m->file.config;
    if (tensor_width(k->p.text) != c->text_width)
        return err_set(SORA_E_FORMAT, "%s reads text of width %zu, it is %zu wide",
                       weights_path(m->weights), c->text_width, tensor_width(k->p.text));
    ArenaMark mark = arena_mark(n->o.step);
    DitInput in = { .layout = n->layout,
                    .tokens = n->tokens,
                    .text = k->p.text,
                    .text_start = k->text_start,
                    .image = n->o.inputs.image,
                    .image_start = n->image_start,
                    .control = n->control,
                    .control_scale = n->o.inputs.control_scale,
                    .skip = k->p.skip,
                    .cache = cache_of(k) };
    if (n->o.stream) in.visit = drop_after, in.visit_self = (void *)m;
    fill_times(n, timestep, &in);
    latent_pack(z, n->o.size, n->tokens->data, c->in_values, 0);
    Tape *t = tape_new(n->o.step, n->o.compute, n->o.precision, false);
    size_t used = in.cache ? in.cache->used : 0;
    latent_unpack(dit_forward(m->dit, t, &in)->data, n->o.size, v);
    n->passes++;
    n->reused += in.cache ? in.cache->used - used : 0;
    arena_rewind(n->o.step, mark);
    return pool_status(n->o.compute->pool);
}

Denoiser wan_net_denoiser(WanNet *n, const WanPrompted *p, Arena *a)
{
    Call *k = arena_zero(a, sizeof *k);
    k->net = n;
    k->p = *p;
    k->text_start[1] = p->text->shape[0];
    assert(n->calls < WAN_CALLS_MAX);
    k->index = n->calls++;
    n->call[k->index] = k;
    return (Denoiser){ velocity, k };
}
