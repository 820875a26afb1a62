/* The reader's caption of a clip, for verbs that were given no prompt. */
#ifndef SORA_VERB_CAPTION_H
#define SORA_VERB_CAPTION_H

#include "make.h"

/* What the longest part of the shot shows, into *out, in the user's language, and says so. Where
 * there is no reader (reader.safetensors beside the model, or the shipped one) *out is "". */
SoraStatus verb_caption(const Make *m, const SoraPart *part, size_t count, const char **out);

/* The caption that an instruction ("make it night") makes of what the clip shows, into *out, and
 * says both; *picture: the whole picture changes. SORA_E_IO when there is no reader to see what is
 * in the clip. */
SoraStatus verb_instruct(const Make *m, const SoraClip *clip, const char *words, const char **out,
                         bool *picture);

#endif
