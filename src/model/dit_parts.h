/* What the files of the transformer share: its parameters, and what a block reads. */
#ifndef MODEL_DIT_PARTS_H
#define MODEL_DIT_PARTS_H

#include "grad/ops.h"
#include "model/dit.h"

enum { DIT_NAME = 128 };

typedef struct Linear {
    const Param *weight, *bias; /* bias may be NULL */
} Linear;

typedef struct Norm {
    const Param *weight, *bias;
} Norm;

typedef struct Attention {
    Linear q, k, v, o;
    const Param *norm_q, *norm_k;
    Linear k_image, v_image; /* of cross-attention, with an image branch */
    const Param *norm_k_image;
} Attention;

typedef struct Block {
    const Param *modulation;
    Attention self, cross;
    const Param *norm3_weight, *norm3_bias;
    Linear up, down; /* the MLP; gated: `up` has the gate's rows first */
} Block;

/* Image tokens (CLIP) as more context: source Wan2.1 wan/modules/model.py, MLPProj. */
typedef struct DitImage {
    Norm before, after;
    Linear in, out;
    const Param *position; /* of first and last frame, or NULL */
} DitImage;

/* A second, shorter stack that reads a control video and hands hints to the first: source Wan2.1
 * wan/modules/vace_model.py. */
typedef struct DitControl {
    Linear patch, before;
    Block *block;  /* [controls] */
    Linear *after; /* [controls] */
} DitControl;

struct Dit {
    DitConfig c;
    Linear patch_down, patch_up, position; /* without bottleneck only patch_up */
    Linear time_in, time_out, time_projection, pooled;
    Norm text_norm, pooled_norm; /* with text_norm */
    Linear text_in, text_out;
    const Param *words; /* NULL unless config.words */
    Block *block;
    const Param *head_modulation;
    Linear head;
    DitImage image;
    DitControl control;
};

/* What a block reads beside its tokens. */
typedef struct BlockCall {
    const Dit *d;
    const Block *k;
    Tensor *e0;   /* [rows, 6 D] */
    Tensor *text; /* [M, D] */
    size_t sequences;
    const size_t *start;
    size_t texts;
    const size_t *text_token, *text_start; /* who reads a text, and its states */
    const uint32_t *row;                   /* [tokens] */
    const float *cos, *sin;
    const uint32_t *text_row; /* with config.text_rows: which row of `text` each key is */
    Tensor *image;            /* [K, D] or NULL */
    const size_t *image_start;
    const DitTrace *trace; /* NULL: nobody looks into this block */
    size_t layer;
} BlockCall;

/* ---- construction ---- */

typedef struct Builder {
    ParamSet *set;
    const DitConfig *c;
} Builder;

/* A vector (columns 0) or a matrix. */
SoraStatus dit_declare(Builder *b, const char *name, ParamKind kind, ParamInit init, size_t rows,
                       size_t columns, const Param **out);
SoraStatus dit_linear(Builder *b, const char *name, ParamKind kind, size_t out, size_t in,
                      bool bias, Linear *l);
SoraStatus dit_declare_block(Builder *b, const char *prefix, Block *k);

SoraStatus dit_image_declare(Builder *b, DitImage *m);
SoraStatus dit_image_declare_attention(Builder *b, const char *prefix, Attention *a);
SoraStatus dit_control_declare(Builder *b, Arena *weights, DitControl *m);

/* ---- forward ---- */

Tensor *dit_project(Tape *t, Tensor *x, const Linear *l); /* hidden */
Tensor *dit_block(void *block_call, Tape *t, Tensor *x);  /* a SegmentFn */

/* [K, width] of CLIP features [K, image_width]. */
Tensor *dit_image_embed(const Dit *d, Tape *t, Tensor *features);

/* text_part + attention of q to the image tokens. */
Tensor *dit_image_attend(Tape *t, const BlockCall *b, const Attention *a, Tensor *q,
                         Tensor *text_part);

/* The control stack's stream, from block to block. */
typedef struct DitControlRun {
    const Dit *d;
    const DitInput *in;
    Tensor *stream; /* [tokens, D] f32 */
    size_t next;    /* control block that runs next */
} DitControlRun;

/* Before block 0; x is the embedded patches. */
void dit_control_begin(DitControlRun *r, const Dit *d, Tape *t, const DitInput *in, Tensor *x);

/* The tokens after block `layer`, its hint added where it has one. */
Tensor *dit_control_add(DitControlRun *r, Tape *t, const BlockCall *whole, size_t layer, Tensor *x);

/* Shows a result to whoever looks; `format` takes one number. NULL is fine. */
void dit_note(const DitTrace *trace, const char *format, size_t number, const Tensor *x);

#endif
