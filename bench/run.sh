#!/usr/bin/env bash
# Builds Release and runs a benchmark: bench/run.sh hot-hit|hot-get|writes-sqlite|writes-postgres|start|composed|text|lexical|search|vectors|functions|mirror|cortex|all [--only LOAD] [--json FILE] [--data DIRECTORY] [--quick]
# and, on labelled sets whose path it is given: bench/run.sh quality --set NAME=PATH … [--json FILE]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
command -v dotnet >/dev/null || { echo "The benchmarks need the .NET SDK 10: https://dotnet.microsoft.com/download" >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build "$root/bench/Sophia.Bench" -c Release -v quiet -nologo -clp:NoSummary >&2
exec dotnet "$root/bench/Sophia.Bench/bin/Release/net10.0/Sophia.Bench.dll" "$@"
