// Connectionist temporal classification (Graves et al. 2006).
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Sequences and labels. Labels of sequence b are labels[offsets[b]] and the next
/// target_lengths[b]; log-probabilities are [time, batch, classes], of which input_lengths[b]
/// steps count; `longest` is at least every target's length.
typedef struct torus_ctc {
  int64_t time, batch, classes, longest, blank;
  const int64_t *labels;
  const int64_t *offsets;
  const int64_t *input_lengths;
  const int64_t *target_lengths;
} torus_ctc;

/// loss[b] = -log of the summed probability of all alignments, ∞ where there is none. `alpha`
/// [batch, time, 2·longest + 1] keeps the forward variables for the gradient. F32 and F64.
torus_status torus_ctc_loss(torus_dtype dtype, const torus_ctc *shape, const void *log_probs,
                            void *alpha, void *loss);

/// dx [time, batch, classes] from dloss [batch]: with respect to the logits behind the
/// log-softmax. Sequences without an alignment get 0 where `zero_infinity` is set, else NaN.
torus_status torus_ctc_loss_backward(torus_dtype dtype, const torus_ctc *shape,
                                     const void *log_probs, const void *alpha, const void *loss,
                                     const void *dloss, bool zero_infinity, void *dx);

#ifdef __cplusplus
}
#endif
