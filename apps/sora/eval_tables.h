/* A report of sora_eval as tables on the terminal. */
#ifndef SORA_EVAL_TABLES_H
#define SORA_EVAL_TABLES_H

#include "base/json.h"

void eval_tables(const Json *report, Arena *a);

#endif
