#!/usr/bin/env bash
# Builds and pushes both images for both processors, with an SBOM: deploy/images/build.sh REGISTRY/PREFIX TAG
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# = 2 ] || { echo "Usage: deploy/images/build.sh registry.example.com/sophia 0.1.0" >&2; exit 2; }
[ "$2" != latest ] || { echo "The tag says which version runs; latest does not." >&2; exit 2; }
docker buildx version >/dev/null 2>&1 || { echo "It needs Docker with buildx." >&2; exit 1; }
for image in api gh200; do
  name=$([ "$image" = gh200 ] && echo gpu-tier || echo api)
  docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max --push \
    --build-arg VERSION="$2" --build-arg SNOWFLAKE_DATA="${SNOWFLAKE_DATA:-true}" --build-arg REVISION="$(git rev-parse HEAD)" \
    -f "deploy/images/Dockerfile.$image" -t "$1/$name:$2" .
done
