// The loops of the Mersenne Twister.

static void NAME(advance)(uint32_t *s) {
  for (int i = 0; i < 227; i++) s[i] = twist(s[i + 397], s[i], s[i + 1]);
  for (int i = 227; i < 623; i++) s[i] = twist(s[i - 227], s[i], s[i + 1]);
  s[623] = twist(s[396], s[623], s[0]);
}

static void NAME(temper_all)(const uint32_t *restrict s, uint32_t *restrict out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = temper(s[i]);
}
