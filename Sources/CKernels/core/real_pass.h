// KERNELS for float, where WITH_HALVES is defined for the half types, and for double, at the level that
// each_level.h has come to.
#define NATIVE_BF16 0
#undef NAME
#define NAME(x) LEVEL_NAME(x##_f32)
#define REAL float
#define ELEMENT float
#define WORD int32_t
#define IS_F32 1
#include "vec.h"
#include "element.h"
#include KERNELS
#undef NAME

#ifdef WITH_HALVES
#undef ELEMENT
#define ELEMENT uint16_t
#define HALF
#define NAME(x) LEVEL_NAME(x##_bf16)
#define IS_BF16 1
#include "vec.h"
#include "element.h"
#include KERNELS
#undef NAME
#undef IS_BF16
#define NAME(x) LEVEL_NAME(x##_f16)
#define IS_BF16 0
#include "vec.h"
#include "element.h"
#include KERNELS
#undef NAME
#undef IS_BF16
#undef HALF
#endif
#undef REAL
#undef ELEMENT
#undef WORD
#undef IS_F32

#define NAME(x) LEVEL_NAME(x##_f64)
#define REAL double
#define ELEMENT double
#define WORD int64_t
#define IS_F32 0
#include "vec.h"
#include "element.h"
#include KERNELS
#undef NAME
#undef REAL
#undef ELEMENT
#undef WORD
#undef IS_F32
#undef NATIVE_BF16
