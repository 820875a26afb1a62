/* SoraEngine: a model with everything that works on it. */
#ifndef API_ENGINE_H
#define API_ENGINE_H

#include "model/bundle.h"

typedef struct PromptWords PromptWords;

struct SoraEngine {
    SoraEngineOptions options;
    Pool *pool;
    Compute *compute;
    GemmPrecision precision;
    Bundle bundle;
    Arena *arena; /* of the engine itself */
    UpscaleFile upscaler;
    const char *id;
    PromptWords *words; /* of prompts (prompt.c); NULL until one is checked */
};

#endif
