"""Whether Argo Workflows is there and alive."""

from kubernetes import client

from kvjob.cluster.connect import Cluster, Object
from kvjob.cluster.names import ARGO_GROUP, ARGO_VERSION
from kvjob.cluster.preflight.finding import Finding, failure, ok
from kvjob.cluster.refusal import Absent

NEEDED = ("workflows", "workflowtemplates", "workflowtaskresults")
CONTROLLER = "workflow-controller"

GROWERS = ("karpenter.sh", "autoscaling.x-k8s.io")
"""API groups of autoscalers that add nodes when pods wait for them."""


def kinds(cluster: Cluster) -> Finding:
    """Whether the API server knows Argo's objects."""
    where = f"API group {ARGO_GROUP}"
    fix = "Install Argo Workflows in the cluster"
    try:
        found = cluster.ask("list Argo's kinds", cluster.custom.get_api_resources, ARGO_GROUP, ARGO_VERSION)
    except Absent:
        return failure("Argo Workflows is not installed", where, fix)
    names = {each["name"] for each in found.get("resources", [])}
    missing = [name for name in NEEDED if name not in names]
    if missing:
        return failure(f"has no {', '.join(missing)}", where, "Install all of Argo Workflows' CRDs")
    return ok("Argo Workflows is installed", where)


def controller(cluster: Cluster) -> Finding:
    """Whether Argo's controller runs."""
    found = cluster.ask(
        "list deployments of all namespaces",
        client.AppsV1Api(cluster.shared).list_deployment_for_all_namespaces,
    )
    return judge_controller([each for each in found["items"] if is_controller(each)])


def is_controller(deployment: Object) -> bool:
    """Whether a Deployment is Argo's controller, as its manifests or its chart label it."""
    labels = deployment["spec"]["template"]["metadata"].get("labels", {})
    return CONTROLLER in (labels.get("app"), labels.get("app.kubernetes.io/component"))


def judge_controller(found: list[Object]) -> Finding:
    """What the Deployments of Argo's controllers say."""
    where = f"Deployment {CONTROLLER}"
    if not found:
        return failure("there is none in any namespace", where, "Install Argo Workflows in the cluster")
    alive = [each for each in found if each.get("status", {}).get("availableReplicas")]
    names = ", ".join(
        f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in alive or found
    )
    if not alive:
        namespace = found[0]["metadata"]["namespace"]
        return failure(f"{names} has no pod that runs", where, f"See `kubectl get pods -n {namespace}`")
    return ok(f"{names} runs", where)


def grows(cluster: Cluster) -> bool:
    """Whether an autoscaler that the API server tells of may add nodes."""
    found = cluster.ask("list the API groups", client.ApisApi(cluster.shared).get_api_versions)
    return any(group["name"] in GROWERS for group in found.get("groups", []))
