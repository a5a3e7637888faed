// The second peer of the benchmarks: Polars, one thread, from its lazy readers into its Parquet sink, streaming where it
// can. It is asked for one piece of work as JSON, and prints an empty array when it is done.
//
//   POLARS_MAX_THREADS=1 node main.cjs '{"format": "csv", "input": "…", "output": "….parquet", "columns": [{"source", "target", "kind"}]}'
"use strict";
const fs = require("node:fs");
const pl = require("nodejs-polars");

const { format, input, output, columns } = JSON.parse(process.argv[2]);
const instant = pl.Datetime("us", "UTC");
const types = { string: pl.Utf8, int64: pl.Int64, float64: pl.Float64, bool: pl.Bool, timestamp: pl.Utf8, date: pl.Date };

// Text files are read with every type given. A time is the one that is text first: the reader guesses its format otherwise.
const schema = Object.fromEntries(columns.map((c) => [c.source, types[c.kind]]));
const parsed = columns.map((c) => {
  const column = pl.col(c.source);
  return (c.kind === "timestamp" ? column.str.strptime(pl.Datetime("ms"), "%Y-%m-%dT%H:%M:%SZ").cast(instant) : column).alias(c.target);
});
const renamed = columns.map((c) => pl.col(c.source).alias(c.target));

// A stream of Arrow messages has no lazy reader, and is told from text by its name.
function stream() {
  const named = `${output}.ipc`;
  fs.symlinkSync(input, named);
  return pl.readIPCStream(named).lazy();
}

const read = {
  csv: () => pl.scanCSV(input, { schema }).select(...parsed),
  ndjson: () => pl.scanJson(input, { schema }).select(...parsed),
  parquet: () => pl.scanParquet(input).select(...renamed),
  arrow: () => stream().select(...renamed),
};
read[format]().sinkParquet(output, { compression: "zstd" }).collectSync({ streaming: true });
process.stdout.write("[]\n");
