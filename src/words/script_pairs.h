#ifndef WORDS_SCRIPT_PAIRS_H
#define WORDS_SCRIPT_PAIRS_H

extern const char script_pairs_hant[];
extern const char script_pairs_hans[];

#endif
