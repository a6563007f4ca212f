#!/usr/bin/env bash
# Builds everything and runs every test. Installs redis-server, PostgreSQL, Prometheus, strace, wrk, g++ and chromium from the system's packages
# where they are missing and can be installed; the tests start them on free ports in temporary folders and stop them. Where one cannot be
# had, its tests are skipped, by name. The last line is: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "$0")"
command -v dotnet >/dev/null || { echo "The tests need the .NET SDK 10: https://dotnet.microsoft.com/download" >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
. ./aspire.sh

has_postgres() { ls /usr/lib/postgresql/*/bin/initdb /usr/local/pgsql/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; }
missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
has_postgres || missing+=(postgresql)
command -v strace >/dev/null || missing+=(strace)
command -v prometheus >/dev/null || missing+=(prometheus)
command -v wrk >/dev/null || missing+=(wrk)
command -v g++ >/dev/null || missing+=(g++)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${missing[*]} …"
    export DEBIAN_FRONTEND=noninteractive
    # The packages must not start servers of their own: the tests start the ones they need.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && policy=1
    fi
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
      echo "Could not install ${missing[*]}; the tests that need them are skipped."
    [ -z "${policy:-}" ] || rm -f /usr/sbin/policy-rc.d
  else
    echo "Not installed: ${missing[*]}; the tests that need them are skipped."
  fi
fi

# By itself, since not every system's packages have it; the tests of the console look for it in the usual places.
if [ -z "${SOPHIA_CHROMIUM:-}" ] && ! command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium …"
    add() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" fonts-liberation fonts-inter; }
    # The first draws without a window alone, for half the processor's time.
    { apt-get update -qq && { add chromium-headless-shell || add chromium; }; } >/dev/null 2>&1 ||
      echo "Could not install chromium; the tests of the console are skipped."
  else
    echo "Not installed: chromium; the tests of the console are skipped."
  fi
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
echo "Building …"
# One configuration for all: the tests start the service from its own build output. With one compiler for all projects, whatever the
# environment says: each would compile itself first, a minute in all. It must not be there beside the tests.
dotnet build Sophia.sln -c Release -v quiet -p:UseSharedCompilation=true || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
dotnet build-server shutdown --vbcscompiler >/dev/null || true

status=0
broken=()
passed=0 failed=0 skipped=0
count() { sed -n "s/.*<Counters[^>]* $2=\"\([0-9]*\)\".*/\1/p" "$1"; }
run() {
  local started=$SECONDS
  echo "Running $1 …"
  dotnet test "tests/$1/$1.csproj" -c Release --no-build -v quiet --logger "trx;LogFileName=$1.trx" \
    --logger "console;verbosity=minimal" --results-directory "$results" || touch "$results/failed"
  echo "$1 took $((SECONDS - started)) s."
}

# These need processors alone, and take what the others leave over from the console's tests on: those mostly wait, for a browser or for
# processes that come and go. They get a tenth all the same: with less, services that they start would stand still for seconds.
beside=(Sophia.Cuda.Tests Sophia.Gpu.Tests Sophia.Deploy.Tests)
for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  [[ " ${beside[*]} " == *" $name "* ]] && continue
  if [ "$name" = Sophia.Console.Tests ]; then
    { renice -n 10 $BASHPID; for other in "${beside[@]}"; do run "$other"; done; } >"$results/beside" 2>&1 &
  fi
  run "$name"
done
wait
grep -v 'old priority' "$results/beside"
[ ! -e "$results/failed" ] || status=1

for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  trx="$results/$name.trx"
  if [ ! -s "$trx" ]; then
    echo "$name gave no results."
    failed=$((failed + 1)) status=1
    continue
  fi
  total=$(count "$trx" total) executed=$(count "$trx" executed)
  mapfile -t -O "${#broken[@]}" broken < <(sed -n 's/.*<UnitTestResult [^>]*testName="\([^"]*\)".* outcome="Failed".*/\1/p' "$trx")
  passed=$((passed + $(count "$trx" passed)))
  failed=$((failed + executed - $(count "$trx" passed)))
  skipped=$((skipped + total - executed))
done
[ "$failed" = 0 ] || status=1
[ $((passed + failed)) -gt 0 ] || status=1
# By name, just before the last line: what is kept of a long log is its end.
[ ${#broken[@]} = 0 ] || printf 'Failed: %s\n' "${broken[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
