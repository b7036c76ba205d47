/// What all C targets agree on about elements of tensors and buffers.
#pragma once

#include "torus_dtype.h"
