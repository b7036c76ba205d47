#include "torus_thread.h"

static _Thread_local torus_thread_state state = {.grad_enabled = true};

torus_thread_state *torus_thread(void) { return &state; }
