/* Counter-based random numbers: element i is f(seed, i) and nothing else, so any part of a
 * sequence can be made alone, on any thread. Philox4x32-10 (Salmon et al., SC 2011). */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

uint64_t rng_u64(uint64_t seed, uint64_t i);
double rng_uniform(uint64_t seed, uint64_t i);         /* [0, 1), 53 bits */
double rng_normal(uint64_t seed, uint64_t i);          /* mean 0, variance 1; Box-Muller */
size_t rng_below(uint64_t seed, uint64_t i, size_t n); /* [0, n), n > 0 */

/* A new seed for an independent purpose: rng_split(seed, 'caption'), rng_split(seed, clip). */
uint64_t rng_split(uint64_t seed, uint64_t purpose);

/* x[j] = normal number first + j of `seed`, in vectors: the same bytes on every processor. */
void rng_fill_normal(float *x, size_t first, size_t count, uint64_t seed);

#endif
