#!/usr/bin/env bash
# Looks at what Aspirate wrote, and takes out what no base may hold: deploy/clean-base.sh MANIFEST FOLDER VALUE
# VALUE is what each parameter was given, so that what is made of one can be told. deploy/generate.sh calls it.
set -euo pipefail
manifest=$1 folder=$2 given=$3
edited=$(mktemp)
trap 'rm -f "$edited"' EXIT

# Aspirate skips what it does not know, and ends with 0.
while read -r name; do
  [ -f "$folder/$name/kustomization.yaml" ] || { echo "Aspirate left out the resource $name." >&2; exit 1; }
done < <(grep -B1 -E '"type": "(project|container)\.v[01]"' "$manifest" | sed -n 's/^ *"\(.*\)": {$/\1/p')

while read -r file; do
  # Out go settings made of parameters (secrets, which Aspirate puts into ConfigMaps), the first key's settings, which stand in the
  # Secret with its hash, and an address that HTTP_PORTS says already. It also ends the last line.
  awk -v given="$given" '
    NR == 1 && /^---$/ { next }
    /^ *- [A-Za-z0-9_]+=/ && (index($0, given) || /- (ASPNETCORE_URLS|Sophia__ApiKeys__[0-9A-Za-z_]+)=/) { next }
    { lines = lines $0 "\n" }
    END { sub(/\n+$/, "\n", lines); printf "%s", lines }' "$file" >"$edited"
  cp "$edited" "$file"
done < <(find "$folder" -name '*.yaml')

# A ConfigMap of which nothing was left goes, and so does what refers to it.
for resource in "$folder"/*/; do
  if grep -q '^configMapGenerator:' "$resource/kustomization.yaml" && ! grep -qE '^ *- [A-Za-z0-9_]+=' "$resource/kustomization.yaml"; then
    for file in "$resource"*.yaml; do
      sed -e '/^configMapGenerator:/,$d' -e '/^ *envFrom:/,/^ *name: .*-env$/d' "$file" >"$edited"
      cp "$edited" "$file"
    done
  fi
done

if grep -rnE "$given|\{[^}]*\}" "$folder" >&2; then
  echo "Aspirate left what stands above: a secret, or a reference that it did not resolve." >&2
  exit 1
fi
