/* Where the shipped files are: the models folder of the source tree or of the installation. */
#ifndef SORA_HOME_H
#define SORA_HOME_H

#include "base/arena.h"

/* The path of `file` below models/ ("default", "default/text.safetensors"): in $SORA_MODELS, in
 * ./models, in models/ above the program's own folder, or in share/sora/models beside it. When it
 * is nowhere the path in ./models, for the message. */
const char *home_model(const char *file, Arena *a);

/* The world's cast, .cache/cast.bin: found likewise. */
const char *home_cast(Arena *a);

#endif
