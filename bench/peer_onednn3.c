/* The current oneDNN, as the PyPI package `onednn` carries it (3.x, SYCL over TBB): loaded at run
 * time from $SORA_BENCH_ONEDNN, apart from Debian's 2.x, whose functions have the same names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "peer_blas.h"

/* Of oneapi/dnnl/dnnl_types.h 3.x. Every object is a pointer to something unknown. */
enum { CPU = 1, BF16 = 2, F32 = 3, STREAM_DEFAULT = 1, SRC = 1, DST = 17, WEIGHTS = 33 };
enum { DIMS_MAX = 12 };

typedef struct ExecArg {
    int arg;
    void *memory;
} ExecArg;

typedef struct Library {
    int (*engine_create)(void **engine, int kind, size_t index);
    int (*engine_destroy)(void *engine);
    int (*stream_create)(void **stream, void *engine, unsigned flags);
    int (*stream_wait)(void *stream);
    int (*stream_destroy)(void *stream);
    int (*memory_desc_create_with_strides)(void **desc, int ndims, const int64_t *dims, int type,
                                           const int64_t *strides);
    int (*memory_desc_destroy)(void *desc);
    int (*matmul_primitive_desc_create)(void **desc, void *engine, const void *src,
                                        const void *weights, const void *bias, const void *dst,
                                        const void *attributes);
    int (*primitive_desc_destroy)(void *desc);
    int (*primitive_create)(void **primitive, const void *desc);
    int (*primitive_destroy)(void *primitive);
    int (*primitive_execute)(const void *primitive, void *stream, int args, const ExecArg *arg);
    int (*memory_create)(void **memory, const void *desc, void *engine, void *handle);
    int (*memory_get_data_handle)(const void *memory, void **handle);
    int (*memory_destroy)(void *memory);
} Library;

typedef struct State {
    Library f;
    void *engine, *stream, *desc, *primitive;
    void *layout[3], *memory[3]; /* a, b, c */
} State;

static bool load(Library *f)
{
    const char *path = getenv("SORA_BENCH_ONEDNN");
    void *so = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND) : NULL;
    static const char *const names[] = {
        "dnnl_engine_create",          "dnnl_engine_destroy",
        "dnnl_stream_create",          "dnnl_stream_wait",
        "dnnl_stream_destroy",         "dnnl_memory_desc_create_with_strides",
        "dnnl_memory_desc_destroy",    "dnnl_matmul_primitive_desc_create",
        "dnnl_primitive_desc_destroy", "dnnl_primitive_create",
        "dnnl_primitive_destroy",      "dnnl_primitive_execute",
        "dnnl_memory_create",          "dnnl_memory_get_data_handle",
        "dnnl_memory_destroy",
    };
    if (!so) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *at = dlsym(so, names[i]);
        if (!at) return false;
        memcpy((char *)f + i * sizeof at, &at, sizeof at); /* the fields are in this order */
    }
    return true;
}

static void release(PeerBlas *p)
{
    State *s = p->state;
    if (!s) return;
    if (s->stream) s->f.stream_wait(s->stream);
    for (int i = 0; i < 3; i++) {
        if (s->memory[i]) s->f.memory_destroy(s->memory[i]);
        if (s->layout[i]) s->f.memory_desc_destroy(s->layout[i]);
    }
    if (s->primitive) s->f.primitive_destroy(s->primitive);
    if (s->desc) s->f.primitive_desc_destroy(s->desc);
    if (s->stream) s->f.stream_destroy(s->stream);
    if (s->engine) s->f.engine_destroy(s->engine);
    free(s);
}

static void run(void *ctx)
{
    State *s = ((PeerBlas *)ctx)->state;
    ExecArg args[] = { { SRC, s->memory[0] }, { WEIGHTS, s->memory[1] }, { DST, s->memory[2] } };
    s->f.primitive_execute(s->primitive, s->stream, 3, args);
    s->f.stream_wait(s->stream);
}

/* SYCL wants memory of its own: the operand is copied there, once. */
static bool put(State *s, int i, const GemmMatrix *x, size_t rows, size_t columns)
{
    int64_t dims[DIMS_MAX] = { (int64_t)rows, (int64_t)columns };
    int64_t strides[DIMS_MAX] = { (int64_t)x->stride, 1 }, turned[DIMS_MAX] = { 1, strides[0] };
    void *to;
    size_t lines = x->transposed ? columns : rows, width = x->type == TYPE_BF16 ? 2 : 4;
    if (s->f.memory_desc_create_with_strides(&s->layout[i], 2, dims,
                                             x->type == TYPE_BF16 ? BF16 : F32,
                                             x->transposed ? turned : strides) ||
        s->f.memory_create(&s->memory[i], s->layout[i], s->engine, (void *)(uintptr_t)-1) ||
        s->f.memory_get_data_handle(s->memory[i], &to))
        return false;
    memcpy(to, x->data, lines * x->stride * width);
    return true;
}

static bool prepare(State *s, const GemmCall *g)
{
    GemmMatrix c = { g->c, g->c_type, g->c_stride, false };
    return load(&s->f) && !s->f.engine_create(&s->engine, CPU, 0) &&
           !s->f.stream_create(&s->stream, s->engine, STREAM_DEFAULT) &&
           put(s, 0, &g->a, g->m, g->k) && put(s, 1, &g->b, g->k, g->n) &&
           put(s, 2, &c, g->m, g->n) &&
           !s->f.matmul_primitive_desc_create(&s->desc, s->engine, s->layout[0], s->layout[1], NULL,
                                              s->layout[2], NULL) &&
           !s->f.primitive_create(&s->primitive, s->desc);
}

/* TBB takes all processors: no contestant in a run with fewer threads. */
static bool takes_as_many_threads(const Bench *b)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == b->threads;
}

PeerBlas *peer_onednn3(const Bench *b, const GemmCall *g)
{
    if (!takes_as_many_threads(b)) return NULL;
    PeerBlas *p = calloc(1, sizeof *p);
    State *s = calloc(1, sizeof *s);
    if (!p || !s) {
        free(p);
        free(s);
        return NULL;
    }
    *p = (PeerBlas){ .name = "onednn3", .run = run, .free = release, .call = *g, .state = s };
    if (prepare(s, g)) return p;
    peer_blas_free(p);
    return NULL;
}
