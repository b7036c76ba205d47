// The handwritten digits that come with the package, compressed; see ATTRIBUTION.md.
#pragma once
#include <stddef.h>

/// The bytes of digits.csv.gz and their number.
extern const unsigned char *const torus_digits;
extern const size_t torus_digits_size;
