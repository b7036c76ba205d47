// What Hugging Face's tokenizers know about code points, as tables.
//
// The library joins several versions of Unicode: version 8 for punctuation and accents, 9 for the
// normalization forms, 16 for its regular expressions and its programming language's. generate.py
// asks it about every code point and writes the tables.
#ifndef CUNICODE_H
#define CUNICODE_H

#include <stdint.h>

// A record is a general category (bits 0 to 4) and properties (bits 5 and up, see CodePoint.swift).
extern const uint32_t torus_unicode_records[];
extern const uint8_t torus_unicode_pages[];
extern const uint8_t torus_unicode_index[];

// The record of a code point up to 0x10ffff.
static inline uint32_t torus_unicode_record(uint32_t c) {
  return torus_unicode_records[torus_unicode_index[(uint32_t)torus_unicode_pages[c >> 8] << 8 |
                                                   (c & 255)]];
}

// The canonical combining class.
uint32_t torus_unicode_combining_class(uint32_t c);
// The lower case, and the simple case folding, of one code point; the code point itself if none.
uint32_t torus_unicode_to_lower(uint32_t c);
uint32_t torus_unicode_to_folded(uint32_t c);
// The code points into which c decomposes and their number; 0 where it does not. Hangul syllables
// are for the caller to compute.
uint32_t torus_unicode_decomposition(uint32_t c, int compatible, const uint32_t **parts);
// The code point that two compose to, 0 where they do not. Hangul is for the caller to compute.
uint32_t torus_unicode_composition(uint32_t first, uint32_t second);
// The script that the UnicodeScripts pre-tokenizer sees, 0 for what belongs to any.
uint32_t torus_unicode_script_run(uint32_t c);
// The code points that fold to several, rows of (code point, first, second, third or 0), and how many.
const uint32_t *torus_unicode_all_several_folds(uint32_t *count);
// The borders of a script or property by its name (lower case, without _) and how many: each is the
// distance from the one before; the first begins what belongs to it, the second ends it, and so on.
// Null where there is none of that name.
const uint32_t *torus_unicode_set_named(const char *name, uint32_t *count);

#endif
