# How each component is built. A build fills an empty folder, its first argument.
# shellcheck shell=bash disable=SC2154

export CGO_ENABLED=0 # so that a binary needs nothing of the machine it runs on, nor of an image
small=(-ldflags "-s -w")

build_kube() {
    local version=k8s.io/component-base/version major minor
    IFS=. read -r major minor _ <<<"${kube_version#v}"
    go build -C "$modules/kube" -ldflags "-s -w -X $version.gitVersion=$kube_version -X $version.gitMajor=$major
        -X $version.gitMinor=$minor" -o "$1/kube" .
    go build -C "$modules/kube" "${small[@]}" -o "$1/pause" ./pause
    ln -s kube "$1/kubectl"
}

build_coredns() { go build -C "$modules/coredns" "${small[@]}" -o "$1/coredns" .; }
build_mc() { go build -C "$modules/mc" "${small[@]}" -o "$1/mc" github.com/minio/mc; }
build_helm() { GOBIN=$1 go install "${small[@]}" "helm.sh/helm/v3/cmd/helm@$helm_version"; }
build_kwok() { GOBIN=$1 go install "${small[@]}" "sigs.k8s.io/kwok/cmd/kwok@$kwok_version"; }

# The integration tests start the same server.
build_minio() {
    local server
    server=$("$here/../minio/build")
    ln -s "$server" "$1/minio"
}

# The published module lacks two files that its commands do not build without: a symbolic link, which modules
# cannot hold, and the UI, which is built elsewhere. Both go into a copy of it.
build_argo() {
    local module=github.com/argoproj/argo-workflows/v4 source copy
    source=$(go mod download -C "$1" -json "$module@$argo_version" | awk -F'"' '$2 == "Dir" { print $4 }')
    copy=$1/source
    cp -r "$source" "$copy"
    chmod -R u+w "$copy"
    cp "$copy"/workflow/executor/osspecific/signal_{darwin,linux}.go
    mkdir -p "$copy/ui/dist/app"
    echo "<p>The UI is not part of this build." >"$copy/ui/dist/app/index.html"
    go build -C "$copy" -ldflags "-s -w -X $module.version=$argo_version" -o "$1/" \
        ./cmd/workflow-controller ./cmd/argoexec ./cmd/argo
    mv "$copy/manifests" "$1/manifests"
    rm -r "$copy"
}

# build COMPONENT: a folder appears under its key when it is whole, never before.
build() {
    local folder=$cache/${build_of[$1]} since=$EPOCHREALTIME part
    command -v go >/dev/null ||
        die 69 "$1 is not built and Go is not installed: install Go 1.25 or newer (https://go.dev/dl)"
    say "building ${build_of[$1]}"
    mkdir -p "$cache"
    part=$(mktemp -d "$cache/.$1.XXXXXX")
    try_build "$1" "$part"
    chmod 755 "$part"
    rm -rf "$folder"
    mv "$part" "$folder"
    say "  $(elapsed "$since")"
}

# In the background, because errexit does not hold inside a command whose failure is caught.
try_build() {
    local log
    log=$(mktemp)
    "build_$1" "$2" >"$log" 2>&1 &
    if ! wait $!; then
        rm -rf "$2"
        die 70 "$1 did not build; the end of $log:"$'\n'"$(tail -n 15 "$log")"
    fi
    rm "$log"
}
