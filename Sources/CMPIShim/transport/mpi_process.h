#pragma once

#include "../include/torus_process.h"
