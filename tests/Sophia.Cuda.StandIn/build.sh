#!/usr/bin/env bash
# Makes the stand-in of the CUDA driver: OUT_DIR/libcuda.so.1, and libcuda.so, by which ILGPU looks for it; OUT_DIR/selftest
# holds them to what NVIDIA writes about them.
# Needs g++ only. With OUT_DIR in LD_LIBRARY_PATH, a program finds it instead of the driver.
# The arithmetic is PTX's own: no product and sum may be contracted, so -ffp-contract=off.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUT_DIR}
mkdir -p "$out/objects"
flags=(-std=c++17 -O2 -ftree-vectorize -fvect-cost-model=dynamic -march=native -ffp-contract=off -fno-math-errno -fPIC -pthread -fvisibility=hidden -Wall -Wextra)
sources=("$here"/*.cpp)
changed=()
for source in "${sources[@]}"; do
    object="$out/objects/$(basename "$source" .cpp).o"
    if [[ ! -e $object || -n $(find "$source" "$here"/*.h "$here/build.sh" -newer "$object" -print -quit) ]]; then
        changed+=("$source")
    fi
done
if ((${#changed[@]} > 0)); then
    printf '%s\0' "${changed[@]}" | xargs -0 -P "${JOBS:-2}" -I{} sh -c 'g++ "$@" -c "$0" -o "'"$out"'/objects/$(basename "$0" .cpp).o"' {} "${flags[@]}"
fi
objects=()
for source in "${sources[@]}"; do
    [[ $source == */selftest*.cpp ]] || objects+=("$out/objects/$(basename "$source" .cpp).o")
done
g++ -shared -pthread -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1.new" "${objects[@]}"
mv "$out/libcuda.so.1.new" "$out/libcuda.so.1"
ln -sf libcuda.so.1 "$out/libcuda.so"
g++ -pthread -o "$out/selftest" "$out"/objects/selftest*.o "$out/libcuda.so.1" "-Wl,-rpath,\$ORIGIN"
