"""Grafana dashboards as code; `python -m charts.dashboards` renders them into the chart.

One file per dashboard (`study`, `run`, `fleet`); `panels` builds what they are made of, `promql` what they
ask, `metrics` says what can be asked for.
"""
