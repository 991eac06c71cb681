"""What every pod of a study has in common: image, store, security, and a place to write."""

from typing import Any

from hera.workflows import Container, EmptyDirVolume, models

from kvjob import __version__
from kvjob.cluster.names import STEP_LABEL, STORE

IMAGES = {"tools": f"kvjob/tools:{__version__}", "trainer": f"kvjob/trainer:{__version__}"}
"""Images by what they hold: everything but torch, and everything."""

USER = 10001
"""Uid and gid of the images' user."""

SCRATCH = "/tmp"  # noqa: S108  (a volume of the pod's own, the only place it can write)


def container(name: str, image: str, command: list[str], **more: Any) -> Container:
    """A template whose one container runs kvjob, within the `restricted` pod security standard.

    The root file system is read-only; SCRATCH is a volume of the pod's own. kvjob is the container's process,
    with no shell in between that could swallow a signal. What it says of a failure becomes the pod's message,
    which is what `argo get` shows.

    Args:
        name: of the template, and the pod's step.
        image: one of IMAGES.
        command: verb, arguments and options of kvjob.
        more: fields of hera's Container; env, labels and volumes are added to those of every pod.
    """
    return Container(
        name=name,
        image=IMAGES[image],
        image_pull_policy="IfNotPresent",
        command=["kvjob", *command],
        labels={STEP_LABEL: name, **more.pop("labels", {})},
        env_from=[
            models.EnvFromSource(config_map_ref=models.ConfigMapEnvSource(name=STORE)),
            models.EnvFromSource(secret_ref=models.SecretEnvSource(name=STORE)),
        ],
        env=[*_environment(image), *more.pop("env", [])],
        volumes=[EmptyDirVolume(name="scratch", mount_path=SCRATCH), *more.pop("volumes", [])],
        security_context=models.SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=models.Capabilities(drop=["ALL"]),
        ),
        pod_security_context=models.PodSecurityContext(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER,
            seccomp_profile=models.SeccompProfile(type="RuntimeDefault"),
        ),
        termination_message_policy="FallbackToLogsOnError",
        **more,
    )


def _environment(image: str) -> list[models.EnvVar]:
    node = models.EnvVarSource(field_ref=models.ObjectFieldSelector(field_path="spec.nodeName"))
    return [
        models.EnvVar(name="HOME", value=SCRATCH),
        models.EnvVar(name="KVJOB_CACHE", value=f"{SCRATCH}/cache"),
        models.EnvVar(name="KVJOB_IMAGE", value=IMAGES[image]),
        models.EnvVar(name="KVJOB_LAST_WORDS", value="/dev/termination-log"),
        models.EnvVar(name="KVJOB_NODE", value_from=node),
    ]
