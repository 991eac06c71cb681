"""Studies as metrics for Prometheus: from a trainer while it trains, from the exporter of all other runs."""

from kvjob.observe.exporter import serve_store
from kvjob.observe.fleet import Fleet, FleetLook
from kvjob.observe.meter import MeteredStore
from kvjob.observe.trainer import serve_run

__all__ = ["Fleet", "FleetLook", "MeteredStore", "serve_run", "serve_store"]
