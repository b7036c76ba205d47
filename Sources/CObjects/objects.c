#include "objects.h"

#include <string.h>

// The Swift runtime's allocator of objects, part of its stable interface.
extern void *swift_allocObject(const void *metadata, size_t size, size_t alignment_mask);

enum { header = 16, alignment = 16 };

void *torus_new_object(const void *metadata, size_t size) {
  if (size < header) size = header;
  char *object = swift_allocObject(metadata, size, alignment - 1);
  memset(object + header, 0, size - header);
  return object;
}
