#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs every test. Installs what is missing, builds, ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$(realpath "$0")")/.." || exit 1
# shellcheck source=tests/packages.sh
. tests/packages.sh

usage() {
  cat <<'HELP'
usage: tests/run.sh [OPTION]...

Builds with gcc, and with clang and the sanitizers (warnings are errors), runs the suites lint, unit, element,
pipeline and integration, and ends with the line "N passed, N failed". Exit status 0: nothing failed.

  --fast          gcc only: no clang, no clang-tidy, no sanitizers, no fuzzing, no integration
  --suite NAME    this suite only, with gcc (repeatable)
  --long          the long forms of tests that have one, ten minutes of fuzzing per target instead of ten seconds
  --newer-gstreamer[=RELEASE]
                  unit, element and pipeline also in a root of another Debian: trixie (13, the default: GStreamer
                  1.26, gcc 14), forky...; needs root and some 3 GB below the build root
  --bench         measures what recording costs at the end (docs/performance.md): no test, some 20 minutes
  --no-install    do not install missing Debian packages
  --help          this text

Builds are kept in build-test/ (REC_BUILD_ROOT), so a second run is fast; logs are there too.
HELP
}

fast=0 install=1 newer='' bench=0 suites=()
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=1 ;;
    --long) export REC_LONG=1 ;;
    --newer-gstreamer) newer=trixie ;;
    --newer-gstreamer=*) newer=${1#*=} ;;
    --bench) bench=1 ;;
    --no-install) install=0 ;;
    --suite) shift && suites+=("${1:?--suite needs a name}") ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

root=${REC_BUILD_ROOT:-$PWD/build-test}
mkdir -p "$root" || exit 1
started=$SECONDS
steps_passed=0
steps_failed=0
logs=()

say() { printf '[%3d s] %s\n' $((SECONDS - started)) "$*"; }

# wants SUITE: is it part of this run?
wants() {
  [ ${#suites[@]} -gt 0 ] || { [ $fast -eq 0 ] || [ "$1" != integration ]; } && {
    [ ${#suites[@]} -eq 0 ] || [[ " ${suites[*]} " == *" $1 "* ]]
  }
}
# wants_all: no narrower choice was made
wants_all() { [ $fast -eq 0 ] && [ ${#suites[@]} -eq 0 ]; }

install_all() {
  local packages=("${PACKAGES_BUILD[@]}" "${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}")
  if wants lint; then packages+=("${PACKAGES_LINT[@]}"); fi
  if wants integration; then
    packages+=("${PACKAGES_INGEST[@]}" "${PACKAGES_INTEGRATION[@]}")
    command -v npm >/dev/null || packages+=("${PACKAGES_NODE[@]}")
  fi
  if [ -n "$newer" ]; then packages+=("${PACKAGES_NEWER[@]}"); fi
  if [ $bench -eq 1 ]; then packages+=("${PACKAGES_INGEST[@]}"); fi
  install_packages "$root/packages.log" "${packages[@]}"
}

# build NAME TARGETS COMPILER C++-COMPILER OPTION...: configures (once) and builds build-test/NAME
build() {
  local name=$1 targets cc=$3 cxx=$4 dir=$root/$1 wrapper=
  read -ra targets <<<"$2"
  shift 4
  command -v ccache >/dev/null && wrapper='ccache '
  say "build $name"
  if [ ! -f "$dir/build.ninja" ]; then
    rm -rf "$dir"
    CC=$wrapper$cc CXX=$wrapper$cxx meson setup "$dir" "$@" >"$root/$name-setup.log" 2>&1 </dev/null || {
      tail -n 30 "$root/$name-setup.log"
      return 1
    }
  else
    meson configure "$dir" "$@" >"$root/$name-setup.log" 2>&1 </dev/null || return 1
  fi
  ninja -C "$dir" "${targets[@]}" >"$root/$name-build.log" 2>&1 </dev/null || {
    grep -E -A12 'FAILED|ERROR' "$root/$name-build.log" | head -n 80
    return 1
  }
}

# run_tests NAME LABEL OPTION...: meson test in build-test/NAME; its log counts
run_tests() {
  local name=$1 label=$2 log=$root/$1/meson-logs/$1-$2
  shift 2
  say "test $name $label"
  rm -f "$log.json"
  meson test -C "$root/$name" --no-rebuild --print-errorlogs --logbase "$name-$label" "$@" \
    ${REC_LONG:+--timeout-multiplier 20} </dev/null |
    grep -vE '^(ninja|Full log|$|>>>|(Ok|Expected Fail|Fail|Unexpected Pass|Skipped|Timeout): )'
  if [ -f "$log.json" ]; then
    logs+=("$log.json")
  else
    step_failed "no test ran in $name $label"
  fi
}

step_failed() {
  steps_failed=$((steps_failed + 1))
  say "FAILED: $*"
}

test_gcc() {
  local suite
  build gcc all gcc g++ -Dwerror=true -Ddebug=false || { step_failed "the gcc build" && return; }
  for suite in lint unit element pipeline; do
    if wants $suite; then run_tests gcc $suite --suite $suite; fi
  done
}

# One build with clang for its warnings, clang-tidy, the sanitizers and the fuzzers. Optimised it takes much longer to
# build, and there are fewer faults left to be seen.
test_clang() {
  build clang 'code-tests fuzzers' clang clang++ -Dwerror=true -Dlint_tidy=true -Dfuzzing=true -Doptimization=0 -Ddebug=false \
    "-Dcpp_args=-g1 -fsanitize=fuzzer-no-link" -Db_sanitize=address,undefined -Db_lundef=false ||
    { step_failed "the clang build" && return; }
  run_tests clang unit --suite unit --timeout-multiplier 4
  run_tests clang element --suite element --timeout-multiplier 4
  run_tests clang fuzz --suite fuzz
  run_tests clang tidy clang-tidy
}

# The same tests where GStreamer, compiler and everything else are years younger.
test_newer() {
  local label there=$root/$newer-build log=$root/$newer.log
  say "Debian's $newer in $root/$newer"
  tests/debian_root.sh "$root/$newer" "$newer" "$there" -- env REC_BUILD_ROOT="$there" ${REC_LONG:+REC_LONG=1} \
    tests/run.sh --suite unit --suite element --suite pipeline >"$log" 2>&1 </dev/null ||
    say "something failed there: see $log"
  sed -n 's/^/    /; /^    \[/p' "$log"
  for label in unit element pipeline; do
    if [ -f "$there/gcc/meson-logs/gcc-$label.json" ]; then
      logs+=("$there/gcc/meson-logs/gcc-$label.json")
    else
      step_failed "no $label test ran in Debian's $newer: see $log"
    fi
  done
}

run_bench() {
  say "measuring"
  meson devenv -C "$root/gcc" env PYTHONDONTWRITEBYTECODE=1 python3 "$PWD/tests/bench/run.py" ${REC_LONG:+--long} \
    --json "$root/bench.json" --folder "$root/bench" 2>"$root/bench.log" </dev/null ||
    step_failed "the benchmark: see $root/bench.log"
}

# What a stranger does first. It is one test.
test_quickstart() {
  say "test examples/quickstart.sh"
  if examples/quickstart.sh >"$root/quickstart.log" 2>&1 </dev/null; then
    steps_passed=$((steps_passed + 1))
  else
    tail -n 30 "$root/quickstart.log"
    step_failed "examples/quickstart.sh: see $root/quickstart.log"
  fi
}

if [ $install -eq 1 ]; then
  say "packages"
  install_all || { echo "0 passed, 1 failed" && exit 1; }
fi
test_gcc
if wants_all; then
  test_clang
fi
if wants integration && [ -f "$root/gcc/build.ninja" ]; then
  run_tests gcc integration --suite integration
  test_quickstart
fi
if [ -n "$newer" ]; then test_newer; fi
if [ $bench -eq 1 ]; then run_bench; fi

say "done"
summary=$(python3 tests/count.py "${logs[@]}")
echo "$summary" | sed '$d'
read -r passed _ failed rest <<<"$(echo "$summary" | tail -n 1 | tr -d ,)"
passed=$((passed + steps_passed))
failed=$((failed + steps_failed))
echo "$passed passed, $failed failed$(echo "${rest#failed}" | sed -E 's/ ([0-9]+) skipped/, \1 skipped/')"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
