// The lists of operations once per compute type, for the entries of a table.
#define TYPE C_F32
#define F(name) name##_f32
#include "float_operations.h"
#undef TYPE
#undef F
#define TYPE C_F64
#define F(name) name##_f64
#include "float_operations.h"
#undef TYPE
#undef F
#define TYPE C_I32
#define F(name) name##_i32
#include "integer_operations.h"
#undef TYPE
#undef F
#define TYPE C_I64
#define F(name) name##_i64
#include "integer_operations.h"
#undef TYPE
#undef F
