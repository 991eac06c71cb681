"""Pictures of dashboards: the panels where Grafana would put them, with what Prometheus answered."""
