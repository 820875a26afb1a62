/* Wan 2.1 / 2.2 transformers from files of anybody's making: the original's names, diffusers' and
 * ComfyUI's become one set of names (the original's), and the configuration is read off the
 * tensors. Only what shapes cannot say (heads, VACE's layers) is looked for in config.json. */
#ifndef MODEL_IMPORT_WAN_H
#define MODEL_IMPORT_WAN_H

#include "model/dit.h"
#include "model/weights.h"

typedef enum WanFamily {
    WAN_T2V,   /* text only (2.1 T2V, 2.2 T2V-A14B) */
    WAN_I2V,   /* 2.1: first image, mask and latents as channels, CLIP states */
    WAN_FLF2V, /* first and last image, CLIP states of both */
    WAN_I2V_2, /* 2.2 I2V-A14B: channels, no CLIP */
    WAN_TI2V,  /* 2.2 5B: given frames have time 0 */
    WAN_VACE,  /* control branch */
    WAN_FAMILIES
} WanFamily;

/* "Wan T2V" and so on, for messages. */
const char *wan_family_name(WanFamily f);

enum { WAN_NAME_MAX = 256 };

/* The original's name of a tensor: a prefix ("model.diffusion_model.", "diffusion_model.",
 * "transformer.") is taken off and diffusers' parts are renamed; a name that is no Wan
 * transformer's comes out as it is. Also for names without ".weight" (LoRA). false: too long. */
bool wan_name(const char *name, char out[WAN_NAME_MAX]);

typedef struct WanFile {
    const Weights *weights;
    WanFamily family;
    DitConfig config;
    struct WanAlias *alias; /* sorted by the original's names */
    size_t count;
} WanFile;

/* Is this a Wan transformer (by its tensors)? */
bool wan_fits(const Weights *w);

/* Reads names and configuration. `config_path`: a config.json, NULL: the one beside the weights,
 * if there is one. SORA_E_FORMAT names what does not fit together. Memory from `a`. */
SoraStatus wan_open(const Weights *w, const char *config_path, Arena *a, WanFile *out);

/* The ParamLookup of a WanFile: by the original's names. */
const Tensor *wan_lookup(void *file, const char *name);

/* After dit_new with this file: SORA_E_UNSUPPORTED when it holds matrices that no part of the
 * network reads, which are another variant's (S2V, Animate, Fun-Control). */
SoraStatus wan_check_rest(const WanFile *f, const ParamSet *set);

#endif
