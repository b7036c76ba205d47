// Compiles the file named KERNELS for float and double at every instruction set. In it, REAL is
// the element type, NAME(x) a name of its own for this pass, and `vec` with what vec.h declares the
// widest vectors of the set.
#include "../core/levels.h"

#define REAL float
#define WORD int32_t
#define IS_F32 1
#define VBYTES 16
#define NAME(x) x##_f32_0
#include "vec.h"
#include KERNELS
#include "vec_end.h"
#define REAL double
#define WORD int64_t
#define IS_F32 0
#define VBYTES 16
#define NAME(x) x##_f64_0
#include "vec.h"
#include KERNELS
#include "vec_end.h"

#if TORUS_LEVELS == 3
TORUS_BEGIN_LEVEL_1
#define REAL float
#define WORD int32_t
#define IS_F32 1
#define VBYTES 32
#define NAME(x) x##_f32_1
#include "vec.h"
#include KERNELS
#include "vec_end.h"
#define REAL double
#define WORD int64_t
#define IS_F32 0
#define VBYTES 32
#define NAME(x) x##_f64_1
#include "vec.h"
#include KERNELS
#include "vec_end.h"
TORUS_END_LEVEL

TORUS_BEGIN_LEVEL_2
#define REAL float
#define WORD int32_t
#define IS_F32 1
#define VBYTES 64
#define NAME(x) x##_f32_2
#include "vec.h"
#include KERNELS
#include "vec_end.h"
#define REAL double
#define WORD int64_t
#define IS_F32 0
#define VBYTES 64
#define NAME(x) x##_f64_2
#include "vec.h"
#include KERNELS
#include "vec_end.h"
TORUS_END_LEVEL

// The function of that name for the level in use.
#define AT_LEVEL(name, type)                     \
  (torus_current_level() == 2   ? name##_##type##_2 \
   : torus_current_level() == 1 ? name##_##type##_1 \
                                : name##_##type##_0)
#else
#define AT_LEVEL(name, type) name##_##type##_0
#endif

// Calls the float or the double form.
#define RUN(dtype, name, ...)                                      \
  do {                                                             \
    if ((dtype) == TORUS_F64) AT_LEVEL(name, f64)(__VA_ARGS__);    \
    else AT_LEVEL(name, f32)(__VA_ARGS__);                         \
  } while (0)
