// The C side of the tensors: one header a concept.
#pragma once
#include "torus_blocks.h"
#include "torus_core.h"
#include "torus_ctc.h"
#include "torus_elementwise.h"
#include "torus_gemm.h"
#include "torus_index.h"
#include "torus_nn.h"
#include "torus_optim.h"
#include "torus_random.h"
#include "torus_reduce.h"
#include "torus_resample.h"
#include "torus_thread.h"
