"""A study as an Argo workflow: prepare, one pod per run, report, verdict."""

import json

from hera.workflows import (
    DAG,
    Container,
    EmptyDirVolume,
    NoneArchiveStrategy,
    Parameter,
    RetryStrategy,
    S3Artifact,
    Task,
    WorkflowTemplate,
    models,
)

from kvjob.cluster.names import ALARMED, KILLED, MAIN, RUN_LABEL, STUDY_LABEL, STUDY_TEMPLATE, TERMINATED
from kvjob.cluster.pods import SCRATCH, container
from kvjob.errors import ExitCode
from kvjob.records.budget import SUBMISSION

PARAMETERS = {
    "study": (
        "paper",
        "paper, all-experiments, one experiment's name, or a whole study as YAML.",
    ),
    "name": ("", "Name of the study in the store; its own if empty."),
    "preset": ("", "full, cpu or smoke; the study's own if empty."),
    "seeds": ("", "Replicates of every configuration; the study's own number if empty."),
    "only": ("", "Experiments to keep, separated by spaces; all if empty."),
    "set": ("", "Fields of the base configuration, FIELD=VALUE separated by spaces."),
    "data": (
        "kvasir",
        "kvasir (downloaded), synthetic:IMAGES, or store:KEY of a zip or folder there.",
    ),
}
"""Parameters of a study, their defaults and what they mean."""

GPU = "nvidia.com/gpu"
"""Name of the resource that a train pod asks one of."""

RETRIED = [int(code) for code in (ExitCode.CUDA_OOM, ExitCode.STORE, ExitCode.INTERRUPTED)]

RETRY = (
    f'lastRetry.status == "Error" || asInt(lastRetry.exitCode) in {[*RETRIED, KILLED, TERMINATED, ALARMED]}'
    ' || lastRetry.message matches "imminent node shutdown|pod deleted"'
)
"""What is tried again: a pod that vanished, or an exit code that says another attempt can succeed."""

RETRIES = 200
"""Attempts of a run beyond the first: a backstop, for pods that end before their trainer can judge.

The trainer knows why the attempts before it ended, and refuses when a cause has used up its budget; one that
gets on each time may be interrupted often, because each goes on after the last complete epoch.
"""

PARALLELISM = 8
"""Pods of one workflow at a time."""

METRICS_PORT = 9108
SECONDS_FOR_LAST_SCRAPE = 60
"""How long a finished pod stays, so that Prometheus can read its last values."""

LONGEST_RUN_SECONDS = 48 * 3600
SECONDS_KEPT = 7 * 24 * 3600
"""How long a finished workflow stays; what it made is in the store and stays."""


def study_template() -> WorkflowTemplate:
    """The WorkflowTemplate that runs any study; the chart lays its values over it."""
    with WorkflowTemplate(
        name=STUDY_TEMPLATE,
        entrypoint="study",
        arguments=[
            Parameter(name=name, value=default, description=text)
            for name, (default, text) in PARAMETERS.items()
        ],
        service_account_name="kvjob-run",
        parallelism=PARALLELISM,
        pod_gc=models.PodGC(strategy="OnPodCompletion", delete_delay_duration=f"{SECONDS_FOR_LAST_SCRAPE}s"),
        ttl_strategy=models.TTLStrategy(seconds_after_completion=SECONDS_KEPT),
        pod_metadata=models.Metadata(labels={"app.kubernetes.io/part-of": "kvjob"}),
        artifact_repository_ref=models.ArtifactRepositoryRef(config_map="kvjob-artifacts", key="kvjob"),
    ) as template:
        steps = _prepare(), _train(), _report(), _verdict()
        with DAG(name="study", fail_fast=False):
            _order(*steps)
    return template


def _order(prepare: Container, train: Container, report: Container, verdict: Container) -> None:
    study = "{{tasks.prepare.outputs.parameters.study}}"
    Task(name="prepare", template=prepare)
    Task(
        name="train",
        template=train,
        depends="prepare.Succeeded",
        with_param="{{tasks.prepare.outputs.parameters.runs}}",
        arguments={"study": study, "key": "{{item.key}}", "memory": "{{item.memory}}"},
    )
    # a report is made of whatever there is, whether all, some or none of the runs came to an end
    Task(
        name="report",
        template=report,
        depends="train.Succeeded || train.AnySucceeded || train.Skipped || train.Failed || train.Errored",
        arguments={"study": study},
    )
    # the workflow's phase is that of its last step, and this one fails if a run has no result
    Task(
        name="verdict",
        template=verdict,
        depends="report.Succeeded || report.Failed || report.Errored",
        arguments={"study": study},
    )


def _prepare() -> Container:
    options = [f"--{name}={{{{workflow.parameters.{name}}}}}" for name in PARAMETERS if name != "study"]
    return container(
        "prepare",
        "tools",
        [
            "prepare",
            "{{workflow.parameters.study}}",
            *options,
            "--namespace={{workflow.namespace}}",
            f"--out={SCRATCH}/plan",
        ],
        env=[models.EnvVar(name="KVJOB_GPUS", value="1")],
        outputs=[
            Parameter(name="study", value_from=models.ValueFrom(path=f"{SCRATCH}/plan/study")),
            Parameter(name="runs", value_from=models.ValueFrom(path=f"{SCRATCH}/plan/runs.json")),
        ],
        resources=_resources("500m", "2Gi"),
        service_account_name="kvjob-prepare",
        retry_strategy=_retry(3),
    )


def _train() -> Container:
    key = "{{inputs.parameters.key}}"
    return container(
        "train",
        "trainer",
        ["train", key, "--study={{inputs.parameters.study}}", f"--metrics-port={METRICS_PORT}"],
        # whoever submits again has mended what was wrong, so that causes have their budgets anew
        env=[models.EnvVar(name=SUBMISSION, value="{{workflow.uid}}"), _own_name()],
        inputs=[Parameter(name=name) for name in ("study", "key", "memory")],
        labels={STUDY_LABEL: "{{inputs.parameters.study}}", RUN_LABEL: key},
        resources=_resources("1", "4Gi", {GPU: "1"}),
        pod_spec_patch=_memory_patch("{{inputs.parameters.memory}}"),
        ports=[models.ContainerPort(name="metrics", container_port=METRICS_PORT)],
        volumes=[
            EmptyDirVolume(
                name="shm",
                mount_path="/dev/shm",  # noqa: S108  (shared memory of the pod's own, counted in its limit)
                medium="Memory",
                size_limit=models.Quantity(root="1Gi"),
            ),
        ],
        # the taint by which nodes with GPUs keep other pods away
        tolerations=[models.Toleration(key=GPU, operator="Exists", effect="NoSchedule")],
        active_deadline_seconds=LONGEST_RUN_SECONDS,
        # ever the same wait: one that doubles overflows in Argo at the 32nd retry, and is none from there on
        retry_strategy=_retry(RETRIES, wait="30s", factor="1"),
        # two workflows that share a run: the second waits without a pod, and then finds the result
        synchronization=models.Synchronization(mutexes=[models.Mutex(name=f"kvjob-run-{key}")]),
    )


def _own_name() -> models.EnvVar:
    """By which the attempt's record and what the cluster tells of its pod find each other."""
    name = models.EnvVarSource(field_ref=models.ObjectFieldSelector(field_path="metadata.name"))
    return models.EnvVar(name="KVJOB_POD", value_from=name)


def _report() -> Container:
    study = "{{inputs.parameters.study}}"
    return container(
        "report",
        "tools",
        ["report", study, f"--out={SCRATCH}/report", "--publish"],
        inputs=[Parameter(name="study")],
        outputs=[
            S3Artifact(
                name="report",
                path=f"{SCRATCH}/report",
                archive=NoneArchiveStrategy(),
                key=f"studies/{study}/workflows/{{{{workflow.name}}}}/report/",
            )
        ],
        labels={STUDY_LABEL: study},
        resources=_resources("500m", "2Gi"),
        retry_strategy=_retry(3),
    )


def _verdict() -> Container:
    study = "{{inputs.parameters.study}}"
    return container(
        "verdict",
        "tools",
        ["verdict", study],
        inputs=[Parameter(name="study")],
        labels={STUDY_LABEL: study},
        resources=_resources("200m", "512Mi"),
        retry_strategy=_retry(3),
    )


def _resources(cpu: str, memory: str, devices: dict[str, str] | None = None) -> models.ResourceRequirements:
    """A share of the cores, which may be exceeded, and memory and devices, which may not."""
    requests = {"cpu": cpu, "memory": memory}
    limits = {"memory": memory, **(devices or {})}
    return models.ResourceRequirements(
        requests={name: models.Quantity(root=amount) for name, amount in requests.items()},
        limits={name: models.Quantity(root=amount) for name, amount in limits.items()},
    )


def _memory_patch(memory: str) -> str:
    resources = {"limits": {"memory": memory}, "requests": {"memory": memory}}
    return json.dumps({"containers": [{"name": MAIN, "resources": resources}]})


def _retry(limit: int, wait: str = "5s", factor: str = "2") -> RetryStrategy:
    """Retries after a wait; a limit on their whole duration would cut off runs of hours."""
    return RetryStrategy(
        limit=str(limit),
        retry_policy="Always",
        expression=RETRY,
        backoff=models.Backoff(duration=wait, factor=models.IntOrString(root=factor), cap="5m"),
    )
