// Compiles the file named KERNELS for every level, or for ONLY_LEVEL; see levels.h.
#include "levels.h"

#ifndef LEVEL_PASS
#define LEVEL_PASS KERNELS
#endif
#ifndef ONLY_LEVEL
#define ONLY_LEVEL -1
#endif

#if ONLY_LEVEL == -1 || ONLY_LEVEL == TORUS_BASE
#define LEVEL TORUS_BASE
#define VBYTES 16
#define LEVEL_NAME(x) x##_base
#define NAME(x) x##_base
#include LEVEL_PASS
#undef LEVEL
#undef VBYTES
#undef LEVEL_NAME
#undef NAME
#endif

#if TORUS_LEVELS > 1 && (ONLY_LEVEL == -1 || ONLY_LEVEL == TORUS_V3)
TORUS_BEGIN(TORUS_V3_SET)
#define LEVEL TORUS_V3
#define VBYTES 32
#define LEVEL_NAME(x) x##_v3
#define NAME(x) x##_v3
#include LEVEL_PASS
#undef LEVEL
#undef VBYTES
#undef LEVEL_NAME
#undef NAME
TORUS_END
#endif

#if TORUS_LEVELS > 1 && (ONLY_LEVEL == -1 || ONLY_LEVEL == TORUS_V4)
TORUS_BEGIN(TORUS_V4_SET)
#define LEVEL TORUS_V4
#define VBYTES 64
#define LEVEL_NAME(x) x##_v4
#define NAME(x) x##_v4
#include LEVEL_PASS
#undef LEVEL
#undef VBYTES
#undef LEVEL_NAME
#undef NAME
TORUS_END
#endif

#undef LEVEL_PASS
#undef ONLY_LEVEL
#undef KERNELS
