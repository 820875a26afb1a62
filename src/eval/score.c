#include "eval/score.h"

#include <math.h>

#include "base/size.h"

void score_add(Score *s, bool right, double confidence)
{
    size_t bin = size_min(SCORE_BINS - 1, (size_t)(fmax(0, confidence) * SCORE_BINS));
    s->asked++;
    s->right += right;
    s->bin_asked[bin]++;
    s->bin_right[bin] += right;
    s->bin_confidence[bin] += confidence;
}

double score_accuracy(const Score *s)
{
    return s->asked ? (double)s->right / (double)s->asked : NAN;
}

double score_ece(const Score *s)
{
    double sum = 0;
    for (int b = 0; b < SCORE_BINS; b++)
        sum += fabs(s->bin_confidence[b] - (double)s->bin_right[b]);
    return s->asked ? sum / (double)s->asked : NAN;
}

static void add_actors(ReadScores *s, const Reader *r, const ReadingLabels *l, const Reading *x,
                       bool *all_found)
{
    uint16_t best[FACTS_ACTORS_MAX];
    size_t n = reading_actors(r, x, l->actor_count, best), found = 0, seen = 0;
    for (size_t j = 0; j < l->actor_count; j++) seen += l->seen[j];
    for (size_t i = 0; i < n && i < seen; i++) {
        bool there = false, hidden = false;
        for (size_t j = 0; j < l->actor_count; j++)
            if (l->actors[j] == best[i]) *(l->seen[j] ? &there : &hidden) = true;
        found += there;
        if (!hidden) score_add(&s->actor, there, (double)reading_presence(r, x, best[i]));
    }
    if (all_found) *all_found = seen > 0 && found == seen;
}

void read_scores_add(ReadScores *s, const Reader *r, const ReadingLabels *l, const Reading *x,
                     bool *all_found)
{
    s->clips++;
    s->likeness += (double)x->head[READ_LIKENESS][1];
    add_actors(s, r, l, x, all_found);
    for (int h = 0; h < READ_HEADS; h++) {
        size_t best = reading_best(r, x, h);
        if (l->weight[h] > 0)
            score_add(&s->head[h], best == l->answer[h], (double)x->head[h][best]);
    }
}

/* ---- Platt's line ---------------------------------------------------------------------- */

/* Gradient and Hessian of the cost of `line`, and a little of (line - (1, 0))^2, as answers that
 * are all right have no most probable line. */
static void slopes(const float *p, const bool *right, size_t count, const double line[2],
                   double g[2], double h[3])
{
    const double little = 1e-3;
    g[0] = little * (line[0] - 1), g[1] = little * line[1];
    h[0] = h[2] = little, h[1] = 0;
    for (size_t i = 0; i < count; i++) {
        double own = fmin(fmax((double)p[i], 1e-4), 1 - 1e-4), x = log(own / (1 - own));
        double q = 1 / (1 + exp(-(line[0] * x + line[1]))), off = q - right[i], d = q * (1 - q);
        g[0] += off * x, g[1] += off;
        h[0] += d * x * x, h[1] += d * x, h[2] += d;
    }
}

void score_platt(const float *p, const bool *right, size_t count, float line[2])
{
    enum { STEPS = 50 };
    double at[2] = { 1, 0 };
    for (int k = 0; k < STEPS; k++) {
        double g[2], h[3];
        slopes(p, right, count, at, g, h);
        double det = h[0] * h[2] - h[1] * h[1];
        double step[2] = { (h[2] * g[0] - h[1] * g[1]) / det, (h[0] * g[1] - h[1] * g[0]) / det };
        double length = hypot(step[0], step[1]), most = 0.5;
        for (int i = 0; i < 2; i++) at[i] -= step[i] * (length > most ? most / length : 1);
    }
    line[0] = (float)fmax(0.05, at[0]), line[1] = (float)at[1];
}

/* ---- temperature ----------------------------------------------------------------------- */

typedef struct Rows {
    const float *p;
    size_t rows, classes;
    const uint32_t *label;
    const float *weight;
} Rows;

/* -sum of weight * log softmax(log p / temperature)[label] */
static double cost(const Rows *x, double log_temperature)
{
    double inverse = exp(-log_temperature), sum = 0;
    for (size_t i = 0; i < x->rows; i++) {
        double total = 0;
        if (x->weight[i] <= 0) continue;
        for (size_t k = 0; k < x->classes; k++)
            total += pow(fmax(1e-20, (double)x->p[i * x->classes + k]), inverse);
        double own = fmax(1e-20, (double)x->p[i * x->classes + x->label[i]]);
        sum -= (double)x->weight[i] * (inverse * log(own) - log(total));
    }
    return sum;
}

float score_temperature(const float *p, size_t rows, size_t classes, const uint32_t *label,
                        const float *weight)
{
    enum { STEPS = 40 };
    const double part = 0.6180339887498949;
    Rows x = { p, rows, classes, label, weight };
    double low = log(0.05), high = log(20), weights = 0;
    for (size_t i = 0; i < rows; i++) weights += (double)weight[i];
    if (weights <= 0) return 1;
    double a = high - part * (high - low), b = low + part * (high - low);
    double at_a = cost(&x, a), at_b = cost(&x, b);
    for (int i = 0; i < STEPS; i++) {
        if (at_a < at_b) {
            high = b, b = a, at_b = at_a;
            at_a = cost(&x, a = high - part * (high - low));
        } else {
            low = a, a = b, at_a = at_b;
            at_b = cost(&x, b = low + part * (high - low));
        }
    }
    return (float)exp((low + high) / 2);
}
