#undef REAL
#undef WORD
#undef IS_F32
#undef VBYTES
#undef NAME
