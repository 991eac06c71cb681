# All that the commands of this folder share; each sources this file first.
# shellcheck shell=bash disable=SC2154
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$here/lib/say.sh"
source "$here/lib/place.sh"
source "$here/lib/pins.sh"
source "$here/lib/process.sh"
source "$here/lib/enclosure.sh"
source "$here/lib/groups.sh"
source "$here/lib/kernel.sh"
source "$here/lib/identities.sh"
source "$here/lib/parts.sh"
source "$here/lib/images.sh"
source "$here/lib/argo.sh"
source "$here/lib/traces.sh"
source "$here/lib/teardown.sh"

require_root() {
    ((EUID == 0)) || die 69 "needs root, for namespaces and mounts: sudo ${0}"
}

# One command changes the cluster at a time; a second waits for the first.
one_at_a_time() {
    mkdir -p "$place"
    exec 9>"$place/lock"
    flock -w 300 9 || die 70 "another command has held $place/lock for five minutes"
}

is_up() { joined && [[ -f $kubeconfig ]]; }
require_up() { is_up || die 69 "no cluster is up: run $here/up"; }
