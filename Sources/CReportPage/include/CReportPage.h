// What a run's page is made of beside its data: the bytes of its files and their numbers.
#pragma once
#include <stddef.h>

/// page.css.
extern const unsigned char *const torus_page_style;
extern const size_t torus_page_style_size;

/// data.js, which reads what the page was given.
extern const unsigned char *const torus_page_data;
extern const size_t torus_page_data_size;

/// chart.js, which draws curves.
extern const unsigned char *const torus_page_chart;
extern const size_t torus_page_chart_size;

/// page.js, which lays the page out.
extern const unsigned char *const torus_page_script;
extern const size_t torus_page_script_size;
