#!/usr/bin/env bash
# Builds Sophia and starts it on http://localhost:5080 with everything embedded and its data under ./data.
# Arguments go to the service (--urls http://localhost:6000); settings are environment variables (Sophia__DataDirectory).
set -euo pipefail
cd "$(dirname "$0")"
command -v dotnet >/dev/null || { echo "Sophia needs the .NET SDK 10: https://dotnet.microsoft.com/download" >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
. ./aspire.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Building …"
if ! dotnet build Sophia.Api -c Release -v quiet >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -f "$log"
# Collections every 96 MiB a heap (hexadecimal) instead of what the processor's cache suggests: a seventh less work under
# heavy writing, for some 50 MB of memory. It can be given by the environment only.
export DOTNET_GCgen0size="${DOTNET_GCgen0size:-0x6000000}"
# On few processors a collection beside the writers takes their time, and gives no shorter pauses for it (docs/performance.md).
cores=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 8)
[ "$cores" -gt 4 ] || export DOTNET_gcConcurrent="${DOTNET_gcConcurrent:-0}"
exec dotnet Sophia.Api/bin/Release/net10.0/Sophia.Api.dll "$@"
