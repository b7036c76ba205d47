// Large blocks: runs of grains in reserved address space. See large_blocks.c.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// The bytes that a block of so many takes: whole grains.
size_t torus_large_size(size_t bytes);

/// A block of torus_large_size(bytes), or NULL where the system has no more. `*added` are the bytes of it that
/// no block had before, and are zero.
void *torus_large_take(size_t bytes, size_t *added);

/// Gives a block back. Returns the bytes that went back to the system because free memory has reached its limit.
size_t torus_large_give(void *block, size_t bytes);

/// Gives all free memory back to the system; returns its bytes.
size_t torus_large_trim(void);

/// Bounds the free memory that is kept.
void torus_large_set_limit(size_t bytes);
