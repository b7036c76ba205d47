// KERNELS for float and then for double, at the level that each_level.h has come to.
#undef NAME
#define NAME(x) LEVEL_NAME(x##_f32)
#define REAL float
#define WORD int32_t
#define IS_F32 1
#include "vec.h"
#include KERNELS
#undef NAME
#undef REAL
#undef WORD
#undef IS_F32

#define NAME(x) LEVEL_NAME(x##_f64)
#define REAL double
#define WORD int64_t
#define IS_F32 0
#include "vec.h"
#include KERNELS
#undef NAME
#undef REAL
#undef WORD
#undef IS_F32
