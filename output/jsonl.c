/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output/json.h"
#include "output/output.h"

static void write_line(struct sp_writer *writer, const struct sp_render *render,
                       const struct sp_result *result)
{
    sp_json_write_result(writer, render, result);
    sp_write_str(writer, "\n");
    (void)sp_writer_flush(writer); /* who reads along sees each endpoint as it ends */
}

const struct sp_output sp_output_jsonl = {
    .name = "jsonl",
    .streams = true,
    .result = write_line,
};
