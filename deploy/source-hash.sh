#!/usr/bin/env bash
# Prints the hash of what the recorded environment and the manifests are made from: the sources of the AppHost and of its
# Snowflake integration, the launch profiles, the versions of Aspire, of Aspirate and of Sophia, and the templates of this folder.
set -euo pipefail
cd "$(dirname "$0")/.."
{
  find Sophia.AppHost libs/Sophia.Hosting.Snowflake -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.json' \) -not -path '*/obj/*' -not -path '*/bin/*'
  find Sophia.Api/Properties Sophia.GpuTier/Properties tools/Sophia.SnowflakeEmulator/Properties -name launchSettings.json
  find deploy -maxdepth 1 -type f -name '*.sh'
  echo .config/dotnet-tools.json
  [ ! -d deploy/templates ] || find deploy/templates -type f
} | LC_ALL=C sort | while read -r file; do
  printf '%s\n' "$file"
  tr -d '\r' <"$file"
done | cat - <(grep -oE '<(Aspire[A-Za-z]*)?Version[^/]*' Directory.Build.props) | sha256sum | cut -d' ' -f1
