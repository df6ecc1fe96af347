"""What Grafana wants of every dashboard and panel, in its JSON."""

from __future__ import annotations

from typing import Any

from tools.dashboards.panels import Panel

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def dashboard(name: str, title: str, description: str, panels: tuple[Panel, ...]) -> dict[str, Any]:
    return {
        "uid": f"callytics-{name}",
        "title": title,
        "description": description,
        "tags": ["callytics"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_data_source_variable()]},
        "annotations": {"list": []},
        "links": [
            _link("Callytics", type="dashboards", tags=["callytics"], asDropdown=True),
            _link("Ray", url="/d/rayDefaultDashboard"),
            _link("Ray Serve", url="/d/rayServeDashboard"),
        ],
        "panels": _placed(panels),
    }


def _data_source_variable() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "callytics-prometheus", "selected": True},
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }


def _link(title: str, **where: Any) -> dict[str, Any]:
    return {
        "title": title,
        "type": "link",
        "tags": [],
        "url": "",
        "asDropdown": False,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        **where,
    }


def _placed(panels: tuple[Panel, ...]) -> list[dict[str, Any]]:
    """From left to right, in rows as wide as the page."""
    placed = []
    x = y = 0
    for index, panel in enumerate(panels, start=1):
        placed.append(_panel(panel, index, x, y))
        x += panel.width
        if x + panel.width > COLUMNS or (index < len(panels) and x + panels[index].width > COLUMNS):
            x, y = 0, y + panel.height
    return placed


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    instant = panel.type != "timeseries"
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": OPTIONS[panel.type],
        "targets": [
            {
                "refId": "ABCDEFGH"[index],
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
            }
            for index, (expression, legend) in enumerate(panel.queries)
        ],
    }


def _field(panel: Panel) -> dict[str, Any]:
    field: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.maximum is not None:
        field["max"] = panel.maximum
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    if panel.type != "timeseries":
        return field | {"thresholds": {"mode": "absolute", "steps": steps}}
    return field | {
        "custom": {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 0,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    }


REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}


OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": REDUCED,
        "orientation": "auto",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "textMode": "value",
        "wideLayout": True,
    },
    "bargauge": {
        "reduceOptions": REDUCED,
        "orientation": "horizontal",
        "displayMode": "basic",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    },
}
