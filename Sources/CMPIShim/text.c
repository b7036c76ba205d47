#include "torus_text.h"

#include <errno.h>
#include <unistd.h>

void torus_text_flush(torus_text *t) {
  size_t done = 0;
  while (done < t->length) {
    ssize_t count = write(t->descriptor, t->bytes + done, t->length - done);
    if (count > 0) {
      done += (size_t)count;
    } else if (errno != EINTR) {
      if (!t->error) t->error = errno;
      break;
    }
  }
  t->length = 0;
}

void torus_text_byte(torus_text *t, char byte) {
  if (t->length == sizeof t->bytes) torus_text_flush(t);
  t->bytes[t->length++] = byte;
}

void torus_text_put(torus_text *t, const char *words) {
  for (; *words; words++) torus_text_byte(t, *words);
}

void torus_text_number(torus_text *t, int64_t number) {
  char digits[24];
  int count = 0;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  if (number < 0) torus_text_byte(t, '-');
  do digits[count++] = (char)('0' + rest % 10);
  while (rest /= 10);
  while (count) torus_text_byte(t, digits[--count]);
}

void torus_text_quote(torus_text *t, const char *words) {
  static const char hex[] = "0123456789abcdef";
  torus_text_byte(t, '"');
  for (; *words; words++) {
    unsigned char byte = (unsigned char)*words;
    if (byte == '"' || byte == '\\') torus_text_byte(t, '\\');
    if (byte < 0x20) {
      torus_text_put(t, "\\u00");
      torus_text_byte(t, hex[byte >> 4]);
      torus_text_byte(t, hex[byte & 15]);
    } else {
      torus_text_byte(t, (char)byte);
    }
  }
  torus_text_byte(t, '"');
}
