/// Text by means that are allowed in signal handlers.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Text that is put together in signal handlers: a buffer that is written out when it is full.
typedef struct torus_text {
  int descriptor;
  int error;
  size_t length;
  char bytes[1024];
} torus_text;

void torus_text_byte(torus_text *text, char byte);
void torus_text_put(torus_text *text, const char *words);
void torus_text_number(torus_text *text, int64_t number);
/// A JSON string with its quotes.
void torus_text_quote(torus_text *text, const char *words);
void torus_text_flush(torus_text *text);
