// The tables that generate.py writes.
#ifndef TORUS_UNICODE_TABLES_H
#define TORUS_UNICODE_TABLES_H

#include <stdint.h>

// Code point << 8 | combining class, ascending.
extern const uint32_t torus_unicode_combining[810];
// Pairs (code point, its lower case), (code point, its simple case folding), ascending.
extern const uint32_t torus_unicode_lower[2974];
extern const uint32_t torus_unicode_fold[2852];
// A code point and the two or three that it folds to (0 where there is no third), ascending.
extern const uint32_t torus_unicode_fold_several[416];
// Pairs (code point, place in decomposed << 8 | length), ascending; compatible holds those whose
// compatibility decomposition differs from the canonical one. Hangul syllables are computed.
extern const uint32_t torus_unicode_canonical[4120];
extern const uint32_t torus_unicode_compatible[7356];
extern const uint32_t torus_unicode_decomposed[9003];
// Triples (first, second, composed), ascending by the first two.
extern const uint32_t torus_unicode_composed[2820];

// Starts of runs: code point << 8 | the script's number in the UnicodeScripts pre-tokenizer, 0 for
// what belongs to any script.
extern const uint32_t torus_unicode_script_runs[1489];

// What patterns call by a name. All sets' borders, each as its distance from the one before: the
// first of a set begins what belongs to it, the second ends it, and so on. Where each set ends in
// there, and names in lower case without _, ascending, with the numbers of their sets.
extern const uint32_t torus_unicode_set_steps[20324];
extern const uint32_t torus_unicode_set_ends[220];
extern const uint8_t torus_unicode_set_numbers[427];
extern const char *const torus_unicode_set_names[427];

#endif
