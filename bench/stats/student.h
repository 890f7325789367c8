/* Student's t distribution, for means of few values. Pure. */
#ifndef STATS_STUDENT_H
#define STATS_STUDENT_H

/* P(|T| ≥ |t|) at `df` > 0 degrees of freedom, which need not be whole. NaN: t or df is, or df is
 * not positive. */
double student_p(double t, double df);

/* The t that is exceeded in size with probability 1 − `confidence`, in (0, 1): at 0.95 and 4
 * degrees of freedom 2.776. NaN: as above. */
double student_quantile(double confidence, double df);

#endif
