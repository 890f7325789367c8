#include "support/shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALE 0.01
#define RHO 0.95

static uint64_t state;

void shapes_seed(uint64_t seed)
{
        state = seed;
}

double shapes_uniform(void)
{
        uint64_t x = state += 0x9e3779b97f4a7c15u; /* SplitMix64 */

        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return ((double)((x ^ (x >> 31)) >> 11) + 0.5) * 0x1p-53;
}

double shapes_normal(void)
{
        double radius = sqrt(-2 * log(shapes_uniform()));

        return radius * cos(2 * acos(-1) * shapes_uniform());
}

static double flat(void)
{
        return shapes_uniform() - 0.5;
}

static double laplace(void)
{
        double u = shapes_uniform();

        return u < 0.5 ? log(2 * u) : -log(2 - 2 * u);
}

static double student2(void)
{
        double u = shapes_uniform();

        return (2 * u - 1) / sqrt(2 * u * (1 - u));
}

static double cauchy(void)
{
        return tan(acos(-1) * flat());
}

static double lognormal(void)
{
        return exp(shapes_normal()) - 1;
}

/* A second mode 8 σ above the first. The first one lies where the median of both is 0:
 * Φ(offset) = 0.5 ÷ (1 − share). */
static double two_modes(double share, double offset)
{
        double value = shapes_normal() - offset;

        return shapes_uniform() < share ? value + 8 : value;
}

static double bimodal30(void)
{
        return two_modes(0.3, 0.5659488219328631);
}

static double bimodal48(void)
{
        return two_modes(0.48, 1.7688250385187054);
}

void shapes_samples(double samples[SHAPES_SAMPLES])
{
        double now = shapes_normal() / sqrt(1 - RHO * RHO);

        for (size_t i = 0; i < SHAPES_SAMPLES; i++) {
                now = RHO * now + shapes_normal();
                samples[i] = now;
        }
}

static double correlated(void)
{
        double samples[SHAPES_SAMPLES], sum = 0;

        shapes_samples(samples);
        for (size_t i = 0; i < SHAPES_SAMPLES; i++)
                sum += samples[i];
        return sum / SHAPES_SAMPLES;
}

static const struct shape shapes[] = {
        {"normal", shapes_normal, 0},
        {"uniform", flat, 0},
        {"Laplace", laplace, 0},
        {"Student, 2 degrees", student2, 0},
        {"Cauchy", cauchy, 0},
        {"log-normal", lognormal, 0},
        {"bimodal, 30 %", bimodal30, 0},
        {"bimodal, 48 %", bimodal48, 0},
        {"correlated in a trial", correlated, 0},
        {"drifting", shapes_normal, 20},
};

const struct shape *shapes_at(size_t index)
{
        return index < sizeof(shapes) / sizeof(*shapes) ? &shapes[index] : NULL;
}

const struct shape *shapes_find(const char *name)
{
        for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
                if (!strcmp(shapes[i].name, name))
                        return &shapes[i];
        fprintf(stderr, "shapes: there is no '%s'\n", name);
        abort();
}

/* Where the drift is at a time between 0 and 1: as much below its middle as above. */
static double at_time(const struct shape *shape, double time)
{
        return exp(SCALE * (shape->draw() + shape->drift * (time - 0.5)));
}

void shapes_cell(const struct shape *shape, double *values, size_t n)
{
        for (size_t i = 0; i < n; i++)
                values[i] = at_time(shape, ((double)i + 0.5) / (double)n);
}

void shapes_pair(const struct shape *shape, double *cell, double *baseline, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                double early = ((double)i + 0.25) / (double)n,
                       late = ((double)i + 0.75) / (double)n;
                int first = shapes_uniform() < 0.5;

                cell[i] = at_time(shape, first ? early : late);
                baseline[i] = at_time(shape, first ? late : early);
        }
}
