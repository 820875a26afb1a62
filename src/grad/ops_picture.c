/* The loss of pictures that are to be crisp. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "grad/op.h"
#include "grad/ops.h"

enum { CHANNELS = 3, CELL = 4 }; /* a window is 2 x 2 cells of 4 x 4 pixels, cells overlap */

#define SOFT  0.01f /* where |d| bends: sqrt(d^2 + SOFT^2) - SOFT */
#define FAINT 1e-4f /* of a window's energy: below it nothing is seen */

typedef struct PictureOp {
    Op op;
    PictureLoss call;
    float *gradient; /* as x, of the sum of the frames' losses; NULL without gradients */
    float *scratch;  /* [frames, scratch_floats] */
    double *part;    /* [frames] */
} PictureOp;

/* One frame as it is, as it should be, its gradient; three maps of cells. */
static size_t scratch_floats(const PictureLoss *l)
{
    size_t pixels = l->height * l->width * l->factor * l->factor;
    return 3 * pixels * CHANNELS + 3 * (pixels / (CELL * CELL));
}

static float soft_abs(float d, float *slope)
{
    float root = sqrtf(d * d + SOFT * SOFT);
    *slope = d / root;
    return root - SOFT;
}

/* One frame's pictures as planes of pixels: rows of small pixels have their parts inside. */
static void lay_out(const PictureLoss *l, const float *rows, float *picture)
{
    size_t f = l->factor, width = l->width * f;
    for (size_t i = 0; i < l->height * l->width; i++)
        for (size_t y = 0; y < f; y++, rows += f * CHANNELS)
            memcpy(picture + ((i / l->width * f + y) * width + i % l->width * f) * CHANNELS, rows,
                   f * CHANNELS * sizeof *rows);
}

static void lay_back(const PictureLoss *l, const float *picture, float *rows)
{
    size_t f = l->factor, width = l->width * f;
    for (size_t i = 0; i < l->height * l->width; i++)
        for (size_t y = 0; y < f; y++, rows += f * CHANNELS)
            memcpy(rows, picture + ((i / l->width * f + y) * width + i % l->width * f) * CHANNELS,
                   f * CHANNELS * sizeof *rows);
}

/* Squared differences to the right and down, added up by cell: cell [height / CELL, width / CELL].
 */
static void cell_energy(const float *picture, size_t height, size_t width, float *cell)
{
    size_t cells = width / CELL, line = width * CHANNELS;
    memset(cell, 0, height / CELL * cells * sizeof *cell);
    for (size_t y = 0; y + 1 < height; y++)
        for (size_t x = 0; x + 1 < width; x++) {
            const float *p = picture + y * line + x * CHANNELS;
            float e = 0;
            for (size_t c = 0; c < CHANNELS; c++) {
                float right = p[CHANNELS + c] - p[c], down = p[line + c] - p[c];
                e += right * right + down * down;
            }
            cell[y / CELL * cells + x / CELL] += e;
        }
}

/* The gradient of the picture from that of its cells. */
static void cell_energy_back(const float *picture, size_t height, size_t width, const float *dcell,
                             float *dpicture)
{
    size_t cells = width / CELL, line = width * CHANNELS;
    for (size_t y = 0; y + 1 < height; y++)
        for (size_t x = 0; x + 1 < width; x++) {
            float d = 2 * dcell[y / CELL * cells + x / CELL];
            if (d == 0) continue;
            size_t at = y * line + x * CHANNELS;
            for (size_t c = 0; c < CHANNELS; c++) {
                float right = picture[at + CHANNELS + c] - picture[at + c];
                float down = picture[at + line + c] - picture[at + c];
                dpicture[at + CHANNELS + c] += d * right;
                dpicture[at + line + c] += d * down;
                dpicture[at + c] -= d * (right + down);
            }
        }
}

/* Roots of the windows' mean energies, in y and in the target, compared. */
static double compare_edges(const float *energy, const float *wanted, size_t rows, size_t columns,
                            float factor, float *denergy)
{
    const float area = 4 * CELL * CELL;
    double sum = 0;
    memset(denergy, 0, rows * columns * sizeof *denergy);
    for (size_t y = 0; y + 1 < rows; y++)
        for (size_t x = 0; x + 1 < columns; x++) {
            size_t at[4] = { y * columns + x, y * columns + x + 1, (y + 1) * columns + x,
                             (y + 1) * columns + x + 1 };
            float have = 0, want = 0, slope;
            for (int k = 0; k < 4; k++) have += energy[at[k]], want += wanted[at[k]];
            float root = sqrtf(have / area + FAINT);
            sum += factor * soft_abs(root - sqrtf(want / area + FAINT), &slope);
            for (int k = 0; k < 4; k++) denergy[at[k]] += factor * slope / (2 * root * area);
        }
    return sum;
}

static void one_frame(void *self, size_t frame, int worker)
{
    (void)worker;
    PictureOp *op = self;
    const PictureLoss *l = &op->call;
    size_t height = l->height * l->factor, width = l->width * l->factor;
    size_t n = height * width * CHANNELS, rows = height / CELL, columns = width / CELL;
    float *y = op->scratch + frame * scratch_floats(l), *want = y + n, *dy = want + n;
    float *energy = dy + n, *wanted = energy + rows * columns, *denergy = wanted + rows * columns;
    lay_out(l, (const float *)op->op.in[0]->data + frame * n, y);
    lay_out(l, l->base + frame * n, dy);
    for (size_t i = 0; i < n; i++) y[i] += dy[i];
    lay_out(l, l->target + frame * n, want);

    double sum = 0;
    float slope, each = 1 / (float)n;
    for (size_t i = 0; i < n; i++) {
        sum += each * soft_abs(y[i] - want[i], &slope);
        dy[i] = each * slope;
    }
    cell_energy(y, height, width, energy);
    cell_energy(want, height, width, wanted);
    sum += compare_edges(energy, wanted, rows, columns,
                         l->edges / (float)((rows - 1) * (columns - 1)), denergy);
    op->part[frame] = sum;
    if (!op->gradient) return;
    cell_energy_back(y, height, width, denergy, dy);
    lay_back(l, dy, op->gradient + frame * n);
}

static void picture_forward(Tape *t, Op *op)
{
    PictureOp *p = (PictureOp *)op;
    const PictureLoss *l = &p->call;
    Arena *a = tape_arena(t);
    if (op->keep) p->gradient = arena_alloc(a, tensor_count(op->in[0]) * sizeof(float));
    ArenaMark mark = arena_mark(a);
    p->scratch = arena_alloc(a, l->frames * scratch_floats(l) * sizeof(float));
    p->part = arena_alloc(a, l->frames * sizeof *p->part);
    parallel_for(tape_compute(t)->pool, l->frames, one_frame, p);
    double sum = 0;
    for (size_t i = 0; i < l->frames; i++) sum += p->part[i];
    *(float *)op->y->data = (float)(sum / (double)l->frames);
    arena_rewind(a, mark);
}

static void picture_backward(Tape *t, Op *op)
{
    const PictureOp *p = (PictureOp *)op;
    size_t width = tensor_width(op->in[0]);
    rows_map(tape_compute(t),
             &(RowsMap){ .op = ROWS_SCALE,
                         .rows = tensor_row_count(op->in[0]),
                         .width = width,
                         .y = op_dx(t, op->in[0]),
                         .a = rows_f32(p->gradient, width),
                         .factor = *(const float *)op_dy(op).data / (float)p->call.frames });
}

const OpDef op_def_picture = { "picture loss", picture_forward, picture_backward };

Tensor *op_picture_loss(Tape *t, Tensor *x, const PictureLoss *loss)
{
    PictureOp *a = op_new(t, &op_def_picture, sizeof *a);
    assert(loss->height * loss->factor >= 2 * CELL && loss->width * loss->factor >= 2 * CELL);
    assert(loss->height * loss->factor % CELL == 0 && loss->width * loss->factor % CELL == 0);
    a->op.in[0] = x;
    a->call = *loss;
    return op_run(t, &a->op, TYPE_F32, 1, 1);
}
