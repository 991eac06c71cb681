"""What a cluster calls things: agreed between the workflow, the chart, and whoever looks at either."""

STUDY_TEMPLATE = "kvjob-study"
"""WorkflowTemplate of a study; every file of `workflows/` refers to it."""

STORE = "kvjob-store"
"""ConfigMap with the store's address, and Secret with its credentials unless an annotation names another."""

STEP_LABEL, STUDY_LABEL, RUN_LABEL = "kvjob/step", "kvjob/study", "kvjob/run"
"""Labels of a study's pods; only those that train have a run."""

MAIN = "main"
"""Container of a pod that runs kvjob; Argo adds others."""

ARGO_GROUP, ARGO_VERSION = "argoproj.io", "v1alpha1"
"""API of Argo's objects."""

KILLED, TERMINATED, ALARMED = 137, 143, 142
"""Exit codes that signals leave of a process that could not choose one of its own; the alarm is its
watchdog's."""
