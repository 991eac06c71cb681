"""Where a study runs on Kubernetes: its workflow, and what is asked of the cluster.

Its faces are modules, so that asking a cluster does not wait for Hera's second of imports: `workflow` and
`study_template` for the manifests; `connect`, `namespace_store`, `look` and `preflight` for the cluster;
`items` for what a workflow fans out over.
"""
