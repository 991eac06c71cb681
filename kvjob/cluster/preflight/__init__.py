"""A look before the start: can the cluster train a study's runs, and is its store there."""

from kvjob.cluster.preflight.check import check_cluster, check_store
from kvjob.cluster.preflight.finding import Finding, exit_code, require

__all__ = ["Finding", "check_cluster", "check_store", "exit_code", "require"]
