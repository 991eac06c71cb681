"""Panels: what all of one kind have in common."""

from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as query_model

from charts.dashboards.style import DASHED, PLAIN, Column, fixed, thresholds

DATASOURCE = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
Steps = tuple[tuple[float | None, str], ...]

LONGEST_GAP = 900_000
"""Milliseconds over which a line is drawn on: a run between two pods."""
PLENTY = 15
"""Lines that can be told apart in one panel; queries that may give more ask for the topmost."""


def ask(ref: str, expression: str, legend: str = "__auto", *, instant: bool = False) -> prometheus.Dataquery:
    """A query of a panel: over the time range, or as of its end."""
    query = prometheus.Dataquery().ref_id(ref).expr(expression).legend_format(legend).datasource(DATASOURCE)
    query = query.editor_mode(query_model.QueryEditorMode.CODE)
    return query.instant() if instant else query.range()


def as_of_end(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A query as of the end of the time range."""
    return ask(ref, expression, legend, instant=True)


def number(
    title: str,
    says: str,
    expression: str,
    unit: str,
    *,
    legend: str = "",
    decimals: int | None = None,
    steps: Steps = PLAIN,
    none: str = "–",
    wide: int = 3,
) -> stat.Panel:
    """One number as of the end of the time range; with a legend also what it is of."""
    mode = options.BigValueTextMode.VALUE_AND_NAME if legend else options.BigValueTextMode.VALUE
    panel = (
        stat.Panel()
        .title(title)
        .description(says)
        .datasource(DATASOURCE)
        .with_target(ask("A", expression, legend or title, instant=True))
        .unit(unit)
        .no_value(none)
        .thresholds(thresholds(*steps))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .text_mode(mode)
        .color_mode(options.BigValueColorMode.VALUE)
        .graph_mode(options.BigValueGraphMode.NONE)
        .justify_mode(options.BigValueJustifyMode.CENTER)
        .span(wide)
        .height(4)
    )
    return panel if decimals is None else panel.decimals(decimals)


def curves(
    title: str,
    says: str,
    unit: str,
    *queries: prometheus.Dataquery,
    wide: int = 8,
    high: int = 8,
    least: float | None = None,
    most: float | None = None,
    label: str = "",
    calc: str = "lastNotNull",
) -> timeseries.Panel:
    """Lines over time, the legend a table with the last value of each, the largest first."""
    legend = (
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.TABLE)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([calc])
        .sort_by("Last *" if calc == "lastNotNull" else calc.title())
        .sort_desc(True)
    )
    panel = (
        timeseries.Panel()
        .title(title)
        .description(says)
        .datasource(DATASOURCE)
        .targets(list(queries))
        .unit(unit)
        .no_value("nothing in this time range")
        .line_width(2)
        .fill_opacity(0)
        .show_points(options.VisibilityMode.NEVER)
        .span_nulls(LONGEST_GAP)
        .axis_label(label)
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds(thresholds(*PLAIN))
        .legend(legend)
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .span(wide)
        .height(high)
    )
    panel = panel if least is None else panel.min(least)
    return panel if most is None else panel.max(most)


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """The same with areas on top of each other, which may not be drawn over gaps."""
    stack = common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")
    return panel.stacking(stack).fill_opacity(60).line_width(1).span_nulls(False)


def baseline(panel: timeseries.Panel, ref: str) -> timeseries.Panel:
    """The same with the lines of query `ref` dashed and white: what the others are compared with."""
    return panel.override_by_query(ref, [fixed("text"), DASHED])


def bars(
    title: str,
    says: str,
    unit: str,
    *queries: prometheus.Dataquery,
    steps: Steps = ((None, "blue"),),
    decimals: int | None = None,
    least: float | None = None,
    most: float | None = None,
    wide: int = 8,
    high: int = 8,
    none: str = "none",
) -> bargauge.Panel:
    """A bar for each series as of the end of the time range."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(says)
        .datasource(DATASOURCE)
        .targets(list(queries))
        .unit(unit)
        .no_value(none)
        .thresholds(thresholds(*steps))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .value_mode(options.BarGaugeValueMode.COLOR)
        .name_placement(options.BarGaugeNamePlacement.LEFT)
        .show_unfilled(True)
        .span(wide)
        .height(high)
    )
    panel = panel if decimals is None else panel.decimals(decimals)
    panel = panel if least is None else panel.min(least)
    return panel if most is None else panel.max(most)


def rows(
    title: str,
    says: str,
    columns: list[Column],
    queries: dict[str, str],
    *,
    sort: tuple[str, bool],
    wide: int = 24,
    high: int = 10,
    hidden: tuple[str, ...] = (),
) -> table.Panel:
    """A table: the queries' answers merged where their labels agree, in pages.

    Args:
        title: of the panel.
        says: what it shows.
        columns: in their order.
        queries: by reference; all with the same labels, or some with one more.
        sort: name of a column, and whether the largest comes first.
        wide: columns of the grid.
        high: rows of the grid.
        hidden: labels and values that are no columns.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(says)
        .datasource(DATASOURCE)
        .unit("none")
        .no_value("nothing in this time range")
        .filterable(True)
        .thresholds(thresholds(*PLAIN))
        .show_header(True)
        .cell_height(options.TableCellHeight.SM)
        .footer(common.TableFooterOptions().show(False).reducer([]).enable_pagination(True).count_rows(False))
        .sort_by([common.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
        .span(wide)
        .height(high)
    )
    for ref, expression in queries.items():
        query = ask(ref, expression, instant=True).format(query_model.PromQueryFormat.TABLE)
        panel = panel.with_target(query)
    organize = {
        "excludeByName": dict.fromkeys(("Time", *hidden), True),
        "indexByName": {column.source: place for place, column in enumerate(columns)},
        "renameByName": {column.source: column.name for column in columns},
    }
    panel = panel.with_transformation(model.DataTransformerConfig("merge", options={}))
    panel = panel.with_transformation(model.DataTransformerConfig("organize", options=organize))
    for column in columns:
        panel = panel.override_by_name(column.name, column.properties())
    return panel


P = TypeVar("P", timeseries.Panel, bargauge.Panel, stat.Panel)


def colored(panel: P, colors: dict[str, str]) -> P:
    """The same with a colour for each name."""
    for name, color in colors.items():
        panel = panel.override_by_name(name, [fixed(color)])
    return panel
