/* SoraEngine: a model with everything that works on it. */
#ifndef API_ENGINE_H
#define API_ENGINE_H

#include "api/prompt.h"

struct SoraEngine {
    SoraEngineOptions options;
    Pool *pool;
    Compute *compute;
    GemmPrecision precision;
    Bundle bundle;
    Arena *arena; /* of the engine itself */
    UpscaleFile upscaler;
    const char *id;
    PromptWords *words; /* NULL until engine_words */
};

/* Opens e->words, once; not for Wan models. */
SoraStatus engine_words(SoraEngine *e);

#endif
