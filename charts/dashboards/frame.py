"""What is around the panels: variables, links, annotations, and the grid."""

import warnings
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as query_model

from charts.dashboards.panels import DATASOURCE, ask
from charts.dashboards.promql import ENDED, INTERRUPTED, STUDY, by

with warnings.catch_warnings():
    # the newer form of dashboards is not yet what files and sidecars of most installations take
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import dashboard as build

TAG = "kvjob"
STORY = "60s"
"""Shortest time from one look for an event to the next. Grafana takes longer steps for long ranges; the step
that it takes is `$__interval`."""
FEW = 60
"""Runs of a study up to which each end is marked; beyond, the marks would cover the curves."""

Section = tuple[str, Sequence[Any]]
"""Title of a row, and its panels; without a title no row is drawn."""


def dashboard(uid: str, title: str, says: str, variables: Sequence[Any], sections: Sequence[Section]) -> Any:
    """A dashboard with numbered panels, laid out from left to right.

    Args:
        uid: by which links find it.
        title: what people call it.
        says: what it is for.
        variables: chosen at its top.
        sections: its panels.
    """
    made = (
        build.Dashboard(title)
        .uid(uid)
        .description(says)
        .tags([TAG])
        .timezone("browser")
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_others())
    )
    for variable in variables:
        made = made.with_variable(variable)
    for heading, panels in sections:
        if heading:
            made = made.with_row(build.Row(heading))
        for panel in panels:
            made = made.with_panel(panel)
    whole = made.build()
    whole.annotations = model.AnnotationContainer(list_val=[])
    for place, panel in enumerate(whole.panels or [], 1):
        panel.id_val = place
    return whole


def _others() -> build.DashboardLink:
    """Links to the other dashboards, which take study and time range along."""
    return (
        build.DashboardLink("kvjob")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )


def datasource() -> build.DatasourceVariable:
    """Which Prometheus."""
    return build.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def choice(name: str, query: str, *, several: bool = True, regex: str = "") -> build.QueryVariable:
    """A variable with what a query finds in the time range; several of them, or all, may be chosen."""
    kind = 3 if query.startswith("query_result(") else 1  # what Grafana calls queries of variables
    made = (
        build.QueryVariable(name)
        .label(name.title())
        .datasource(DATASOURCE)
        .query({"qryType": kind, "query": query, "refId": f"variable-{name}"})
        .definition(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
        .regex(regex)
    )
    if several:
        everything = model.VariableOption(selected=True, text=["All"], value=["$__all"])
        made = made.multi(True).include_all(True).all_value(".+").current(everything)
    return made


def study(*, several: bool = False) -> build.QueryVariable:
    """Which study."""
    return choice("study", "label_values(kvjob_study_planned_runs, study)", several=several)


def levels_and_seeds() -> list[build.QueryVariable]:
    """Which experiments, levels and seeds of the study."""
    role = f'kvjob_run_roles{{{STUDY}, experiment=~"$experiment"}}'
    return [
        choice("experiment", f"label_values(kvjob_run_roles{{{STUDY}}}, experiment)"),
        choice("level", f"label_values({role}, level)"),
        choice("seed", f"label_values(kvjob_run_state{{{STUDY}}}, seed)"),
    ]


def marked(made: Any, where: str, *, each: bool) -> Any:
    """The dashboard with interruptions and ends of runs marked in every panel over time.

    Args:
        made: the dashboard.
        where: whose.
        each: whether ends are marked however many runs there are.
    """
    few = "" if each else f" and on () count(count by (run) (kvjob_run_state{{{where}}})) <= {FEW}"
    before = "offset $__interval"
    known = f"last_over_time(kvjob_attempts{{{where}}}[10m] {before})"
    stopped = f'kvjob_attempts{{{where}, cause=~"{INTERRUPTED}"}}'
    earlier = f"last_over_time({stopped}[10m] {before})"
    was = f"{by('cause')} ({earlier}) or 0 * {by('cause')} ({stopped})"
    interrupted = f"{by('cause')} ({stopped}) > ({was}) and on (study, run) {known}"
    over = f'kvjob_run_state{{{where}, state=~"{ENDED}"}}'
    under_way = f'kvjob_run_state{{{where}, state!~"{ENDED}"}} {before}'
    ended = f"{by('state')} ({over}) and on (study, run) {under_way}{few}"
    run = "{{experiment}} {{level}} seed {{seed}}"
    made.annotations = model.AnnotationContainer(
        list_val=[
            _annotation("Interruptions", "orange", interrupted, f"{{{{cause}}}}: {run}"),
            _annotation("Ends of runs", "green", ended, f"{{{{state}}}}: {run}"),
        ]
    )
    return made


def _annotation(name: str, color: str, expression: str, title: str) -> model.AnnotationQuery:
    query = ask("Anno", expression).interval(STORY).format(query_model.PromQueryFormat.TIME_SERIES).build()
    return model.AnnotationQuery(
        name=name,
        datasource=DATASOURCE,
        enable=True,
        icon_color=color,
        target=query,
        expr=expression,
        step=STORY,
        title_format=title,
        text_format="",
        tag_keys="",
    )
