// Attention of bfloat16 by bfloat16's own products: whether it is worth it, and both directions. Masks,
// log-sum-exps and the gradient of the mask are float32; the rest is as in torus_nn.h.
#pragma once
#include "internal.h"
#include "torus_nn.h"

bool torus_attention_bf16(const torus_attention *shape);
void torus_attention_bf16_forward(const torus_attention *shape, const void *q, const void *k,
                                  const void *v, const float *mask, void *out, float *lse);
void torus_attention_bf16_backward(const torus_attention *shape, const torus_attention *grads,
                                   const void *q, const void *k, const void *v, const float *mask,
                                   const void *out, const float *lse, const void *dout, void *dq,
                                   void *dk, void *dv, float *dmask);
