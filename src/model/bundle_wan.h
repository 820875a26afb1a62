/* Wan models as people have them: which file of a folder is what is found by looking inside, and
 * whether the parts belong together is checked before anything runs. */
#ifndef MODEL_BUNDLE_WAN_H
#define MODEL_BUNDLE_WAN_H

#include "model/clip_image.h"
#include "model/lora.h"
#include "model/tokenizer.h"
#include "model/umt5.h"
#include "model/vae.h"
#include "model/wan_model.h"

/* Where the parts are: files, or indices of sharded sets. NULL: there is none. */
typedef struct WanParts {
    const char *transformer; /* the only one, or the low-noise expert */
    const char *high;        /* the high-noise expert (Wan 2.2 A14B) */
    const char *vae, *text, *clip;
    const char
        *tokenizer; /* spiece.model or tokenizer.json; NULL: inside the text encoder's file */
} WanParts;

/* Finds the parts in a folder (and folders in it, three deep), or takes `path` as the transformer
 * when it is a file; parts named in `given` (may be NULL) win, `path` may then be NULL. Two files
 * that could both be a part: SORA_E_ARGUMENT names both. No transformer: SORA_E_FORMAT. */
SoraStatus wan_parts_find(const char *path, const WanParts *given, Arena *a, WanParts *out);

/* What is known of a model before it runs. */
typedef struct WanBundle {
    WanParts parts;
    WanFamily family;
    DitConfig config;                                     /* of the (low-noise) transformer */
    size_t transformer_bytes;                             /* of its files */
    size_t high_bytes, vae_bytes, text_bytes, clip_bytes; /* 0: there is none */
    size_t text_unread; /* of text_bytes: the table of words, of which a prompt reads few rows */
    VaeInfo vae;
    double boundary;      /* timestep / 1000 from which the high-noise expert works */
    size_t clip_heads;    /* 0: as in ViT-H */
    const LoraSpec *lora; /* [lora_count] merged into the transformers when they are opened */
    size_t lora_count;
    size_t lora_held, lora_replaced; /* bytes that merging takes, and those it frees of the file */
} WanBundle;

/* Opens every part once and checks the mix: widths that must agree, the 2.2 autoencoder with a 2.1
 * transformer, a part that is missing. SORA_E_FORMAT says what does not belong. */
SoraStatus wan_bundle_check(const WanParts *parts, Arena *a, WanBundle *out);

/* A number that tells models apart: names, shapes and some of the values of every tensor of every
 * part. */
SoraStatus wan_bundle_hash(const WanBundle *b, uint64_t *out);

/* From now on these files are merged into the transformers. Opens all once: SORA_E_FORMAT says
 * why one does not fit. `told` (may be NULL) hears of what they change and the model lacks. */
SoraStatus wan_bundle_lora(WanBundle *b, const LoraSpec *lora, size_t count, Arena *a,
                           void (*told)(void *self, const char *line), void *self);

/* The files for one of the transformers: `high`, or the only one or the low-noise expert. */
SoraStatus wan_bundle_merge(const WanBundle *b, bool high, const Compute *c, bool exact,
                            Weights *w);

/* A part's file, opened. */
typedef struct WanPart {
    Weights *weights;
    EncoderFile file; /* file.weights is an arena of its own */
} WanPart;

SoraStatus wan_part_open(const char *path, WanPart *out);
void wan_part_close(WanPart *p); /* a zeroed or closed one is fine */

SoraStatus wan_open_vae(const WanBundle *b, WanPart *part, Vae **out);
SoraStatus wan_open_text(const WanBundle *b, WanPart *part, Umt5 **out, Tokenizer **tokenizer);
SoraStatus wan_open_clip(const WanBundle *b, WanPart *part, ClipImage **out);

#endif
