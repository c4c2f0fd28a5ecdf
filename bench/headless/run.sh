#!/bin/sh
# Runs Tilewise's kernel tests and benchmarks on a Linux machine (x86-64) that has nothing but a GPU driver.
# Keep it beside tilewise-headless.tar.gz, or use the copy that is inside.
set -eu

usage() {
  cat <<'TEXT'
usage: run.sh [options]
  --out DIR         where the JSON files go (default: results)
  --machine NAME    a name for this machine, in the file names and the JSON (default: its host name)
  --quick           fewer and smaller benchmarks
  --tests-only      no benchmarks
  --bench-only      no tests
  --only PATTERN    tests and benchmarks whose name holds this
  --software        use the bundled software adapter (SwiftShader) and no GPU
The driver is the one that VK_DRIVER_FILES or VK_ICD_FILENAMES names, or every one found in the usual folders.
TEXT
}

out=results
machine=$(hostname 2>/dev/null || echo unknown)
tests=yes benches=yes quick='' only='' software=no
while [ $# -gt 0 ]; do
  case $1 in
    --out | --machine | --only)
      [ $# -gt 1 ] || { echo "error: $1 needs a value" >&2; exit 2; }
      case $1 in --out) out=$2 ;; --machine) machine=$2 ;; --only) only=$2 ;; esac
      shift
      ;;
    --quick) quick=--quick ;;
    --tests-only) benches=no ;;
    --bench-only) tests=no ;;
    --software) software=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "error: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
name=$(printf %s "$machine" | tr -c 'A-Za-z0-9._-' '-')

here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "$here/bin/node" ]; then
  if [ ! -x "$here/tilewise-headless/bin/node" ]; then
    [ -f "$here/tilewise-headless.tar.gz" ] || { echo "error: $here/tilewise-headless.tar.gz is missing" >&2; exit 2; }
    echo "unpacking tilewise-headless.tar.gz"
    tar -xzf "$here/tilewise-headless.tar.gz" -C "$here"
  fi
  here=$here/tilewise-headless
fi

# True where the system's linker finds a library of this name.
has_library() {
  { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null || true; } | grep -qF "$1" && return 0
  for folder in $(echo "${LD_LIBRARY_PATH:-}" | tr : ' ') /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /usr/local/lib /usr/local/nvidia/lib64; do
    [ -e "$folder/$1" ] && return 0
  done
  return 1
}

if ! has_library libvulkan.so.1; then
  echo "note: this machine has no Vulkan loader (libvulkan.so.1, package libvulkan1); the bundled one is used"
  export LD_LIBRARY_PATH="$here/vulkan${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
if [ -d /usr/local/nvidia/lib64 ]; then
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64"
fi

drivers=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
if [ "$software" = yes ]; then
  drivers=$here/vulkan/vk_swiftshader_icd.json
elif [ -z "$drivers" ]; then
  for folder in "${HOME:-/nonexistent}/.local/share/vulkan/icd.d" /etc/vulkan/icd.d /usr/local/etc/vulkan/icd.d \
    /usr/local/share/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/nvidia/share/vulkan/icd.d \
    /run/opengl-driver/share/vulkan/icd.d /usr/lib/x86_64-linux-gnu/GL/vulkan/icd.d; do
    for file in "$folder"/*.json; do
      [ -f "$file" ] && drivers=${drivers:+$drivers:}$file
    done
  done
fi
if [ -z "$drivers" ]; then
  echo "error: no Vulkan driver was found: no .json file in the usual icd.d folders" >&2
  echo "hint: install the GPU's Vulkan driver, name its file in VK_DRIVER_FILES, or try --software" >&2
  exit 3
fi
for file in $(echo "$drivers" | tr : ' '); do
  if [ ! -f "$file" ]; then
    echo "error: the driver file $file does not exist" >&2
    exit 3
  fi
  library=$(sed -n 's/.*"library_path"[^"]*"\([^"]*\)".*/\1/p' "$file" | head -n 1)
  case $library in
    /*) [ -e "$library" ] || echo "note: $file names $library, which does not exist" ;;
    */*) [ -e "$(dirname "$file")/$library" ] || echo "note: $file names $library, which does not exist" ;;
    *) has_library "$library" || echo "note: $file names $library, which the system's linker does not find" ;;
  esac
done
export VK_DRIVER_FILES="$drivers" VK_ICD_FILENAMES="$drivers"
echo "machine: $machine"
echo "drivers: $drivers"

mkdir -p "$out"
code=0
if [ "$tests" = yes ]; then
  "$here/bin/node" "$here/app/dist/checks.js" ${only:+--only "$only"} --machine "$machine" --json "$out/$name.tests.json" || code=$?
fi
if [ "$benches" = yes ]; then
  "$here/bin/node" "$here/app/dist/cli.js" bench $quick ${only:+--only "$only"} --machine "$machine" --json "$out/$name.json" || code=$?
fi
exit $code
