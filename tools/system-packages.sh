#!/usr/bin/env bash
# Installs the few Debian or Ubuntu packages that Qt and the window tests need; does nothing elsewhere or when all are there.
set -euo pipefail

packages=(
  libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libfontconfig1 libdbus-1-3 libglib2.0-0
  libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0
  libxcb-randr0 libxcb-xkb1 fonts-dejavu-core fonts-wqy-zenhei
)
[ "${1:-}" = "--with-x-server" ] && packages+=(xvfb xdotool)
# For benchmarks/canvas_race.py: napari draws with OpenGL, here Mesa's in software; labelme with Qt 5.
[ "${1:-}" = "--with-peers" ] && packages+=(xvfb libgl1-mesa-dri libglx-mesa0 libxcb-render0 libxcb-shm0)

command -v dpkg-query >/dev/null 2>&1 || exit 0
missing=()
for package in "${packages[@]}"; do
  # Newer releases rename a library with a t64 suffix; either name will do.
  dpkg-query -W -f='${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "Please install these packages first: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
