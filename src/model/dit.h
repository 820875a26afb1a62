/* The diffusion transformer: one architecture for our own models and for Wan 2.1 / 2.2 (source:
 * Wan-Video/Wan2.1 wan/modules/model.py). Blocks of adaLN-modulated self-attention with 3-D RoPE,
 * cross-attention to the text, and an MLP; a modulation table shared by all blocks plus an offset
 * per block. Sizes and kinds come from the model file. Tensor names are Wan's own. */
#ifndef MODEL_DIT_H
#define MODEL_DIT_H

#include "model/patch.h"
#include "nn/params.h"

enum { DIT_CONTROLS_MAX = 64 };

typedef struct DitConfig {
    size_t width, heads, layers;
    size_t hidden;          /* of the MLP */
    size_t in_values;       /* of a token, given-frames mask included */
    size_t out_values;      /* of a token */
    size_t bottleneck;      /* between patch and width, 0: none (arXiv 2511.13720, section 4.3) */
    size_t text_width;      /* of a text state; 0: reads no text (the reader) */
    size_t patch;           /* our own models: pixels on a side; 0: tokens come from latents */
    bool gated;             /* MLP: gated SiLU (ours) or GELU-tanh (Wan) */
    bool bias;              /* hidden layers have biases (Wan) */
    bool norm_heads;        /* RMS norm of q and k per head (ours) or over the width (Wan) */
    bool cross_norm_affine; /* the norm before cross-attention has weights (Wan) */
    bool text_pooled;       /* the pooled text joins the time embedding (ours) */
    bool text_norm;         /* text states are normed, then standardised by feature (ours) */
    bool step_input;     /* the step size joins the time embedding (shortcut, arXiv 2410.12557) */
    bool positions;      /* tokens are told where they are in the picture (ours) */
    bool words;          /* the tokens' own embeddings join their states (ours) */
    bool motion;         /* every latent frame of a clip has one token more, a picture of how
                            things move (ours, model/motion.h) */
    bool predicts_clean; /* x (ours, arXiv 2511.13720) or v = e - x (Wan) */
    float eps;
    /* Wan's: not in our own model files. */
    size_t text_rows;       /* prompts are padded to this many states (512); 0: they are not */
    bool exact_ends;        /* times and head are computed in f32 in any precision */
    size_t image_width;     /* of a CLIP state, 0: no image branch */
    size_t image_positions; /* CLIP states that have a position (514 in FLF2V), or 0 */
    size_t control_values;  /* of a token of the control video (VACE) */
    size_t controls;        /* blocks that read it; 0: none */
    uint16_t control_layer[DIT_CONTROLS_MAX]; /* [controls] rising, the first is 0: block j's hint
                                                 is added after this layer */
} DitConfig;

/* The reference model of docs/design: D 256, 4 heads, 8 layers, 8 x 8 patches. */
DitConfig dit_config_default(void);

/* To and from the JSON object that a model file carries; unknown keys and impossible sizes are
 * refused by name. */
SoraStatus dit_config_parse(const char *json, size_t size, DitConfig *out);
char *dit_config_write(const DitConfig *c, Arena *a);

/* The steps of the finest grid that a shortcut model (step_input) knows; DitInput.step k: the next
 * step takes 2^k of them at once, 0: it is infinitely small. */
enum { SHORTCUT_STEPS = 128, SHORTCUT_LEVELS = 7 };

typedef struct Dit Dit;

SoraStatus dit_new(const DitConfig *config, ParamSet *set, Arena *weights, Dit **out);
const DitConfig *dit_config(const Dit *d);

/* Sets the weights of the text norms so that every feature of these states ([M, text_width] f32,
 * and pooled [sequences, text_width] or NULL) comes out with mean 0 and variance 1. States of a
 * sentence encoder are mostly one common vector; without this the words are a whisper beside it.
 * For a network that is about to be trained from scratch (data-dependent initialisation of
 * ActNorm, arXiv 1807.03039); params_refresh comes after. */
void dit_fit_text(const Dit *d, const Tensor *states, const Tensor *pooled);

/* One sequence of a batch: a grid of tokens and how long a latent frame lasts. */
typedef struct DitSequence {
    PatchGrid grid;
    float frame_s; /* seconds a latent frame stands for; 0 for images. RoPE: 6 units a second */
    size_t beyond; /* rows and columns of the grid that lie outside of the picture, half of them on
                      each side (our own models) */
} DitSequence;

/* Tokens of one latent frame: its grid, row by row, and behind it, in a clip of a model that has
 * them, the one of motion. */
size_t dit_frame_tokens(const DitConfig *c, const DitSequence *s);

/* Where everything of a packed batch lies; made once for the grids, used for every step. */
typedef struct DitLayout {
    size_t sequences, tokens;
    const DitSequence *sequence;
    size_t *start;    /* [sequences + 1] first token of each */
    float *cos, *sin; /* [tokens, head_dim / 2] */
    Tensor *position; /* [tokens, DIT_POSITION] f32, NULL unless config.positions */
} DitLayout;

enum { DIT_POSITION = 18 };

DitLayout *dit_layout(const DitConfig *c, const DitSequence *sequence, size_t sequences, Arena *a);

/* Which tokens go through the middle blocks; the rest skip from block `first` to `last` and come
 * back (TREAD, arXiv 2501.04765). Training only. */
typedef struct DitRoute {
    size_t first, last; /* blocks [first, last) see the kept tokens only */
    size_t kept;
    const uint32_t *token; /* [kept] in rising order */
    size_t *start;         /* [sequences + 1] */
} DitRoute;

/* Shows results on the way, named as in ../shared/golden/README.md: patch, e, e0, text, img,
 * hint<j>, block<i>, block<i>.q .k .v .attn .self_attn .cross_attn .ffn, head. f32 or bf16. */
typedef struct DitTrace {
    void (*fn)(void *self, const char *name, const Tensor *x);
    void *self;
} DitTrace;

/* Everything a forward pass reads. Conditioning rows: each is a (sequence, noise level) pair, and
 * each token says which one is its own. */
typedef struct DitInput {
    const DitLayout *layout;
    Tensor *tokens; /* [tokens, in_values] */
    size_t rows;
    const float *timestep;        /* [rows] 1000 sigma */
    const float *step;            /* [rows] log2 of the share of SHORTCUT_STEPS; NULL: 0 */
    const uint32_t *row_sequence; /* [rows] whose pooled text a row reads */
    const uint32_t *token_row;    /* [tokens] */
    Tensor *text;                 /* [M, text_width] states of all texts, packed */
    Tensor *words;                /* [M, text_width] f32, of models that read them */
    const size_t *text_start;     /* [texts + 1] */
    Tensor *pooled;               /* [texts, text_width] f32, or NULL */
    size_t texts;                 /* 0: each sequence reads one text; else a text is read by ... */
    const size_t *text_token;     /* ... [texts + 1] the tokens from this one to the next text's */
    const DitRoute *route;        /* NULL: every token sees every block */
    bool recompute;               /* blocks run again in backward instead of being remembered */
    Tensor *image;                /* [K, image_width] f32 CLIP states, packed; NULL: none */
    const size_t *image_start;    /* [sequences + 1] */
    Tensor *control;              /* [tokens, control_values] or NULL */
    float control_scale;          /* of the hints */
    const bool *skip;             /* [layers] true: the block is left out; NULL: none is */
    struct DitCache *cache;       /* model/dit_cache.h; inference only; or NULL */
    void (*visit)(void *self, size_t layer, bool begins); /* around every block, or NULL */
    void *visit_self;
    const DitTrace *trace; /* or NULL */
} DitInput;

/* The prediction [tokens, out_values] f32, in the tape's arena. */
Tensor *dit_forward(const Dit *d, Tape *t, const DitInput *in);

#endif
