#include "peer_blas.h"

#include <stdlib.h>

#include "bench_config.h"

BenchContestant peer_blas_contestant(PeerBlas *p)
{
    return (BenchContestant){ .name = p->name, .run = p->run, .ctx = p };
}

void peer_blas_free(PeerBlas *p)
{
    if (!p) return;
    if (p->free) p->free(p);
    free(p);
}

#ifdef HAVE_DNNL

#include <dnnl.h>
#include <omp.h>

typedef struct DnnlState {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, c;
} DnnlState;

static dnnl_memory_desc_t dnnl_layout(const GemmMatrix *x, size_t rows, size_t columns)
{
    dnnl_dims_t dims = { (dnnl_dim_t)rows, (dnnl_dim_t)columns };
    dnnl_dims_t strides = { (dnnl_dim_t)x->stride, 1 }, turned = { 1, (dnnl_dim_t)x->stride };
    dnnl_memory_desc_t d;
    dnnl_memory_desc_init_by_strides(&d, 2, dims, x->type == TYPE_BF16 ? dnnl_bf16 : dnnl_f32,
                                     x->transposed ? turned : strides);
    return d;
}

static void dnnl_free(PeerBlas *p)
{
    DnnlState *s = p->state;
    if (s->a) dnnl_memory_destroy(s->a);
    if (s->b) dnnl_memory_destroy(s->b);
    if (s->c) dnnl_memory_destroy(s->c);
    if (s->primitive) dnnl_primitive_destroy(s->primitive);
    if (s->description) dnnl_primitive_desc_destroy(s->description);
    if (s->stream) dnnl_stream_destroy(s->stream);
    if (s->engine) dnnl_engine_destroy(s->engine);
    free(s);
}

static void dnnl_run(void *ctx)
{
    DnnlState *s = ((PeerBlas *)ctx)->state;
    dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, s->a },
                               { DNNL_ARG_WEIGHTS, s->b },
                               { DNNL_ARG_DST, s->c } };
    dnnl_primitive_execute(s->primitive, s->stream, 3, args);
    dnnl_stream_wait(s->stream);
}

static bool dnnl_prepare(DnnlState *s, const GemmCall *g)
{
    GemmMatrix c = { g->c, g->c_type, g->c_stride, false };
    dnnl_memory_desc_t a_layout = dnnl_layout(&g->a, g->m, g->k),
                       b_layout = dnnl_layout(&g->b, g->k, g->n),
                       c_layout = dnnl_layout(&c, g->m, g->n);
    dnnl_matmul_desc_t product;
    void *a = (void *)g->a.data, *b = (void *)g->b.data;
    return !dnnl_engine_create(&s->engine, dnnl_cpu, 0) &&
           !dnnl_stream_create(&s->stream, s->engine, dnnl_stream_default_flags) &&
           !dnnl_matmul_desc_init(&product, &a_layout, &b_layout, NULL, &c_layout) &&
           !dnnl_primitive_desc_create(&s->description, &product, NULL, s->engine, NULL) &&
           !dnnl_primitive_create(&s->primitive, s->description) &&
           !dnnl_memory_create(&s->a, &a_layout, s->engine, a) &&
           !dnnl_memory_create(&s->b, &b_layout, s->engine, b) &&
           !dnnl_memory_create(&s->c, &c_layout, s->engine, g->c);
}

PeerBlas *peer_onednn(const Bench *b, const GemmCall *g)
{
    omp_set_num_threads(b->threads);
    PeerBlas *p = calloc(1, sizeof *p);
    DnnlState *s = calloc(1, sizeof *s);
    if (!p || !s) {
        free(p);
        free(s);
        return NULL;
    }
    *p = (PeerBlas){ .name = "onednn", .run = dnnl_run, .free = dnnl_free, .call = *g, .state = s };
    if (dnnl_prepare(s, g)) return p;
    peer_blas_free(p);
    return NULL;
}

#else

PeerBlas *peer_onednn(const Bench *b, const GemmCall *g)
{
    (void)b, (void)g;
    return NULL;
}

#endif

#ifdef HAVE_OPENBLAS

#include <cblas.h>

static void openblas_run(void *ctx)
{
    const GemmCall *g = &((const PeerBlas *)ctx)->call;
    cblas_sgemm(CblasRowMajor, g->a.transposed ? CblasTrans : CblasNoTrans,
                g->b.transposed ? CblasTrans : CblasNoTrans, (blasint)g->m, (blasint)g->n,
                (blasint)g->k, 1.0f, g->a.data, (blasint)g->a.stride, g->b.data,
                (blasint)g->b.stride, 0.0f, g->c, (blasint)g->c_stride);
}

PeerBlas *peer_openblas(const Bench *b, const GemmCall *g)
{
    if (g->a.type != TYPE_F32 || g->b.type != TYPE_F32 || g->c_type != TYPE_F32) return NULL;
    PeerBlas *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    *p = (PeerBlas){ .name = "openblas", .run = openblas_run, .call = *g };
    openblas_set_num_threads(b->threads);
    return p;
}

#else

PeerBlas *peer_openblas(const Bench *b, const GemmCall *g)
{
    (void)b, (void)g;
    return NULL;
}

#endif
