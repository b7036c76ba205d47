/// What algorithms build on.
#pragma once

#include "lane.h"
#include "node.h"
