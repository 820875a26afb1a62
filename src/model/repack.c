#include "model/repack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/encoder.h"
#include "model/import/wan.h"
#include "model/repack_parts.h"
#include "model/umt5.h"
#include "model/weights_kinds.h"
#include "tensor/quant.h"

enum { CHUNK_VALUES = 1 << 20, TASK_ROWS = 16 };

/* ---- what becomes what ------------------------------------------------------------------- */

static bool is_number(Type t) /* with a fraction; others are ids and bytes */
{
    return t <= TYPE_F8_E5M2 || t >= TYPE_Q8_0;
}

static bool is_matrix(const char *name, const Tensor *x)
{
    return x->rank == 2 && x->shape[0] > 1 && x->shape[1] > 1 && !strstr(name, "modulation") &&
           !strstr(name, "scale_shift_table") && !strstr(name, "norm");
}

static bool is_eight_bits(Type t)
{
    return t == TYPE_F8_E4M3 || t == TYPE_F8_E5M2 || t == TYPE_I8;
}

/* The type itself, or the one that llama.cpp takes where rows are not whole blocks of it. */
static Type fitting(Type t, size_t width)
{
    static const struct {
        Type from, to;
    } next[] = { { TYPE_Q2_K, TYPE_Q4_0 }, { TYPE_Q3_K, TYPE_Q4_0 }, { TYPE_Q4_K, TYPE_Q5_0 },
                 { TYPE_Q5_K, TYPE_Q5_1 }, { TYPE_Q6_K, TYPE_Q8_0 }, { TYPE_IQ4_XS, TYPE_IQ4_NL } };
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++)
        if (t == next[i].from && width % type_block(t)) t = next[i].to;
    return width % type_block(t) ? TYPE_F16 : t;
}

static Type type_for(const RepackOptions *o, RepackKind kind, const char *name, const Tensor *x,
                     bool changed)
{
    bool number = is_number(x->type) || x->scale, stays = !changed && !x->scale;
    if (!number) return x->type;
    if (o->typed && is_matrix(name, x)) {
        size_t n = strlen(name);
        bool named = n > 7 && strcmp(name + n - 7, ".weight") == 0; /* a scale can lie beside it */
        if (!is_eight_bits(o->type) || named) return fitting(o->type, tensor_width(x));
    }
    if (kind == REPACK_GGUF && x->rank < 2) return TYPE_F32;
    if (stays && repack_holds(kind, x->type)) return x->type;
    return x->type == TYPE_F32 ? TYPE_F32 : TYPE_BF16;
}

typedef struct Repack {
    Weights *w;
    const RepackOptions *o;
    const Compute *c;
    Arena *a;
    RepackPlan plan;
    RepackReport *report;
    size_t done, total; /* bytes */
} Repack;

/* The tensor as it is read: merged into `a` if LoRA changes it. */
static SoraStatus source(const Repack *r, size_t place, Arena *a, Tensor *out)
{
    if (lora_changes(r->o->lora, place)) return lora_merged(r->o->lora, place, r->c, true, a, out);
    *out = *weights_at(r->w, place);
    return SORA_OK;
}

/* ---- numbers, a chunk of rows at a time ---- */

typedef struct Chunk {
    const Tensor *from;
    size_t first, rows, width;
    float *values; /* [rows, width] */
    Type type;
    const float *inverse; /* or NULL */
    char *to;             /* or NULL: only the largest values are wanted */
    float *largest;       /* [rows]; NAN where there is one */
} Chunk;

static void chunk_task(void *ctx, size_t i, int worker)
{
    const Chunk *k = ctx;
    size_t row = i * TASK_ROWS, rows = size_min(TASK_ROWS, k->rows - row);
    float *x = k->values + row * k->width;
    (void)worker;
    quant_read_rows(k->from, k->first + row, rows, x);
    for (size_t r = 0; r < rows; r++, x += k->width) {
        float largest = 0;
        bool finite = true;
        for (size_t j = 0; j < k->width; j++) {
            largest = fmaxf(largest, fabsf(x[j]));
            finite &= isfinite(x[j]) != 0;
        }
        k->largest[row + r] = finite ? largest : NAN;
        for (size_t j = 0; k->inverse && j < k->width; j++) x[j] *= k->inverse[k->first + row + r];
    }
    if (!k->to) return;
    size_t bytes = k->width / type_block(k->type) * type_block_bytes(k->type);
    for (size_t r = 0; r < rows; r++) {
        float *y = k->values + (row + r) * k->width;
        bool finite = isfinite(k->largest[row + r]);
        if (finite || k->type <= TYPE_F16)
            quant_encode(k->to + (row + r) * bytes, k->type, y, k->width);
    }
}

/* Calls `use` for chunk after chunk of x, decoded and (with `type`) coded. */
static SoraStatus each_chunk(Repack *r, const RepackEntry *e, const Tensor *x, bool code,
                             SoraStatus (*use)(Repack *r, const RepackEntry *e, const Chunk *k,
                                               void *self),
                             void *self)
{
    size_t rows = x->rank ? x->shape[0] : 1, width = rows ? tensor_count(x) / rows : 0;
    size_t step = size_min(rows, size_max(CHUNK_VALUES / size_max(width, 1), 1));
    for (size_t first = 0; first < rows && width; first += step) {
        ArenaMark mark = arena_mark(r->a);
        Chunk k = { .from = x, .first = first, .rows = size_min(step, rows - first) };
        k.width = width;
        k.type = e->tensor.type;
        k.inverse = code ? e->inverse : NULL;
        k.values = arena_alloc(r->a, k.rows * width * sizeof *k.values);
        k.largest = arena_alloc(r->a, k.rows * sizeof *k.largest);
        if (code)
            k.to =
                arena_alloc(r->a, k.rows * (width / type_block(k.type)) * type_block_bytes(k.type));
        parallel_for(r->c->pool, size_ceil_div(k.rows, TASK_ROWS), chunk_task, &k);
        SoraStatus s = use(r, e, &k, self);
        arena_rewind(r->a, mark);
        TRY(s);
    }
    return SORA_OK;
}

static SoraStatus check_finite(const RepackEntry *e, const Chunk *k)
{
    for (size_t i = 0; e->tensor.type > TYPE_F16 && i < k->rows; i++)
        if (!isfinite(k->largest[i]))
            return err_set(SORA_E_NUMBER, "%.200s holds NaN or infinity, %s cannot", e->name,
                           type_name(e->tensor.type));
    return SORA_OK;
}

/* ---- planning ---------------------------------------------------------------------------- */

static SoraStatus take_largest(Repack *r, const RepackEntry *e, const Chunk *k, void *self)
{
    (void)r;
    TRY(check_finite(e, k));
    memcpy((float *)self + k->first, k->largest, k->rows * sizeof *k->largest);
    return SORA_OK;
}

static RepackEntry *new_entry(Repack *r, const char *name, const Tensor *x)
{
    RepackEntry *e = &r->plan.entry[r->plan.count++];
    *e = (RepackEntry){ .name = name, .tensor = *x };
    e->tensor.scale = NULL;
    return e;
}

/* 8-bit weights need a scale: one for an fp8 matrix, one a row for int8, as ComfyUI and lightx2v
 * have them. */
static SoraStatus plan_scale(Repack *r, RepackEntry *e)
{
    size_t rows = e->tensor.shape[0];
    bool by_row = e->tensor.type == TYPE_I8;
    float *scale = arena_alloc(r->a, rows * sizeof *scale), most = 0;
    float *inverse = arena_alloc(r->a, rows * sizeof *inverse);
    float top = by_row ? 127 : e->tensor.type == TYPE_F8_E4M3 ? 448 : 57344;
    Arena *a = arena_new("merged", 0);
    Tensor x;
    if (!a) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = source(r, e->place, a, &x);
    if (s == SORA_OK) s = each_chunk(r, e, &x, false, take_largest, scale);
    arena_free(a);
    weights_forget(r->w, e->place);
    TRY(s);
    for (size_t i = 0; i < rows; i++) most = fmaxf(most, scale[i]);
    for (size_t i = 0; i < rows; i++) {
        scale[i] = (by_row ? scale[i] : most) / top;
        if (!(scale[i] > 0)) scale[i] = 1;
        inverse[i] = 1 / scale[i];
    }
    e->inverse = inverse;
    Tensor beside = { .type = TYPE_F32, .rank = by_row ? 2 : 0, .data = scale };
    for (int i = 0; i < TENSOR_RANK_MAX; i++) beside.shape[i] = i == 0 && by_row ? rows : 1;
    const char *name = arena_printf(r->a, "%.*s.%s", (int)(strlen(e->name) - strlen(".weight")),
                                    e->name, by_row ? "weight_scale" : "scale_weight");
    new_entry(r, name, &beside)->own = true;
    return SORA_OK;
}

static SoraStatus plan_tensor(Repack *r, size_t place)
{
    const char *name = weights_name(r->w, place);
    const Tensor *x = weights_at(r->w, place);
    RepackEntry *e = new_entry(r, name, x);
    bool changed = lora_changes(r->o->lora, place);
    e->place = place;
    e->tensor.type = type_for(r->o, r->plan.kind, name, x, changed);
    if (!repack_holds(r->plan.kind, e->tensor.type))
        return err_set(SORA_E_UNSUPPORTED, "%.200s is %s, which %s files cannot hold", name,
                       type_name(e->tensor.type),
                       r->plan.kind == REPACK_GGUF ? "GGUF" : "safetensors");
    r->report->changed += e->tensor.type != x->type || changed;
    bool scaled = is_eight_bits(e->tensor.type) && r->o->typed && e->tensor.type == r->o->type &&
                  is_number(x->type) && is_matrix(name, x);
    return scaled ? plan_scale(r, e) : SORA_OK;
}

/* Large elements first, so that every tensor of a safetensors file is aligned. */
static int by_alignment(const void *a, const void *b)
{
    const RepackEntry *x = a, *y = b;
    size_t n = type_block(x->tensor.type) > 1 ? 2 : type_block_bytes(x->tensor.type);
    size_t m = type_block(y->tensor.type) > 1 ? 2 : type_block_bytes(y->tensor.type);
    if (n != m) return n > m ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const char *architecture(const Weights *w, Arena *a)
{
    EncoderFile f = { weights_lookup, (void *)w, weights_path(w), a };
    return wan_fits(w) ? "wan" : umt5_fits(&f) ? "t5encoder" : "sora";
}

static SoraStatus make_plan(Repack *r)
{
    static const unsigned char none[1];
    size_t n = weights_count(r->w);
    r->plan.entry = arena_zero(r->a, (2 * n + 2) * sizeof *r->plan.entry);
    r->plan.architecture = architecture(r->w, r->a);
    r->plan.from = r->w;
    for (size_t i = 0; i < n; i++) {
        TRY(plan_tensor(r, i));
        if (r->o->progress && r->o->progress(r->o->self, 0, 1)) return SORA_CANCELLED;
    }
    bool fp8 = r->o->typed && (r->o->type == TYPE_F8_E4M3 || r->o->type == TYPE_F8_E5M2);
    if (fp8) { /* ComfyUI's marker: an empty tensor of that type */
        Tensor marker = { .type = r->o->type, .rank = 1, .data = (void *)none };
        for (int i = 1; i < TENSOR_RANK_MAX; i++) marker.shape[i] = 1;
        new_entry(r, "scaled_fp8", &marker)->own = true;
    }
    qsort(r->plan.entry, r->plan.count, sizeof *r->plan.entry, by_alignment);
    for (size_t i = 0; i < r->plan.count; i++) {
        RepackEntry *e = &r->plan.entry[i];
        TRY(err_while(tensor_bytes(e->tensor.type, e->tensor.rank, e->tensor.shape, &e->bytes),
                      "planning %.200s", e->name));
        r->total += e->bytes;
    }
    r->report->tensors = r->plan.count;
    return SORA_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

static SoraStatus count_bytes(Repack *r, size_t bytes)
{
    r->done += bytes;
    bool stop = r->o->progress && r->o->progress(r->o->self, r->done, r->total);
    return stop ? SORA_CANCELLED : SORA_OK;
}

static SoraStatus put_chunk(Repack *r, const RepackEntry *e, const Chunk *k, void *self)
{
    size_t bytes = k->rows * (k->width / type_block(k->type)) * type_block_bytes(k->type);
    TRY(check_finite(e, k));
    TRY(file_put(self, k->to, bytes));
    return count_bytes(r, bytes);
}

static SoraStatus put_as_is(Repack *r, const RepackEntry *e, const Tensor *x, FileWriter *f)
{
    enum { PIECE = 4 << 20 };
    for (size_t at = 0, n; at < e->bytes; at += n) {
        n = size_min(PIECE, e->bytes - at);
        TRY(file_put(f, (const char *)x->data + at, n));
        TRY(count_bytes(r, n));
    }
    return SORA_OK;
}

static SoraStatus put_entry(Repack *r, const RepackEntry *e, FileWriter *f)
{
    Arena *a = arena_new("merged", 0);
    Tensor x = e->tensor;
    if (!a) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = e->own ? SORA_OK : source(r, e->place, a, &x);
    bool as_is = x.type == e->tensor.type && !x.scale && !e->inverse;
    if (s == SORA_OK) s = as_is ? put_as_is(r, e, &x, f) : each_chunk(r, e, &x, true, put_chunk, f);
    arena_free(a);
    if (!e->own) weights_forget(r->w, e->place);
    TRY(s);
    static const char zeros[64];
    return file_put(f, zeros, e->padding);
}

static SoraStatus put_all(Repack *r, FileWriter *f)
{
    TRY(repack_put_header(f, &r->plan, r->a));
    for (size_t i = 0; i < r->plan.count; i++) TRY(put_entry(r, &r->plan.entry[i], f));
    r->report->bytes = (size_t)ftello(f->f);
    return SORA_OK;
}

static SoraStatus run(Repack *r, const char *to)
{
    FileWriter f;
    TRY(make_plan(r));
    TRY(file_begin(to, &f));
    SoraStatus s = put_all(r, &f);
    if (s == SORA_OK) return file_commit(&f);
    file_abort(&f);
    return s;
}

static SoraStatus choose_kind(const char *to, const RepackOptions *o, RepackKind *kind)
{
    size_t n = strlen(to);
    bool gguf = n > 5 && strcmp(to + n - 5, ".gguf") == 0;
    bool safetensors = n > 12 && strcmp(to + n - 12, ".safetensors") == 0;
    if (!gguf && !safetensors)
        return err_set(SORA_E_ARGUMENT, "%s: the name must end with .safetensors or .gguf", to);
    *kind = gguf ? REPACK_GGUF : REPACK_SAFETENSORS;
    if (!o->typed) return SORA_OK;
    if (!quant_encodes(o->type))
        return err_set(SORA_E_UNSUPPORTED, "%s can be read, but not made", type_name(o->type));
    bool eight = is_eight_bits(o->type);
    if (gguf ? eight : !repack_holds(*kind, o->type))
        return err_set(SORA_E_UNSUPPORTED, "%s cannot be %s: name a %s file", to,
                       type_name(o->type), gguf ? ".safetensors" : ".gguf");
    return SORA_OK;
}

SoraStatus repack(Weights *w, const char *to, const RepackOptions *o, const Compute *c,
                  RepackReport *report)
{
    *report = (RepackReport){ 0 };
    Repack r = { .w = w, .o = o, .c = c, .report = report };
    TRY(choose_kind(to, o, &r.plan.kind));
    r.a = arena_new("repack", 0);
    if (!r.a) return err_set(SORA_E_MEMORY, "no memory left");
    SoraStatus s = run(&r, to);
    arena_free(r.a);
    return s == SORA_CANCELLED ? s : err_while(s, "writing %s", to);
}
