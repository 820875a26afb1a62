/* Numbers for the verbs that shape a clip: what was given came back, nothing jumps where old and
 * new frames meet, and what was made moves. Clips that are compared have one size. */
#ifndef EVAL_SHAPE_H
#define EVAL_SHAPE_H

#include "eval/looks.h"

/* dB of frame f of x against frame g of y, in a box (height 0: all of it); 99 when they are the
 * same. */
double shape_psnr(const Clip *x, size_t f, const Clip *y, size_t g, LooksBox box);

/* Mean |difference| of frames f and g of a clip, 0 to 255. */
double shape_step(const Clip *c, size_t f, size_t g);

/* Across a seam, each against the median of the same in the rest of the clip: 1 is as inside. */
typedef struct ShapeSeam {
    double position; /* the step of pixels */
    double velocity; /* the change of that step: second difference */
    double colour;   /* the step of the mean colour */
} ShapeSeam;

/* Frame `at` is the first behind the seam, 2 <= at < frames - 1. Both medians have a floor of a
 * quarter of a grey level: in a clip that stands still nothing may be divided by nothing. */
ShapeSeam shape_seam(const Clip *c, size_t at);

/* The mean step between neighbours of frames [first, first + count): how much moves. */
double shape_dynamic(const Clip *c, size_t first, size_t count);

/* The step from the last frame to the first against the median of steps inside. */
double shape_loop(const Clip *c);

/* How alike the edges of two frames are: the cosine between their gradients' lengths, 0 .. 1. */
double shape_edges(const Clip *x, size_t f, const Clip *y, size_t g);

/* How far from its place what moves inside a box of the true frame f is in the made one, in pixels:
 * its pixels, those that differ from both frames `before` and `after` of the truth, are looked for
 * up to `reach` away. NAN: nothing in the box moves. */
double shape_offset(const Clip *made, const Clip *truth, size_t f, const size_t ends[2],
                    LooksBox box, size_t reach);

/* The difference of luma's gradients inside a box against the true ones, root mean squares both:
 * 0 is exact, 1 a box without any edge, 1.4 the true edges at other places. NAN: it has no edge. */
double shape_gradient_error(const Clip *made, const Clip *truth, size_t f, LooksBox box);

/* As shape_psnr, of everything but the box. */
double shape_psnr_outside(const Clip *x, size_t f, const Clip *y, size_t g, LooksBox box);

/* The mean colour of frames [first, first + count), 0 to 255 each. */
void shape_colour(const Clip *c, size_t first, size_t count, double rgb[3]);

/* The two simplest ways to fill frames [first, first + count) of a clip, in place: as a blend of
 * their neighbours, and as the nearer one (the earlier in the middle). 0 < first,
 * first + count < frames. */
void shape_blend(Clip *c, size_t first, size_t count);
void shape_nearest(Clip *c, size_t first, size_t count);

#endif
