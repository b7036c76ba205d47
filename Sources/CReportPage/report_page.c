#include "CReportPage.h"

// Arrays of bytes take C's compiler no time, and Swift's ten seconds.
#pragma clang diagnostic ignored "-Wc23-extensions"
#define PART(name) const unsigned char *const name = name##_bytes; const size_t name##_size = sizeof name##_bytes

static const unsigned char torus_page_style_bytes[] = {
#embed "page.css"
};
PART(torus_page_style);

static const unsigned char torus_page_data_bytes[] = {
#embed "data.js"
};
PART(torus_page_data);

static const unsigned char torus_page_chart_bytes[] = {
#embed "chart.js"
};
PART(torus_page_chart);

static const unsigned char torus_page_script_bytes[] = {
#embed "page.js"
};
PART(torus_page_script);
