# The programs of the operating system that the cluster stands on.
# shellcheck shell=bash disable=SC2154

declare -A package_of=(
    [containerd]=containerd [ctr]=containerd [runc]=runc [/usr/lib/cni/ptp]=containernetworking-plugins
    [iptables]=iptables [ip]=iproute2 [openssl]=openssl [sysctl]=procps [/bin/busybox]=busybox-static
    [nsenter]=util-linux [mount]=mount [python3]=python3
)

missing_packages() {
    local program
    for program in "${!package_of[@]}"; do
        command -v "$program" >/dev/null || echo "${package_of[$program]}"
    done | sort -u
}

require_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} > 0)); then
        command -v apt-get >/dev/null || die 69 "install what Debian calls ${missing[*]}, then run this again"
        say "installing ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$place/apt.log" 2>&1 ||
            die 69 "could not install ${missing[*]}: see $place/apt.log"
    fi
    # In an image of its own, a program that needs the machine's libraries finds none.
    ! ldd /bin/busybox >/dev/null 2>&1 || die 69 "/bin/busybox is not static: install busybox-static"
}
