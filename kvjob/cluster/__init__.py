"""Where a study runs on Kubernetes: its workflow, and what is asked of the cluster."""

from kvjob.cluster.items import train_items
from kvjob.cluster.study_template import study_template
from kvjob.cluster.workflow import show

__all__ = ["show", "study_template", "train_items"]
