# Kernel settings that the kubelet changes on the whole machine: read before, put back after.
# shellcheck shell=bash disable=SC2154

kernel_settings=(
    vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
    kernel.keys.root_maxkeys kernel.keys.root_maxbytes
)

remember_kernel() { [[ -f $live/kernel ]] || sysctl --ignore "${kernel_settings[@]}" >"$live/kernel"; }

restore_kernel() { [[ ! -f $live/kernel ]] || sysctl -q --load="$live/kernel" >/dev/null; }
