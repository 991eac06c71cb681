# What the commands of this folder share.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

commands=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$commands/../.." && pwd)
source "$checkout/scripts/cluster/lib/say.sh"

dockerfile=$checkout/images/Dockerfile
version=$(sed -nE 's/^__version__ = "(.+)"$/\1/p' "$checkout/kvjob/__init__.py")
kept=${XDG_CACHE_HOME:-$HOME/.cache}/kvjob/images # logs, and what is on its way

# Docker's client alone builds nothing.
engine=buildah
if docker info >/dev/null 2>&1; then engine=docker; fi

# image NAME: as every engine and cluster calls it, whatever registry it takes a short name for.
image() { echo "docker.io/kvjob/$1:$version"; }

# wanted ARGUMENT…: the images that are asked for, or all of them.
wanted() {
    local name
    (($# > 0)) || set -- tools trainer
    for name in "$@"; do
        [[ $name == tools || $name == trainer ]] || die 78 "no image is called $name: tools trainer"
    done
    echo "$@"
}

# Two builds at once would make the same layers twice.
one_at_a_time() {
    mkdir -p "$kept"
    exec 9>"$kept/lock"
    flock -w 1800 9 || die 70 "another command has held $kept/lock for half an hour"
}

# need PROGRAM…: those that are missing come from the Debian package of the same name.
need() {
    local program missing=()
    for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
    ((${#missing[@]} > 0)) || return 0
    command -v apt-get >/dev/null || die 69 "install ${missing[*]}, then run this again"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$kept/apt.log" 2>&1 ||
        die 69 "could not install ${missing[*]}: see $kept/apt.log"
}
