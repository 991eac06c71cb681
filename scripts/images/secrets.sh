# How this machine reaches package indexes, for a build to do the same: certificates, and pip's and uv's settings.
# They go as secrets, which exist while a step runs and are in no layer.
# shellcheck shell=bash

# secret_options FOLDER: the builder's options, one a line; what has to be written for them goes into FOLDER.
secret_options() {
    secret certificates "$(first_file "${SSL_CERT_FILE:-}" \
        /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt)"
    pip_settings >"$1/pip.conf"
    secret pip "$1/pip.conf"
    uv_settings >"$1/uv.toml"
    secret uv "$1/uv.toml"
}

secret() { [[ ! -s $2 ]] || printf -- '--secret\nid=%s,src=%s\n' "$1" "$2"; }

# The variable wins over the file, as it does for pip. The certificates are elsewhere in the image.
pip_settings() {
    if [[ -n ${PIP_INDEX_URL:-} ]]; then
        printf '[global]\nindex-url = %s\n' "$PIP_INDEX_URL"
    else
        first_file "${PIP_CONFIG_FILE:-}" ~/.config/pip/pip.conf ~/.pip/pip.conf /etc/pip.conf |
            xargs -r -d '\n' sed -E '/^[[:space:]]*cert[[:space:]]*=/d'
    fi
}

uv_settings() {
    if [[ -n ${UV_DEFAULT_INDEX:-} ]]; then
        printf '[[index]]\nurl = "%s"\ndefault = true\n' "$UV_DEFAULT_INDEX"
    else
        first_file "${UV_CONFIG_FILE:-}" ~/.config/uv/uv.toml /etc/uv/uv.toml | xargs -r -d '\n' cat
    fi
}

first_file() {
    local file
    for file in "$@"; do
        if [[ -f $file ]]; then
            echo "$file"
            return
        fi
    done
}
