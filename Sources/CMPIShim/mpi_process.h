#pragma once

#include "torus_process.h"
