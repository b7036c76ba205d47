// The tables that generate.py writes.
#ifndef TORUS_UNICODE_TABLES_H
#define TORUS_UNICODE_TABLES_H

#include <stdint.h>

// Code point << 8 | combining class, ascending.
extern const uint32_t torus_unicode_combining[810];
// Pairs (code point, its lower case), (code point, its simple case folding), ascending.
extern const uint32_t torus_unicode_lower[2974];
extern const uint32_t torus_unicode_fold[2852];
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
// Triples (first, last, number of the name), ascending, and the names in lower case without _.
extern const uint32_t torus_unicode_script_ranges[2874];
extern const char *const torus_unicode_script_names[163];

#endif
