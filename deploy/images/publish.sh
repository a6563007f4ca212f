#!/usr/bin/env bash
# Publishes a service for a processor, as the images hold it: deploy/images/publish.sh PROJECT amd64|arm64 FOLDER
# It builds for the other processor without emulation. The images are made without Aspire's packages on any feed.
# SNOWFLAKE_DATA=true puts Snowflake's driver in, as the images do; it takes a feed that has it.
set -euo pipefail
cd "$(dirname "$0")/../.."
case "$2" in
  amd64) rid=linux-x64 ;;
  arm64) rid=linux-arm64 ;;
  *) echo "The processor is '$2'; it may be amd64 or arm64." >&2; exit 2 ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dotnet publish "$1" -c Release -r "$rid" --self-contained false -p:UseAppHost=false -p:UseAspire=false "-p:UseSnowflakeData=${SNOWFLAKE_DATA:-false}" -v quiet -nologo \
  --artifacts-path "$scratch" -o "$3"
