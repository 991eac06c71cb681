# What the cluster is built from, at which versions, and where each build is kept.
# shellcheck shell=bash disable=SC2034,SC2154

modules=$here/modules
kube_version=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ { print $2; exit }' "$modules/kube/go.mod")
# The newest Argo whose Go module the checksum database vouches for; the images are named by it too.
argo_version=$(awk '/workflow-controller/ && match($0, /v[0-9.]+/) { print substr($0, RSTART, RLENGTH) }' \
    "$here/argo/kustomization.yaml")
helm_version=v3.18.4
kwok_version=v0.7.0

components=(kube coredns minio mc argo helm kwok)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvjob/cluster

# Same sources, same build: the key is a published version, or a hash of the files that go in.
hash_of() { cat "$@" | sha256sum | cut -c1-12; }
declare -A build_of=(
    [kube]=kube-$kube_version-$(hash_of "$modules"/kube/go.* "$modules"/kube/*.go "$modules"/kube/*/*.go)
    [coredns]=coredns-$(hash_of "$modules"/coredns/*)
    [minio]=minio-$(hash_of "$here"/../minio/go.*)
    [mc]=mc-$(hash_of "$modules"/mc/*)
    [argo]=argo-$argo_version
    [helm]=helm-$helm_version
    [kwok]=kwok-$kwok_version
)

# One folder with a link to every binary at these versions: a single entry for PATH.
bin=$cache/bin-$(printf '%s\n' "${build_of[@]}" | sort | sha256sum | cut -c1-12)

# What a component's build leaves, as files under its folder.
declare -A binaries_of=(
    [kube]="kube pause kubectl" [coredns]=coredns [minio]=minio [mc]=mc
    [argo]="argo argoexec workflow-controller" [helm]=helm [kwok]=kwok
)
argo_manifests=$cache/${build_of[argo]}/manifests

built() {
    local binary
    for binary in ${binaries_of[$1]}; do [[ -x $cache/${build_of[$1]}/$binary ]] || return 1; done
}

require_built() {
    local component missing=()
    for component in "$@"; do built "$component" || missing+=("$component"); done
    ((${#missing[@]} == 0)) || die 69 "not built yet: ${missing[*]}; run $here/build"
}

link_binaries() {
    local component binary
    mkdir -p "$bin"
    for component in "${components[@]}"; do
        built "$component" || continue
        for binary in ${binaries_of[$component]}; do
            ln -sfn "$cache/${build_of[$component]}/$binary" "$bin/$binary"
        done
    done
}
