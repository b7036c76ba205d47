// OpenBLAS's set-up.
#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../core/levels.h"
#include "torus_gemm.h"

#if defined(__APPLE__)
#define OPTIONAL __attribute__((weak_import))
#else
#define OPTIONAL __attribute__((weak))
#endif
extern char *openblas_get_corename(void) OPTIONAL;
extern void gotoblas_dynamic_init(void) OPTIONAL;
extern void gotoblas_dynamic_quit(void) OPTIONAL;
extern void openblas_set_num_threads(int) OPTIONAL;

#if defined(__x86_64__)
// OpenBLAS knows CPUs by family and model, and takes a CPU newer than itself for the oldest kind
// of its maker. What the CPU can run says better.
static void choose_core(void) {
  if (!openblas_get_corename || !gotoblas_dynamic_init || !gotoblas_dynamic_quit) return;
  if (getenv("OPENBLAS_CORETYPE")) return;
  static const char *const modern[] = {"SkylakeX", "Cooperlake", "SapphireRapids", "Haswell",
                                       "Zen"};
  const char *now = openblas_get_corename();
  const bool avx512 = torus_best_level() == TORUS_V4;
  if (torus_best_level() == TORUS_BASE) return;
  for (size_t i = 0; i < sizeof modern / sizeof *modern; i++)
    if (!strcmp(now, modern[i]) && (!avx512 || i < 3)) return;
  // On Zen 4 SkylakeX takes small products at 108 GFLOP/s where Zen reaches 58, and large ones
  // within 5% of Haswell's 111.
  setenv("OPENBLAS_CORETYPE", avx512 ? "SkylakeX" : "Haswell", 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
}
#else
static void choose_core(void) {}
#endif

static void start(void) {
  choose_core();
  // The pool splits the work; OpenBLAS's own threads would run beside it.
  if (openblas_set_num_threads) openblas_set_num_threads(1);
}

void torus_blas_init(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start);
}

const char *torus_blas_core(void) {
  torus_blas_init();
  return openblas_get_corename ? openblas_get_corename() : "unknown";
}
