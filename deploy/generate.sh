#!/usr/bin/env bash
# Makes deploy/k8s/base anew: the AppHost's manifest (deploy/environment/manifest.json), then Aspirate, then what no base may hold
# taken out. Commit what it writes; deploy/k8s/base/generated.sha256 says of which sources it is, and the tests hold it to them.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
manifest=deploy/environment/manifest.json base=deploy/k8s/base
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "$1" >&2; exit 1; }

# Writes which sources, and which files made of them, belong together.
stamp() {
  {
    printf '%s  sources\n' "$(deploy/source-hash.sh)"
    { echo "$manifest"; find "$base" -type f ! -name generated.sha256; } | LC_ALL=C sort | xargs sha256sum
  } >"$scratch/stamp"
  mv "$scratch/stamp" "$base/generated.sha256"
}

# --- The manifest. Its paths are relative to where it lies.
cp "$manifest" "$scratch/before.json" 2>/dev/null || :
# The services are named in it and not run: they are restored, and not built.
{
  dotnet restore Sophia.AppHost -v quiet -p:UseAspire=true &&
    dotnet build libs/Sophia.Hosting.Snowflake -c Release -v quiet --no-restore -p:UseAspire=true &&
    dotnet build Sophia.AppHost -c Release -v quiet --no-restore -p:UseAspire=true -p:BuildProjectReferences=false
} >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  fail "The AppHost was not built; it takes a package feed that has Aspire."
}
dotnet run --project Sophia.AppHost -c Release --no-build -p:UseAspire=true -- --publisher manifest --output-path "$PWD/$manifest" >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  fail "The AppHost wrote no manifest."
}

# --- Aspirate, which need not be asked again for the same manifest.
if command -v aspirate >/dev/null; then
  aspirate=(aspirate)
elif dotnet tool restore >"$scratch/log" 2>&1; then
  aspirate=(dotnet tool run aspirate --)
elif cmp -s "$manifest" "$scratch/before.json" && grep -qF "$(sha256sum <"$manifest" | cut -d' ' -f1)  $manifest" "$base/generated.sha256"; then
  stamp
  echo "The manifest is as it was, so $base is too; it is marked as of these sources. Aspirate is not on the package feed, and was not needed."
  exit 0
else
  fail "The manifest changed, and Aspirate cannot be had from this package feed: run this where 'dotnet tool restore' finds it, or put a build of it (github.com/prom3theu5/aspirational-manifests) on the path as 'aspirate'."
fi

# Every parameter gets a value that no setting has by chance: what is made of one is the operator's to give, in a Secret.
given=given-by-the-operator
parameters=()
while read -r name; do parameters+=(-pa "$name=$given"); done < <(grep -B1 '"type": "parameter.v0"' "$manifest" | sed -n 's/^ *"\(.*\)": {$/\1/p')
tag=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
# It would ask for a newer version of itself, and fails where that cannot be asked.
mkdir -p "$scratch/home/Aspirate"
touch "$scratch/home/Aspirate/updates-disabled" "$scratch/home/Aspirate/logo-disabled"
(
  cd "$(dirname "$manifest")"
  XDG_DATA_HOME="$scratch/home" DOTNET_ROLL_FORWARD=Major "${aspirate[@]}" generate --non-interactive --disable-secrets --disable-state --skip-build \
    --include-dashboard false --aspire-manifest "$(basename "$manifest")" --project-path . --output-path "$scratch/base" --output-format kustomize \
    --container-registry registry.example.com --container-repository-prefix sophia --container-image-tag "$tag" --image-pull-policy IfNotPresent \
    --namespace sophia-ai-enhanced "${parameters[@]}"
) >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  fail "Aspirate failed."
}

deploy/clean-base.sh "$manifest" "$scratch/base" "$given" || { cat "$scratch/log" >&2; exit 1; }
{ echo "# By deploy/generate.sh, of the AppHost: changes belong there, or into an overlay."; cat "$scratch/base/kustomization.yaml"; } >"$scratch/file"
mv "$scratch/file" "$scratch/base/kustomization.yaml"
rm -rf "$base"
mv "$scratch/base" "$base"
chmod -R u=rwX,go=rX "$base"
stamp
echo "$base: $(find "$base" -name '*.yaml' | wc -l) files, of $(grep -cE '"type": "[a-z]+\.v[0-9]' "$manifest") resources of the AppHost."
