#!/usr/bin/env bash
# Brings what published.txt names into artifacts/schemas, which git ignores, and holds each file to its hash there: the tests then check
# the manifests by the projects' own schemas too. It takes the internet, once. SCHEMAS_FROM names another place with the same paths.
set -euo pipefail
cd "$(dirname "$0")/../../.."
from=${SCHEMAS_FROM:-https://raw.githubusercontent.com} to=artifacts/schemas
mkdir -p "$to"
while read -r hash name project version path; do
  case "$hash" in '' | '#'*) continue ;; esac
  [ -e "$to/$name" ] || curl -fsSL --retry 2 --max-time 60 "$from/$project/$version/$path" -o "$to/$name"
  echo "$hash  $to/$name" | sha256sum --check --quiet || { rm -f "$to/$name"; exit 1; }
done <tests/Sophia.Deploy.Tests/Schemas/published.txt
echo "$to holds the published schemas."
