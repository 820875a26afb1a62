/* The most multiply-adds a second: a loop that does nothing else, on all threads. */
#include "bench.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "tensor/amx.h"

/* Independent sums: enough to fill two units that take four to six cycles for each. */
enum { SUMS = 16 };

/* `loops` times SUMS instructions. In assembly, so that they stay. */
#define PEAK_LOOP(name, target_, Vector, zero, step)                                              \
    __attribute__((target(target_))) static void name(size_t loops)                               \
    {                                                                                             \
        Vector s0 = zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0; \
        Vector s9 = s0, s10 = s0, s11 = s0, s12 = s0, s13 = s0, s14 = s0, s15 = s0, x = zero;     \
        for (size_t l = 0; l < loops; l++) {                                                      \
            step(s0) step(s1) step(s2) step(s3) step(s4) step(s5) step(s6) step(s7) step(s8)      \
                step(s9) step(s10) step(s11) step(s12) step(s13) step(s14) step(s15)              \
        }                                                                                         \
    }

#define STEP_AVX2(s)   __asm__ volatile("vfmadd231ps %1, %1, %0" : "+x"(s) : "x"(x));
#define STEP_AVX512(s) __asm__ volatile("vfmadd231ps %1, %1, %0" : "+v"(s) : "v"(x));
#define STEP_BF16(s)   __asm__ volatile("vdpbf16ps %1, %1, %0" : "+v"(s) : "v"(x));

PEAK_LOOP(peak_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), STEP_AVX2)
PEAK_LOOP(peak_avx512, "avx512f", __m512, _mm512_setzero_ps(), STEP_AVX512)
PEAK_LOOP(peak_bf16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(), STEP_BF16)

/* 2 * 16 * 16 * 32 operations each; six sums, for one takes 16 of 52 cycles to be done. */
enum { TILE_OPERATIONS = 16384, TILE_SUMS = 6 };

static void peak_amx(size_t loops)
{
    AmxConfig c = { .palette = 1 };
    for (int i = 0; i < 8; i++) {
        c.row_bytes[i] = 64;
        c.rows[i] = 16;
    }
    amx_configure(&c);
    for (size_t l = 0; l < loops; l++) {
        AMX_MULTIPLY(0, 6, 7);
        AMX_MULTIPLY(1, 6, 7);
        AMX_MULTIPLY(2, 6, 7);
        AMX_MULTIPLY(3, 6, 7);
        AMX_MULTIPLY(4, 6, 7);
        AMX_MULTIPLY(5, 6, 7);
    }
    amx_release();
}

typedef struct Peak {
    void (*loop)(size_t loops);
    size_t loops;
    double operations; /* of one loop */
} Peak;

static Peak peak_of(CpuLevel level, BenchPeak kind)
{
    if (level >= CPU_AMX && kind == BENCH_PEAK_BF16)
        return (Peak){ .loop = peak_amx,
                       .loops = 150000,
                       .operations = TILE_SUMS * (double)TILE_OPERATIONS };
    if (level >= CPU_AVX512BF16 && kind == BENCH_PEAK_BF16)
        return (Peak){ .loop = peak_bf16, .operations = SUMS * 64.0 };
    if (level >= CPU_AVX512) return (Peak){ .loop = peak_avx512, .operations = SUMS * 32.0 };
    if (level >= CPU_AVX2) return (Peak){ .loop = peak_avx2, .operations = SUMS * 16.0 };
    return (Peak){ 0 };
}

static void peak_task(void *ctx, size_t i, int worker)
{
    const Peak *p = ctx;
    (void)i, (void)worker;
    p->loop(p->loops);
}

double bench_peak_seconds(const Bench *b, BenchPeak kind, double operations)
{
    Peak p = peak_of(b->compute->level, kind);
    if (!p.loop) return 0;
    if (!p.loops) p.loops = 1000000; /* about 5 ms */
    double start = bench_now();
    parallel_for(b->compute->pool, (size_t)b->threads, peak_task, &p);
    double done = p.operations * (double)p.loops * b->threads;
    return (bench_now() - start) * operations / done;
}

#else

double bench_peak_seconds(const Bench *b, BenchPeak kind, double operations)
{
    (void)b, (void)kind, (void)operations;
    return 0;
}

#endif
