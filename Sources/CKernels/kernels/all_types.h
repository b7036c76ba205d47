// The lists of operations once per type that has loops, for the entries of a table. LONG(entry) is nothing where
// long expressions have no loop of the type's own, NARROWED(entry) where NARROWED rows have none.
#define LONG(entry) entry
#define NARROWED(entry) entry
#define TYPE C_F32
#define LOOP(name) loop_##name##_f32
#include "float_operations.h"
#undef TYPE
#undef LOOP
#undef LONG
#undef NARROWED
#ifdef HALF_LOOPS
#define LONG(entry)
#define NARROWED(entry) entry
#define TYPE C_BF16
#define LOOP(name) loop_##name##_bf16
#include "float_operations.h"
#undef TYPE
#undef LOOP
#undef NARROWED
#define NARROWED(entry)
#define TYPE C_F16
#define LOOP(name) loop_##name##_f16
#include "float_operations.h"
#undef TYPE
#undef LOOP
#undef LONG
#undef NARROWED
#endif
#define LONG(entry) entry
#define NARROWED(entry) entry
#define TYPE C_F64
#define LOOP(name) loop_##name##_f64
#include "float_operations.h"
#undef TYPE
#undef LOOP
#define TYPE C_I32
#define LOOP(name) loop_##name##_i32
#include "integer_operations.h"
#undef TYPE
#undef LOOP
#define TYPE C_I64
#define LOOP(name) loop_##name##_i64
#include "integer_operations.h"
#undef TYPE
#undef LOOP
#undef LONG
#undef NARROWED
