// USearch's exact search over rows in a file, as a process that is asked round by round.
// node usearch.mjs ROWS QUERIES DIMENSIONS K THREADS, in a folder where the package usearch is installed.
// First line of the answer: the version. Then, for each line "FROM COUNT" on the input, those queries one after the other;
// for "FROM COUNT together" all in one call: seconds, then the keys of the last query.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(path.join(process.cwd(), "x.js"));
const { exactSearch, MetricKind } = require("usearch");
const [rowsFile, queriesFile, ...numbers] = process.argv.slice(2);
const [dimensions, k, threads] = numbers.map(Number);

function read(file) {
  const bytes = fs.statSync(file).size, floats = new Float32Array(bytes / 4), handle = fs.openSync(file);
  const target = new Uint8Array(floats.buffer);
  for (let at = 0; at < bytes;) at += fs.readSync(handle, target, at, Math.min(bytes - at, 1 << 30), at);
  fs.closeSync(handle);
  return floats;
}

const rows = read(rowsFile), queries = read(queriesFile);
const { version } = JSON.parse(fs.readFileSync("node_modules/usearch/package.json"));
console.log(`USearch ${version}, npm`);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [from, count, together] = line.split(" ");
  const first = Number(from), last = first + Number(count), step = together ? last - first : 1;
  let keys;
  const started = process.hrtime.bigint();
  for (let query = first; query < last; query += step) {
    const found = exactSearch(rows, queries.subarray(query * dimensions, (query + step) * dimensions), dimensions, k, MetricKind.IP, threads);
    keys = found.keys;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log([seconds, ...Array.from(keys ?? []).slice(-k)].join(" "));
}
