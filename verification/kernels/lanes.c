/* Interval operations on LANES boxes at a time: the same arithmetic, bounds and poison as the numpy kernel (rounding.py, operations.py,
 * trigonometry.py hold the proofs). n: -lower, h: upper, both rounded up by inflation after round-to-nearest.
 * A maximum written `a > b ? a : b` may lose a NaN; therefore every register's ends are summed in `ends`, and a sum keeps it. */
#include <float.h>
#include <stddef.h>

#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)
#error "bounds need plain float64 arithmetic"
#endif
#if DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024
#error "bounds need IEEE 754 binary64"
#endif

#define LANES 16
#define EACH for (int i = 0; i < LANES; i++)
#define ULP 0x1p-52
#define TINY 0x1p-1022

typedef struct { double n[LANES], h[LANES]; } box;

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }
static inline double outward(double x) { return x + (__builtin_fabs(x) * ULP + TINY); }
static inline double outward_sum(double x) { return x + __builtin_fabs(x) * ULP; }

/* After every operation, so that no later one can hide an end that is not finite. */
#define KEEP EACH { ends->n[i] += y->n[i]; ends->h[i] += y->h[i]; }
/* Not inlined: a tape is thousands of calls, and each already works on a whole block. */
#define OPERATION static __attribute__((noinline, unused)) void
#define UNARY(name) OPERATION name(box *restrict y, const box *restrict a, box *restrict ends)
#define BINARY(name) OPERATION name(box *restrict y, const box *a, const box *b, box *restrict ends)

OPERATION constant(box *y, double c) { EACH { y->n[i] = -c; y->h[i] = c; } }

UNARY(neg) { EACH { y->n[i] = a->h[i]; y->h[i] = a->n[i]; } KEEP }
UNARY(twice) { EACH { y->n[i] = a->n[i] + a->n[i]; y->h[i] = a->h[i] + a->h[i]; } KEEP }
BINARY(add) { EACH { y->n[i] = outward_sum(a->n[i] + b->n[i]); y->h[i] = outward_sum(a->h[i] + b->h[i]); } KEEP }
BINARY(sub) { EACH { y->n[i] = outward_sum(a->n[i] + b->h[i]); y->h[i] = outward_sum(a->h[i] + b->n[i]); } KEEP }

OPERATION scale(box *restrict y, const box *restrict a, double c, box *restrict ends) {
    if (c >= 0.0) { EACH { y->n[i] = outward(a->n[i] * c); y->h[i] = outward(a->h[i] * c); } }
    else { EACH { y->n[i] = outward(a->h[i] * -c); y->h[i] = outward(a->n[i] * -c); } }
    KEEP
}

BINARY(mul) {
    EACH {
        double ll = a->n[i] * b->n[i], hh = a->h[i] * b->h[i], lh = a->n[i] * b->h[i], hl = a->h[i] * b->n[i];
        y->h[i] = outward(larger(larger(ll, hh), -smaller(lh, hl)));
        y->n[i] = outward(larger(larger(lh, hl), -smaller(ll, hh)));
    }
    KEEP
}

UNARY(sq) {
    EACH {
        double size = larger(a->n[i], a->h[i]), nearest = smaller(a->n[i], a->h[i]);
        double low = outward(-(nearest * nearest));
        y->h[i] = outward(size * size);
        y->n[i] = nearest < 0.0 ? smaller(low, 0.0) : 0.0;
    }
    KEEP
}

UNARY(fabs_) {
    EACH {
        double nearest = smaller(a->n[i], a->h[i]);
        y->h[i] = larger(a->n[i], a->h[i]);
        y->n[i] = nearest < 0.0 ? nearest : 0.0;
    }
    KEEP
}

UNARY(sqrt_) {
    EACH {
        double low = outward(-__builtin_sqrt(-a->n[i]));
        y->h[i] = outward(__builtin_sqrt(a->h[i]));
        y->n[i] = low > 0.0 ? 0.0 : low; /* NaN below zero stays NaN */
    }
    KEEP
}

#define UNDEFINED __builtin_nan("")

BINARY(div_) {
    double nan = UNDEFINED;
    EACH {
        double ll = a->n[i] / b->n[i], hh = a->h[i] / b->h[i], lh = a->n[i] / b->h[i], hl = a->h[i] / b->n[i];
        double high = outward(larger(larger(ll, hh), -smaller(lh, hl)));
        double low = outward(larger(larger(lh, hl), -smaller(ll, hh)));
        int defined = (b->n[i] < 0.0) | (b->h[i] < 0.0);
        y->h[i] = defined ? high : nan;
        y->n[i] = defined ? low : nan;
    }
    KEEP
}

UNARY(inv) {
    double nan = UNDEFINED;
    EACH {
        int defined = (a->n[i] < 0.0) | (a->h[i] < 0.0);
        double low = outward(-1.0 / a->h[i]), high = outward(-1.0 / a->n[i]);
        y->n[i] = defined ? low : nan;
        y->h[i] = defined ? high : nan;
    }
    KEEP
}

BINARY(fmin_) { EACH { y->n[i] = larger(a->n[i], b->n[i]); y->h[i] = smaller(a->h[i], b->h[i]); } KEEP }
BINARY(fmax_) { EACH { y->n[i] = smaller(a->n[i], b->n[i]); y->h[i] = larger(a->h[i], b->h[i]); } KEEP }

OPERATION power(box *restrict y, const box *a, int k, box *restrict ends) {
    box low, high, t;
    if (k < 0) { power(&t, a, -k, ends); inv(y, &t, ends); return; }
    if (k == 0) { constant(y, 1.0); return; }
    if (k == 1) { *y = *a; return; }
    if (k % 2 == 0) { power(&t, a, k / 2, ends); sq(y, &t, ends); return; }
    box lower, upper;
    EACH { lower.n[i] = a->n[i]; lower.h[i] = -a->n[i]; upper.n[i] = -a->h[i]; upper.h[i] = a->h[i]; }
    low = lower; high = upper;
    int digit = 1;
    while (2 * digit <= k) digit *= 2;
    for (digit /= 2; digit; digit /= 2) {
        sq(&t, &low, ends); low = t;
        sq(&t, &high, ends); high = t;
        if (k & digit) { mul(&t, &low, &lower, ends); low = t; mul(&t, &high, &upper, ends); high = t; }
    }
    EACH { y->n[i] = low.n[i]; y->h[i] = high.h[i]; }
    KEEP
}

#define SHIFT 6755399441055744.0 /* 1.5 * 2^52: adding and subtracting it rounds to a whole number, for |x| < 2^51 */
static inline double nearest_whole(double x) { return (x + SHIFT) - SHIFT; }
static inline double floor_(double x) { double w = nearest_whole(x); return w > x ? w - 1.0 : w; }
static inline double ceil_(double x) { double w = nearest_whole(x); return w < x ? w + 1.0 : w; }

OPERATION turn(const double *restrict x, double *restrict sine, double *restrict cosine) {
    EACH {
        double n = nearest_whole(x[i] * TWO_OVER_PI);
        double r = ((x[i] - n * HALF_PI_1) - n * HALF_PI_2) - n * HALF_PI_3, y = r * r;
        double s = SINE_TAYLOR(y), c = COSINE_TAYLOR(y);
        s = r + r * (y * s);
        c = 1.0 + y * c;
        double quadrant = n - 4.0 * floor_(n * 0.25);
        int odd = (quadrant == 1.0) | (quadrant == 3.0);
        double u = odd ? c : s, v = odd ? s : c;
        sine[i] = quadrant >= 2.0 ? -u : u;
        cosine[i] = (quadrant == 1.0) | (quadrant == 2.0) ? -v : v;
    }
}

OPERATION range(box *restrict y, const double *l, const double *u, const box *restrict a, double top, double bottom) {
    EACH {
        double from = -a->n[i] * ONE_OVER_TWO_PI, to = a->h[i] * ONE_OVER_TWO_PI;
        int known = (__builtin_fabs(a->n[i]) <= REDUCIBLE) & (__builtin_fabs(a->h[i]) <= REDUCIBLE);
        int has_top = floor_(to - top + NEAR) >= ceil_(from - top - NEAR);
        int has_bottom = floor_(to - bottom + NEAR) >= ceil_(from - bottom - NEAR);
        double high = larger(l[i], u[i]) + ERROR, low = larger(-l[i], -u[i]) + ERROR;
        y->h[i] = has_top | !known ? 1.0 : smaller(high, 1.0);
        y->n[i] = has_bottom | !known ? 1.0 : smaller(low, 1.0);
    }
}

/* Within -1 and 1 whatever comes in: an end of `a` that is not finite was summed when `a` was written. */
OPERATION sincos_(box *restrict s, box *restrict c, const box *restrict a) {
    double at[LANES], sl[LANES], cl[LANES], sh[LANES], ch[LANES];
    EACH at[i] = -a->n[i];
    turn(at, sl, cl);
    turn(a->h, sh, ch);
    range(s, sl, sh, a, 0.25, 0.75);
    range(c, cl, ch, a, 0.0, 0.5);
}

OPERATION read_input(box *y, const double *lower, const double *upper, ptrdiff_t stride, box *ends) {
    double nan = UNDEFINED;
    EACH {
        double l = lower[i * stride], h = upper[i * stride];
        int ordered = l <= h;
        y->n[i] = ordered ? -l : nan;
        y->h[i] = ordered ? h : nan;
    }
    KEEP
}

OPERATION write_output(double *lower, double *upper, const box *y, const box *ends, ptrdiff_t stride) {
    double nan = UNDEFINED;
    EACH {
        int finite = (__builtin_fabs(ends->n[i]) <= DBL_MAX) & (__builtin_fabs(ends->h[i]) <= DBL_MAX);
        lower[i * stride] = finite ? -y->n[i] : nan;
        upper[i * stride] = finite ? y->h[i] : nan;
    }
}
