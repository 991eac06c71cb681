# What the commands of this folder share.
# shellcheck shell=bash disable=SC2034,SC2154
set -euo pipefail

kind=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
here=$kind/../cluster # what scripts/cluster's own rooms call home
source "$here/lib/say.sh"
source "$here/lib/pins.sh"

name=kvjob
# A file of its own, so that nobody's ~/.kube/config is written to.
kubeconfig=${XDG_CACHE_HOME:-$HOME/.cache}/kvjob/kubeconfig-$name

# require PROGRAM WHERE_FROM
require() { command -v "$1" >/dev/null || die 69 "$1 is not installed: see $2"; }

print_env() {
    [[ -f $kubeconfig ]] || die 69 "no cluster is up: run $kind/$1"
    echo "export KUBECONFIG='$kubeconfig'"
}
