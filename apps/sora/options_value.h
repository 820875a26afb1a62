/* One option's value: from text, and as text. */
#ifndef SORA_OPTIONS_VALUE_H
#define SORA_OPTIONS_VALUE_H

#include "base/error.h"
#include "options.h"

enum { OPTIONS_VALUE_MAX = 256 };

/* Reads `word` into what the option points at. SORA_E_ARGUMENT says what was found and what is
 * allowed. */
SoraStatus options_value_set(const Option *o, char *word);

/* What stands for the value in the help: "N", "WxH", "euler|heun"; "" for a flag. */
void options_value_name(const Option *o, char out[OPTIONS_VALUE_MAX]);

/* "1 to 1000, default 30"; "" when there is nothing to say. */
void options_value_limits(const Option *o, char out[OPTIONS_VALUE_MAX]);

#endif
