#!/usr/bin/env bash
# Publishes a service for a processor, as the images hold it: deploy/images/publish.sh PROJECT amd64|arm64 FOLDER
# It builds for the other processor without emulation, and compiles beforehand (ReadyToRun), since most of a start is compiling otherwise.
# That takes the packages of the runtime and of its compiler for the processor (docs/dependencies.md), and none of Aspire's. Analyzers run in the build that the tests need, not here.
# SNOWFLAKE_DATA=true puts Snowflake's driver in, as the images do; it takes a feed that has it.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# = 3 ] || { echo "Usage: deploy/images/publish.sh Sophia.Api|Sophia.GpuTier amd64|arm64 FOLDER" >&2; exit 2; }
case "$2" in
  amd64) rid=linux-x64 ;;
  arm64) rid=linux-arm64 ;;
  *) echo "The processor is '$2'; it may be amd64 or arm64." >&2; exit 2 ;;
esac
# What is made on the way goes, unless SOPHIA_PUBLISH_ARTIFACTS names a folder (absolute) that several calls share.
scratch=${SOPHIA_PUBLISH_ARTIFACTS:-$(mktemp -d)}
trap '[ -n "${SOPHIA_PUBLISH_ARTIFACTS:-}" ] || rm -rf "$scratch"' EXIT
dotnet publish "$1" -c Release -r "$rid" --self-contained false -p:PublishReadyToRun=true -p:UseAppHost=false -p:RunAnalyzers=false \
  -p:UseAspire=false "-p:UseSnowflakeData=${SNOWFLAKE_DATA:-false}" -v quiet -nologo --artifacts-path "$scratch" -o "$3"
