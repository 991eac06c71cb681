# Argo's controller, from the manifests of its own module.
# shellcheck shell=bash disable=SC2154

# All that Argo is installed from; what says which of it a cluster has is an annotation on the controller.
argo_key() { echo "$argo_version-$(hash_of "$here"/argo/* "$here/lib/argo.sh")"; }

install_argo() {
    local key manifests
    key=$(argo_key)
    [[ $(installed_argo) != "$key" ]] || return 0
    manifests=$cache/argo-install-$key
    [[ -d $manifests ]] || render_argo "$key" "$manifests"
    # The definitions of its resources, 11 MB, cost the API server most of the time that `up` takes: side by
    # side they cost half of it.
    find "$manifests/first" -type f -print0 |
        xargs -0 -n 1 -P 4 "$tools/kubectl" --kubeconfig "$kubeconfig" apply "${as_owner[@]}" --filename >/dev/null
    kubectl apply "${as_owner[@]}" --filename "$manifests" >/dev/null
}

as_owner=(--server-side --force-conflicts)

installed_argo() {
    kubectl --namespace argo get deployment workflow-controller --ignore-not-found \
        --output 'jsonpath={.metadata.annotations.kvjob/install}'
}

# Argo's server is for its UI, which is not part of the Go module: the command line asks the API server itself.
render_argo() {
    local work
    work=$(mktemp -d)
    cp -r "$argo_manifests" "$work/manifests"
    cp -r "$here/argo" "$work/ours"
    cat >"$work/kustomization.yaml" <<EOF
resources: [manifests/cluster-install]
components: [ours]
patches:
- target: {kind: Deployment, name: argo-server}
  patch: '[{"op": "replace", "path": "/spec/replicas", "value": 0}]'
- target: {kind: Deployment, name: workflow-controller}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"kvjob/install": "$1"}}]'
EOF
    mkdir -p "$work/out/first"
    "$tools/kubectl" kustomize "$work" --output "$work/out"
    mv "$work"/out/*_customresourcedefinition_* "$work"/out/v1_namespace_* "$work/out/first"
    mv "$work/out" "$2"
    rm -r "$work"
}

argo_ready() { kubectl --namespace argo rollout status deployment/workflow-controller --timeout 1s; }
