# Where the cluster lives on this machine and what it is called.
# shellcheck shell=bash disable=SC2034

# `store` outlives the cluster: images are imported once. All else is under `live`, which goes down with it.
place=${KVJOB_CLUSTER:-/var/lib/kvjob-cluster}
store=$place/store
live=$place/live

node=kvjob-node
node_address=172.30.0.1 # inside the cluster's network namespace
host_address=172.30.0.254
link_network=172.30.0.0/24
pod_network=10.244.0.0/24
service_network=10.96.0.0/16
api_service_address=10.96.0.1

runtime=$live/run/containerd.sock
kubeconfig=$live/kubeconfig
# The binaries that the running cluster came up with: what is built since then must not mix with them.
tools=$live/bin
