# Configuring and building, for tests/run, tests/benchmark/run and the apps' scripts. Sourced, not run:
#
#   source tests/lib/build.sh        (root of the tree in $braid_root)
#   braid_build PRESET [TARGET...]   configures build/PRESET and builds the targets (all without one)
#   braid_has_target PRESET TARGET   after a configure: whether there is such a target

braid_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# A shared machine is left usable: one job a processor, and CI systems may say how many (CMAKE_BUILD_PARALLEL_LEVEL).
braid_jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

braid_configure() {
  local preset=$1 log=$braid_root/build/$1/configure.log
  mkdir -p "$braid_root/build/$preset"
  if ! (cd "$braid_root" && cmake --preset "$preset") >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "configuring $preset failed (above: why)" >&2
    return 1
  fi
}

braid_has_target() {
  ninja -C "$braid_root/build/$1" -t query "$2" >/dev/null 2>&1
}

# Progress comes as every tenth of the steps, so that a log stays short and a watcher sees that it lives. What the
# compiler says is printed as it is, without its command line.
braid_build() {
  local preset=$1
  shift
  braid_configure "$preset" || return 1
  NINJA_STATUS='[%f/%t] ' ninja -C "$braid_root/build/$preset" -j"$braid_jobs" "$@" </dev/null 2>&1 | awk '
    /^ninja: (Entering directory|no work to do)/ { next }
    /^\[[0-9]+\/[0-9]+\] / {
      split(substr($1, 2), step, /[\/\]]/)
      if (step[2] < 2 || $0 ~ /Re-checking globbed|Re-running CMake/) next
      tenth = int(step[1] * 10 / step[2])
      if (tenth != last || step[1] == step[2]) { print "  " $1 " " preset; fflush() }
      last = tenth
      next
    }
    /^-- / || /^[^ ]*cmake -E env / { next }
    { print; fflush() }' preset="$preset"
  return "${PIPESTATUS[0]}"
}
