// A checksum of memory at about the speed of reading it.

#include <string.h>

#include "torus_combine.h"

#define LANES 16

static uint64_t mix(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= 0xd6e8feb86659fd93u;
  hash ^= hash >> 32;
  hash *= 0xd6e8feb86659fd93u;
  return hash ^ hash >> 32;
}

/// Every lane is a polynomial in an odd number, so each bit of each word counts by its place; lanes do
/// not wait for each other's multiplication.
uint64_t torus_checksum(const void *buffer, size_t bytes) {
  const char *at = buffer;
  uint64_t lanes[LANES];
  for (int i = 0; i < LANES; i++) lanes[i] = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1);
  size_t left = bytes;
  for (; left >= sizeof lanes; left -= sizeof lanes, at += sizeof lanes) {
    uint64_t words[LANES];
    memcpy(words, at, sizeof words);
    for (int i = 0; i < LANES; i++) lanes[i] = (lanes[i] ^ words[i]) * 0x9fb21c651e98df25u;
    // High bits come back down, or the last words' high bits would be all they could change.
    for (int i = 0; i < LANES; i++) lanes[i] ^= lanes[i] >> 29;
  }
  uint64_t words[LANES] = {0};
  memcpy(words, at, left);
  uint64_t hash = mix(bytes);
  for (int i = 0; i < LANES; i++) hash = mix(hash ^ lanes[i]) + mix(words[i] + (uint64_t)i + hash);
  return hash;
}
