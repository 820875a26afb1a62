#include "train/parallel.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { SMALL_MAX = 64, PIECE_MAX = 1 << 24, THREAD_FUNNELED = 1 };

/* Open MPI's interface as its mpi.h declares it: its objects are pointers to data of the library,
 * so that no header is needed, nor a link that every start of the program would pay for. */
typedef int Exchange(const void *from, int n, void *type, void *to, int m, void *type_to,
                     void *comm);

struct Parallel {
    int rank, size;
    void *world, *type_f32, *type_f64;
    int (*init)(int *argc, char ***argv, int wanted, int *given);
    int (*comm_rank)(void *comm, int *rank);
    int (*comm_size)(void *comm, int *size);
    Exchange *gather; /* everybody gets everything */
    Exchange *spread; /* piece i goes to process i */
    int (*finish)(void);
    float *piece; /* [size][PIECE_MAX / size], two of them */
};

static bool was_started_by_mpirun(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    return size ? atoi(size) > 1 : getenv("PMIX_RANK") != NULL;
}

static bool find(void *library, const char *name, void *where)
{
    void *at = dlsym(library, name);
    memcpy(where, &at, sizeof at);
    return at != NULL;
}

static SoraStatus load(Parallel *p)
{
    /* global: its plugins look for its names */
    void *so = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
    if (!so) so = dlopen("libmpi.so", RTLD_NOW | RTLD_GLOBAL);
    if (so && find(so, "ompi_mpi_comm_world", &p->world) &&
        find(so, "ompi_mpi_float", &p->type_f32) && find(so, "ompi_mpi_double", &p->type_f64) &&
        find(so, "MPI_Init_thread", &p->init) && find(so, "MPI_Comm_rank", &p->comm_rank) &&
        find(so, "MPI_Comm_size", &p->comm_size) && find(so, "MPI_Allgather", &p->gather) &&
        find(so, "MPI_Alltoall", &p->spread) && find(so, "MPI_Finalize", &p->finish))
        return SORA_OK;
    return err_set(SORA_E_UNSUPPORTED,
                   "mpirun has started several processes, but Open MPI's "
                   "library (libmpi.so.40) cannot be loaded: %s",
                   so ? "it is another MPI" : dlerror());
}

static SoraStatus failed(const char *what)
{
    return err_set(SORA_E_IO, "the processes of this run have lost one another (%s)", what);
}

static SoraStatus join(Parallel *p)
{
    int given;
    TRY(load(p));
    if (p->init(NULL, NULL, THREAD_FUNNELED, &given) || p->comm_rank(p->world, &p->rank) ||
        p->comm_size(p->world, &p->size))
        return failed("MPI_Init");
    p->piece = malloc(2 * (size_t)PIECE_MAX * sizeof *p->piece);
    return p->piece ? SORA_OK : err_set(SORA_E_MEMORY, "no memory for what processes exchange");
}

SoraStatus parallel_open(Parallel **out)
{
    *out = NULL;
    if (!was_started_by_mpirun()) return SORA_OK;
    Parallel *p = calloc(1, sizeof *p);
    if (!p) return err_set(SORA_E_MEMORY, "no memory for a run of several processes");
    SoraStatus s = join(p);
    if (s == SORA_OK)
        *out = p;
    else
        parallel_close(p, false);
    return s;
}

void parallel_close(Parallel *p, bool whole)
{
    if (!p) return;
    if (whole) p->finish();
    free(p->piece);
    free(p);
}

int parallel_rank(const Parallel *p)
{
    return p ? p->rank : 0;
}

int parallel_size(const Parallel *p)
{
    return p ? p->size : 1;
}

SoraStatus parallel_sum(const Parallel *p, double *x, size_t n)
{
    if (!p) return SORA_OK;
    double *all = (double *)p->piece;
    if (n > SMALL_MAX || n * (size_t)p->size > PIECE_MAX / 2 ||
        p->gather(x, (int)n, p->type_f64, all, (int)n, p->type_f64, p->world))
        return failed("MPI_Allgather");
    memset(x, 0, n * sizeof *x);
    for (size_t r = 0; r < (size_t)p->size; r++)
        for (size_t i = 0; i < n; i++) x[i] += all[r * n + i];
    return SORA_OK;
}

/* Everybody adds up one part of x and gives the sums to all. */
static SoraStatus sum_piece(const Parallel *p, float *x, size_t n)
{
    size_t size = (size_t)p->size, part = size_ceil_div(n, size);
    float *mine = p->piece, *all = p->piece + PIECE_MAX;
    memcpy(all, x, n * sizeof *x);
    memset(all + n, 0, (part * size - n) * sizeof *x);
    if (p->spread(all, (int)part, p->type_f32, mine, (int)part, p->type_f32, p->world))
        return failed("MPI_Alltoall");
    for (size_t r = 1; r < size; r++)
        for (size_t i = 0; i < part; i++) mine[i] += mine[r * part + i];
    if (p->gather(mine, (int)part, p->type_f32, all, (int)part, p->type_f32, p->world))
        return failed("MPI_Allgather");
    memcpy(x, all, n * sizeof *x);
    return SORA_OK;
}

SoraStatus parallel_sum_f32(const Parallel *p, float *x, size_t n)
{
    if (!p) return SORA_OK;
    size_t most = PIECE_MAX - (size_t)p->size; /* room to round up */
    for (size_t i = 0; i < n; i += most) TRY(sum_piece(p, x + i, size_min(most, n - i)));
    return SORA_OK;
}
