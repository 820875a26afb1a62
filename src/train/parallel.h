/* Training by several processes, on one machine or many, that share every batch: what mpirun of
 * Open MPI starts ("mpirun -n 2 sora train ..."). Its library is loaded when it has started us, and
 * never otherwise. Sums run in the order of the processes, so that all of them hold the same bytes.
 */
#ifndef TRAIN_PARALLEL_H
#define TRAIN_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct Parallel Parallel;

/* *out is NULL where there is one process alone. SORA_E_UNSUPPORTED: mpirun has started several,
 * but its library is not here or is another than Open MPI. */
SoraStatus parallel_open(Parallel **out);

/* `whole`: all has gone well, and every process comes here. Otherwise the others may be waiting for
 * this one: nobody says good-bye, and mpirun ends them as this one exits. NULL is fine. */
void parallel_close(Parallel *p, bool whole);

int parallel_rank(const Parallel *p); /* NULL: 0 */
int parallel_size(const Parallel *p); /* NULL: 1 */

/* x[i] becomes its sum over all processes; NULL: it is that already. */
SoraStatus parallel_sum(const Parallel *p, double *x, size_t n);
SoraStatus parallel_sum_f32(const Parallel *p, float *x, size_t n);

#endif
