/* Synthetic data for simulations: noise of several shapes, and series of rounds made of it. Seeded,
 * so that a simulation gives the same figures everywhere. */
#ifndef SUPPORT_SHAPES_H
#define SUPPORT_SHAPES_H

#include <stddef.h>
#include <stdint.h>

void shapes_seed(uint64_t seed);

double shapes_uniform(void); /* in (0, 1) */
double shapes_normal(void);  /* standard */

struct shape {
        const char *name;
        double (*draw)(void); /* of median 0 */
        double drift;         /* over all rounds, added to every cell alike */
};

const struct shape *shapes_at(size_t index);       /* NULL after the last */
const struct shape *shapes_find(const char *name); /* ends the program: there is none */

/* What a cell gives in n rounds: exp(0.01 × draw). */
void shapes_cell(const struct shape *shape, double *values, size_t n);

/* Two equal cells in the same n rounds, their order within each left to chance; the drift goes on
 * between the two. Their true ratio is 1. */
void shapes_pair(const struct shape *shape, double *cell, double *baseline, size_t n);

/* One trial's samples, each depending on the one before (ρ = 0.95), around 0. */
#define SHAPES_SAMPLES 40
void shapes_samples(double samples[SHAPES_SAMPLES]);

#endif
