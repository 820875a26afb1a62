/* The settings of a training run: what the caller said, else what the run was begun with, else
 * defaults. They travel in the checkpoint, so that a run goes on as it was. */
#ifndef API_TRAIN_SETTINGS_H
#define API_TRAIN_SETTINGS_H

#include "base/json.h"

/* Fills what the caller left open from the JSON object of an earlier checkpoint; text is copied
 * to `a`. Keys that are not known, or of the wrong kind, are SORA_E_FORMAT. */
SoraStatus train_settings_merge(SoraTrainOptions *o, const char *json, Arena *a);

/* Fills what is still open with the defaults. */
void train_settings_defaults(SoraTrainOptions *o);

/* Checks every number against its limits: SORA_E_ARGUMENT names the first that is outside. */
SoraStatus train_settings_check(const SoraTrainOptions *o);

/* The JSON object that a checkpoint carries. */
const char *train_settings_write(const SoraTrainOptions *o, Arena *a);

#endif
