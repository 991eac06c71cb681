# The images that the cluster itself needs, made of what was built here: no registry is asked for anything.
# shellcheck shell=bash disable=SC2154

# Each has the name that the world pulls it by, so that a manifest or chart needs no second set of names.
# MinIO's is its last published tag; the server inside is a later source than any image of it.
minio_image=quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z

supply_images() {
    local present
    present=$(ctr images ls -q)
    supply localhost/pause:1 --user 65535 --entrypoint /pause "/pause=$bin/pause"
    supply "quay.io/argoproj/workflow-controller:$argo_version" --user 8737 \
        --entrypoint workflow-controller "/bin/workflow-controller=$bin/workflow-controller"
    supply "quay.io/argoproj/argoexec:$argo_version" --user 8737 \
        --entrypoint argoexec "/bin/argoexec=$bin/argoexec"
    supply "$minio_image" --entrypoint minio "/usr/bin/minio=$bin/minio" "/usr/bin/mc=$bin/mc"
    supply docker.io/library/busybox:1 --command sh /bin/busybox=/bin/busybox --busybox /bin/busybox
    drop_unnamed_images
}

# supply NAME ARGUMENTS OF image.py…: import it, unless the same files were imported under that name before.
supply() {
    local name=$1 mark=$store/supplied/${1//\//_} files=() argument from
    shift
    for argument in "$@"; do [[ $argument != /*=* ]] || files+=("${argument#*=}"); done
    from=$(echo "$*"; realpath "${files[@]}" | xargs stat -c '%n %s %Y'; sha256sum <"$here/image.py")
    if [[ -f $mark && $(<"$mark") == "$from" ]] && grep -qxF "$name" <<<"$present"; then return; fi
    say "  importing $name"
    python3 "$here/image.py" "$name" "$@" | ctr images import - >/dev/null
    mkdir -p "$store/supplied"
    echo "$from" >"$mark"
}

# A name that moves to a new image leaves the old one behind under its digest alone; the kubelet, told to throw
# no image away, would keep gigabytes of them.
drop_unnamed_images() {
    ctr images ls | awk 'NR > 1 && $1 ~ /^sha256:/ { unnamed[$1] = $3 }
        NR > 1 && $1 !~ /^sha256:/ { named[$3] = 1 }
        END { for (image in unnamed) if (!(unnamed[image] in named)) print image }' |
        while read -r image; do ctr images rm "$image" >/dev/null; done
}
