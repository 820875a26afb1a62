#include "golden.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/convert.h"

enum { MANIFEST_MAX = 64 << 20 };

/* ---- what a case says ---- */

const char *golden_path(const Golden *g, const char *file)
{
    return arena_printf(g->a, "%s/%s", g->folder, file);
}

SoraStatus golden_weights(const Golden *g, const char *role, const char **path)
{
    const Json *w = json_get(g->spec, "weights");
    if (role) w = json_get(w, role);
    const char *file = w && w->kind == JSON_IS_STRING ? w->string : NULL;
    if (!file && g->layout) file = json_text(w, g->layout);
    if (!file && role && w && w->count) file = w->item[0].string;
    if (!file)
        return err_set(SORA_E_FORMAT, "the case names no weights \"%s\"",
                       role        ? role
                       : g->layout ? g->layout
                                   : "");
    *path = golden_path(g, file);
    return SORA_OK;
}

static SoraStatus tensor_of_file(Golden *g, const char *place, const char *colon,
                                 const Tensor **out)
{
    Safetensors *st = arena_zero(g->a, sizeof *st); /* mapped until the program ends */
    char *file = arena_printf(g->a, "%.*s", (int)(colon - place), place);
    TRY(safetensors_open(golden_path(g, file), g->a, st));
    *out = safetensors_find(st, colon + 1);
    return SORA_OK;
}

SoraStatus golden_input(Golden *g, const char *name, const Tensor **out)
{
    const char *place = json_text(json_get(g->spec, "inputs"), name);
    *out = NULL;
    if (!place) return SORA_OK;
    const char *colon = strchr(place, ':');
    if (colon)
        TRY(tensor_of_file(g, place, colon, out));
    else
        *out = safetensors_find(&g->io, place);
    return *out ? SORA_OK : err_set(SORA_E_FORMAT, "input %s: there is no %s", name, place);
}

const Json *golden_scalar(const Golden *g, const char *name)
{
    return json_get(json_get(g->spec, "scalars"), name);
}

double golden_number(const Golden *g, const char *name, double otherwise)
{
    const Json *x = golden_scalar(g, name);
    return x && (x->kind == JSON_IS_REAL || x->kind == JSON_IS_INTEGER) ? x->number : otherwise;
}

/* ---- judging ---- */

static const Json *limits(const Golden *g, const char *name)
{
    const Json *tol = json_get(json_get(json_get(g->spec, "outputs"), name), "tol");
    return json_get(tol, g->precision == GEMM_F32 ? "fp32" : "bf16");
}

bool golden_wants(const Golden *g, const char *name)
{
    return limits(g, name) != NULL;
}

static void note(Golden *g, const char *name, double share)
{
    g->compared++;
    if (share <= g->nearest) return; /* NaN is noted */
    g->nearest = share;
    snprintf(g->where, sizeof g->where, "%s", name);
}

static double limit_of(const Json *tol, const char *key)
{
    const Json *x = json_get(tol, key);
    return x ? x->number : INFINITY;
}

void golden_compare(Golden *g, const char *name, const float *got, const Tensor *want,
                    const Json *tol)
{
    size_t n = tensor_count(want);
    double off = 0, all = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        float w;
        size_t size = type_block_bytes(want->type);
        convert_row(&w, TYPE_F32, (const char *)want->data + i * size, want->type, 1);
        double d = (double)got[i] - (double)w;
        off += d * d;
        all += (double)w * (double)w;
        if (!(fabs(d) <= most)) most = fabs(d);
    }
    double rel = all > 0 ? sqrt(off / all) : off > 0 ? INFINITY : 0;
    double share = fmax(rel / limit_of(tol, "rel_l2"), most / limit_of(tol, "max_abs"));
    bool near = rel <= limit_of(tol, "rel_l2") && most <= limit_of(tol, "max_abs");
    note(g, name, near ? share : INFINITY);
    if (!near) g->off++;
    if (!near || g->every)
        printf("#   %s%s: off by %.3g (at most %.3g), largest difference %.3g (%.3g)\n", name,
               near ? "" : " IS WRONG", rel, limit_of(tol, "rel_l2"), most,
               limit_of(tol, "max_abs"));
}

SoraStatus golden_check(Golden *g, const char *name, const float *got, size_t count)
{
    const Json *tol = limits(g, name);
    if (!tol) return SORA_OK;
    const char *place = json_text(json_get(json_get(g->spec, "outputs"), name), "tensor");
    const Tensor *want = place ? safetensors_find(&g->io, place) : NULL;
    if (!want) return err_set(SORA_E_FORMAT, "output %s: it is not stored", name);
    if (tensor_count(want) != count) {
        char is[96];
        return err_set(SORA_E_FORMAT, "output %s has %zu values, stored is %s", name, count,
                       tensor_describe(want, is, sizeof is));
    }
    golden_compare(g, name, got, want, tol);
    return SORA_OK;
}

void golden_expect(Golden *g, bool holds, const char *format, ...)
{
    g->compared++;
    if (holds) return;
    g->off++;
    va_list list;
    va_start(list, format);
    printf("#   ");
    vprintf(format, list);
    printf("\n");
    va_end(list);
}

/* ---- running ---- */

typedef struct Program {
    const char *folder, *only;
    bool every;
    const Compute *compute;
    Arena *manifest;
    const Json *cases;
    size_t passed, failed;
} Program;

static const GoldenKind *kind_of(const Json *spec)
{
    const char *kind = json_text(spec, "kind");
    for (const GoldenKind *const *k = golden_kinds; kind && *k; k++)
        if (strcmp((*k)->kind, kind) == 0) return *k;
    return NULL;
}

static SoraStatus run_kind(Golden *g, const GoldenKind *k)
{
    const char *kind = json_text(g->spec, "kind"), *io = json_text(g->spec, "io");
    if (!k) return err_set(SORA_E_UNSUPPORTED, "nobody runs cases of kind %s", kind ? kind : "?");
    if (io) TRY(safetensors_open(golden_path(g, io), g->a, &g->io));
    TRY(k->run(g));
    if (!g->compared) return err_set(SORA_E_FORMAT, "nothing was compared");
    return SORA_OK;
}

static void run_case(Program *p, const Json *spec, const char *layout, GemmPrecision precision)
{
    const GoldenKind *k = kind_of(spec);
    Golden g = { .folder = p->folder, .spec = spec, .layout = layout, .precision = precision };
    g.cases = p->cases;
    g.compute = p->compute;
    g.every = p->every;
    g.a = arena_new("golden", 0);
    g.step = arena_new("step", 0);
    SoraStatus s = run_kind(&g, k);
    bool good = s == SORA_OK && g.off == 0;
    good ? p->passed++ : p->failed++;
    const char *name = json_text(spec, "name");
    printf("%sok %zu - %s%s%s%s: %zu compared", good ? "" : "not ", p->passed + p->failed,
           name ? name : "?", layout ? " " : "", layout ? layout : "",
           !k || !k->precisions    ? ""
           : precision == GEMM_F32 ? " f32"
                                   : " bf16",
           g.compared);
    if (g.off) printf(", %zu wrong", g.off);
    if (*g.where) printf(", nearest to its limit: %s at %.2f", g.where, g.nearest);
    printf("\n");
    if (s != SORA_OK) printf("#   %s\n", err_text());
    fflush(stdout);
    if (g.io.map.bytes) safetensors_close(&g.io);
    arena_free(g.step);
    arena_free(g.a);
}

static void run_forms(Program *p, const Json *spec)
{
    const GoldenKind *k = kind_of(spec);
    const Json *w = json_get(spec, "weights");
    size_t layouts = k && k->layouts && w && w->kind == JSON_IS_OBJECT ? w->count : 0;
    for (size_t i = 0; i < (layouts ? layouts : 1); i++) {
        const char *layout = layouts ? w->item[i].key : NULL;
        run_case(p, spec, layout, GEMM_F32);
        if (k && k->precisions) run_case(p, spec, layout, GEMM_BF16);
    }
}

static SoraStatus read_manifest(Program *p)
{
    Slice text;
    const Json *root;
    const char *path = arena_printf(p->manifest, "%s/manifest.json", p->folder);
    TRY(file_read(path, MANIFEST_MAX, p->manifest, &text));
    TRY(json_parse((const char *)text.bytes, text.size, path, p->manifest, &root));
    p->cases = json_get(root, "cases");
    if (!p->cases || p->cases->kind != JSON_IS_ARRAY)
        return err_set(SORA_E_FORMAT, "%s has no \"cases\"", path);
    return SORA_OK;
}

static SoraStatus run_all(Program *p)
{
    TRY(read_manifest(p));
    for (size_t i = 0; i < p->cases->count; i++) {
        const char *name = json_text(&p->cases->item[i], "name");
        if (p->only && (!name || strncmp(name, p->only, strlen(p->only)) != 0)) continue;
        run_forms(p, &p->cases->item[i]);
    }
    printf("1..%zu\n%zu passed, %zu failed\n", p->passed + p->failed, p->passed, p->failed);
    return SORA_OK;
}

static SoraStatus run(Program *p)
{
    Pool *pool;
    Compute *compute;
    TRY(pool_new(0, &pool));
    SoraStatus s = compute_new(pool, NULL, &compute);
    if (s == SORA_OK) {
        p->compute = compute;
        s = run_all(p);
        compute_free(compute);
    }
    pool_free(pool);
    return s;
}

int main(int argc, char **argv)
{
    Program p = { .manifest = arena_new("manifest", 0) };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--every") == 0)
            p.every = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            p.only = argv[++i];
        else if (argv[i][0] != '-' && !p.folder)
            p.folder = argv[i];
        else
            p.folder = NULL, i = argc;
    }
    if (!p.folder) {
        fprintf(stderr, "usage: golden FOLDER [--only PREFIX] [--every]\n");
        return 2;
    }
    SoraStatus s = run(&p);
    if (s != SORA_OK) fprintf(stderr, "golden: %s\n", err_text());
    arena_free(p.manifest);
    return s == SORA_OK && !p.failed && p.passed ? 0 : 1;
}
