#pragma once
#include <stddef.h>

/// A new object of a Swift class with one reference, whose fields are zero.
/// - metadata: The class, as `unsafeBitCast(type, to: UnsafeRawPointer.self)`.
/// - size: Bytes of an instance, its header included.
void *_Nonnull torus_new_object(const void *_Nonnull metadata, size_t size);
