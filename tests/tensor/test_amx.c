/* The tile of the AMX level, emulated everywhere and, where the machine has it, as it is. The same
 * source runs under the drivers of products, attention and convolutions in their own tests. */
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tensor/amx_emulated.h"
#include "tensor/convert.h"
#include "tensor/gemm_amx.h"

enum { UNITS_MAX = 320, SIDE = 32 };

/* `size` bytes behind which nothing can be read. */
typedef struct Fenced {
    char *map, *data;
    size_t bytes;
} Fenced;

static Fenced fenced(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
    Fenced f = { .bytes = whole + page };
    f.map = mmap(NULL, f.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f.map != MAP_FAILED);
    assert_int_equal(mprotect(f.map + whole, page, PROT_NONE), 0);
    f.data = f.map + whole - size;
    return f;
}

static float half(uint32_t unit, int which)
{
    return bf16_to_f32((uint16_t)(which ? unit >> 16 : unit));
}

static uint32_t drawn(uint64_t *state)
{
    float x[2];
    for (int i = 0; i < 2; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)((double)(*state >> 40) / (1 << 23) - 1.0);
    }
    return bf16_from_f32(x[0]) | (uint32_t)bf16_from_f32(x[1]) << 16;
}

/* One call against the definition of GemmTile. A ends where its last row does. */
static void check_tile(const GemmTile *t, size_t rows, size_t units, size_t stride, bool add)
{
    uint64_t seed = rows * 1000 + units + stride;
    size_t a_units = (rows - 1) * stride + units;
    Fenced fence = fenced(a_units * 4);
    uint32_t *a = (uint32_t *)fence.data;
    _Alignas(64) static uint32_t b[UNITS_MAX * SIDE];
    _Alignas(64) float sums[SIDE * SIDE], before[SIDE * SIDE];
    for (size_t i = 0; i < a_units; i++) a[i] = drawn(&seed);
    for (size_t i = 0; i < units * SIDE; i++) b[i] = drawn(&seed);
    for (size_t i = 0; i < SIDE * SIDE; i++) before[i] = sums[i] = half(drawn(&seed), 0);
    gemm_tile_begin(t);
    t->run(sums, add, a, stride, b, units, rows);
    gemm_tile_end(t);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < SIDE; j++) {
            double want = add ? before[i * SIDE + j] : 0;
            for (size_t u = 0; u < units; u++)
                for (int k = 0; k < 2; k++)
                    want += half(a[i * stride + u], k) * half(b[u * SIDE + j], k);
            if (!(fabs(sums[i * SIDE + j] - want) <= 1e-5 * (1 + sqrt(units))))
                fail_msg("%zu rows, %zu units, %sadded: sum [%zu,%zu] is %g, expected %g", rows,
                         units, add ? "" : "not ", i, j, sums[i * SIDE + j], want);
        }
    munmap(fence.map, fence.bytes);
}

static void check_all(const GemmTile *t)
{
    assert_int_equal(t->rows, SIDE);
    assert_int_equal(t->columns, SIDE);
    static const size_t units[] = { 0, 16, 32, 48, 128, 144, 256, 272, UNITS_MAX };
    for (size_t rows = 1; rows <= SIDE; rows++)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            check_tile(t, rows, units[i], units[i], i % 2);
            check_tile(t, rows, units[i], units[i] + 5, i % 2 == 0);
        }
}

static void sums_what_it_should(void **state)
{
    (void)state;
    GemmKernels k = { 0 };
    gemm_amx_emulated_fill(&k);
    check_all(&k.bf16);
    assert_true(gemm_amx_emulated_works(0.001));
}

static void tells_a_machine_that_forgets(void **state)
{
    (void)state;
    amx_emulated_forgets = true;
    assert_false(gemm_amx_emulated_works(0.001));
    amx_emulated_forgets = false;
}

/* Long enough to be sure of this machine. */
static void works_here(void **state)
{
    (void)state;
    if (cpu_level_best() < CPU_AMX) {
        print_message("this machine has no AMX: only the emulation was tested\n");
        skip();
    }
#if defined(__x86_64__)
    GemmKernels k = { 0 };
    gemm_amx_fill(&k);
    check_all(&k.bf16);
    assert_true(gemm_amx_works(5));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_what_it_should),
        cmocka_unit_test(tells_a_machine_that_forgets),
        cmocka_unit_test(works_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
