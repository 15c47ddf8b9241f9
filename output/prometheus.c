/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prometheus' text format, for node_exporter's textfile collector and for looking at. */
#include "output/exposition.h"
#include "output/output.h"

static void write_report(struct sp_writer *writer, const struct sp_render *render,
                         const struct sp_report *report)
{
    (void)render;
    sp_exposition_write_report(writer, SP_EXPOSITION_TEXT, report);
}

const struct sp_output sp_output_prometheus = {
    .name = "prometheus",
    .report = write_report,
};
