# The image that the others begin with: pulled, or made here where it cannot be.
# shellcheck shell=bash disable=SC2154

default_base=$(sed -n 's/^ARG BASE=//p' "$dockerfile")

# supply_base IMAGE: have it here. The default one has a stand-in; any other must be had.
supply_base() {
    has_base "$1" && return
    say "pulling $1"
    if "$engine" pull --quiet "$1" >"$kept/pull.log" 2>&1; then return; fi
    [[ $1 == "$default_base" ]] || die 69 "cannot pull $1: see $kept/pull.log"
    make_stand_in "$1"
}

has_base() { "$engine" inspect --type image "$1" >/dev/null 2>&1; }

# Debian's own Python on the Debian that the name ends in, under the real name, so that the Dockerfile builds unchanged. What
# is left out is what Debian's slim images leave out. A label tells it from the real one.
make_stand_in() {
    local files=$kept/stand-in.tar unwanted=() folder
    say "cannot be pulled; making a stand-in of Debian's own Python under that name"
    need mmdebstrap
    for folder in doc info locale man; do unwanted+=(--dpkgopt="path-exclude=/usr/share/$folder/*"); done
    # shellcheck disable=SC2016 # mmdebstrap's shell fills in $1
    mmdebstrap --quiet --variant=apt --include=python3,python3-venv,ca-certificates "${unwanted[@]}" \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*' \
        "${1##*-}" "$files" >"$kept/stand-in.log" 2>&1 || die 70 "no stand-in: see $kept/stand-in.log"
    "import_with_$engine" "$files" "$1" >>"$kept/stand-in.log" 2>&1 || die 70 "no stand-in: see $kept/stand-in.log"
    rm "$files"
}

path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

import_with_docker() {
    docker import --change "ENV PATH=$path" --change 'CMD ["python3"]' --change 'LABEL kvjob.stand-in=yes' "$@"
}

import_with_buildah() {
    local container
    container=$(buildah from scratch) &&
        buildah add --quiet "$container" "$1" / &&
        buildah config --env "PATH=$path" --cmd python3 --label kvjob.stand-in=yes "$container" &&
        buildah commit --quiet --rm "$container" "$2"
}
