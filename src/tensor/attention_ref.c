#include <math.h>

#include "tensor/attention_parts.h"
#include "tensor/convert.h"

/* The plain loops: one task for each head of each sequence. Scores are never stored, they are
 * computed again where they are needed. */
typedef struct Task {
    const AttentionCall *call;
    const AttentionGrad *grad;
    size_t sequence, head;
} Task;

enum { HEAD_DIM_MAX = ATTENTION_HEAD_DIM_MAX };

static void load(const void *x, Type type, size_t at, size_t n, float *out)
{
    convert_row(out, TYPE_F32, (const char *)x + at * type_block_bytes(type), type, n);
}

static void store(void *x, Type type, size_t at, size_t n, const float *from, bool add)
{
    float sum[HEAD_DIM_MAX];
    if (add) load(x, type, at, n, sum);
    for (size_t i = 0; i < n; i++) sum[i] = from[i] + (add ? sum[i] : 0);
    convert_row((char *)x + at * type_block_bytes(type), type, sum, TYPE_F32, n);
}

static float dot(const float *a, const float *b, size_t n)
{
    float s = 0;
    for (size_t i = 0; i < n; i++) s += a[i] * b[i];
    return s;
}

static float score(const Task *t, const float *q, size_t query, size_t key)
{
    const AttentionCall *c = t->call;
    float k[HEAD_DIM_MAX];
    load(c->k, c->type, key * c->k_stride + t->head * c->head_dim, c->head_dim, k);
    float s = c->scale * dot(q, k, c->head_dim);
    if (c->bias) {
        size_t i = query - c->q_start[t->sequence], j = key - c->k_start[t->sequence];
        s += c->bias[t->head * (2 * c->bias_reach + 1) + c->bias_reach + j - i];
    }
    return s;
}

static void forward_row(const Task *t, size_t query)
{
    const AttentionCall *c = t->call;
    size_t d = c->head_dim, at = t->head * d;
    float q[HEAD_DIM_MAX], v[HEAD_DIM_MAX], out[HEAD_DIM_MAX], top = -INFINITY;
    double sum[HEAD_DIM_MAX] = { 0 }, total = 0; /* one by one, floats lose a bit every few keys */
    load(c->q, c->type, query * c->q_stride + at, d, q);
    for (size_t k = c->k_start[t->sequence]; k < c->k_start[t->sequence + 1]; k++) {
        float s = score(t, q, query, k), above = fmaxf(top, s);
        float base = above == -INFINITY ? 0 : above; /* of nothing but -inf comes 0, not NaN */
        float p = expf(s - base), fade = expf(top - base);
        load(c->v, c->type, k * c->v_stride + at, d, v);
        for (size_t i = 0; i < d; i++) sum[i] = sum[i] * (double)fade + (double)(p * v[i]);
        total = total * (double)fade + (double)p;
        top = above;
    }
    for (size_t i = 0; i < d; i++) out[i] = total == 0 ? 0 : (float)(sum[i] / total);
    store(c->out, c->type, query * c->out_stride + at, d, out, false);
    size_t queries = c->q_start[c->sequences];
    if (c->lse) c->lse[t->head * queries + query] = top + (float)log(total);
}

static void forward_task(void *ctx, size_t i, int worker)
{
    const AttentionCall *c = ctx;
    Task t = { .call = c, .sequence = i / c->heads, .head = i % c->heads };
    (void)worker;
    for (size_t q = c->q_start[t.sequence]; q < c->q_start[t.sequence + 1]; q++) forward_row(&t, q);
}

void attention_ref_forward(const Compute *c, const AttentionCall *call)
{
    parallel_for(c->pool, call->sequences * call->heads, forward_task, (void *)call);
}

/* dk and dv of one key, or with `query` dq of one query: every pair once more. */
static void backward_pairs(const Task *t, size_t row, bool query)
{
    const AttentionCall *c = t->call;
    const AttentionGrad *g = t->grad;
    size_t d = c->head_dim, at = t->head * d, queries = c->q_start[c->sequences];
    const size_t *range = query ? c->k_start : c->q_start;
    float q[HEAD_DIM_MAX], k[HEAD_DIM_MAX], v[HEAD_DIM_MAX], out[HEAD_DIM_MAX], dout[HEAD_DIM_MAX];
    float first[HEAD_DIM_MAX] = { 0 }, second[HEAD_DIM_MAX] = { 0 };
    for (size_t other = range[t->sequence]; other < range[t->sequence + 1]; other++) {
        size_t i = query ? row : other, j = query ? other : row;
        load(c->q, c->type, i * c->q_stride + at, d, q);
        load(c->k, c->type, j * c->k_stride + at, d, k);
        load(c->v, c->type, j * c->v_stride + at, d, v);
        load(c->out, c->type, i * c->out_stride + at, d, out);
        load(g->dout, g->type, i * c->out_stride + at, d, dout);
        float lse = c->lse[t->head * queries + i];
        float p = lse == -INFINITY ? 0 : expf(score(t, q, i, j) - lse);
        float ds = c->scale * p * (dot(dout, v, d) - dot(dout, out, d));
        for (size_t n = 0; n < d; n++) {
            first[n] += ds * (query ? k[n] : q[n]);
            second[n] += p * dout[n];
        }
    }
    if (query) {
        store(g->dq, g->type, row * c->q_stride + at, d, first, g->add);
    } else {
        store(g->dk, g->type, row * c->k_stride + at, d, first, g->add);
        store(g->dv, g->type, row * c->v_stride + at, d, second, g->add);
    }
}

static void backward_task(void *ctx, size_t i, int worker)
{
    const Task *both = ctx;
    const AttentionCall *c = both->call;
    Task t = { .call = c, .grad = both->grad, .sequence = i / c->heads, .head = i % c->heads };
    (void)worker;
    for (size_t q = c->q_start[t.sequence]; q < c->q_start[t.sequence + 1]; q++)
        backward_pairs(&t, q, true);
    for (size_t k = c->k_start[t.sequence]; k < c->k_start[t.sequence + 1]; k++)
        backward_pairs(&t, k, false);
}

void attention_ref_backward(const Compute *c, const AttentionCall *call, const AttentionGrad *grad)
{
    Task both = { .call = call, .grad = grad };
    parallel_for(c->pool, call->sequences * call->heads, backward_task, &both);
}
