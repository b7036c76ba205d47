#include "CDigits.h"

// The file is part of the program, so that the default run needs no path. A Swift literal of as many
// bytes takes the compiler seven seconds.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char bytes[] = {
#embed "digits.csv.gz"
};
const unsigned char *const torus_digits = bytes;
const size_t torus_digits_size = sizeof bytes;
