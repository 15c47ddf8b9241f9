# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped dashboard: that its shape is what Grafana reads, and that every query of it has an answer."""

import json
import math
import re
import time

from prometheus_site import SHIPPED

KINDS = {"row", "stat", "table", "timeseries", "state-timeline", "barchart", "bargauge"}
COLUMNS = 24


def load():
    return json.loads((SHIPPED / "dashboard.json").read_text())


def overlap(one, two):
    return (one["x"] < two["x"] + two["w"] and two["x"] < one["x"] + one["w"] and
            one["y"] < two["y"] + two["h"] and two["y"] < one["y"] + one["h"])


def check_shape(dashboard, failures):
    """What Grafana 9 and 10 need to show it without a migration by hand."""
    expect, panels = failures.expect, dashboard["panels"]
    expect(dashboard["id"] is None, "the dashboard has the id of somebody's database")
    expect(dashboard["uid"] and dashboard["title"], "the dashboard has no uid or title")
    expect(36 <= dashboard["schemaVersion"] <= 38, f"schemaVersion is {dashboard['schemaVersion']}")
    ids = [panel["id"] for panel in panels]
    failures.equal(len(set(ids)), len(ids), "number of different panel ids")
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    for number, panel in enumerate(panels):
        name = f"panel {panel['title']!r}"
        expect(panel["type"] in KINDS, f"{name} is of kind {panel['type']}")
        place = panel["gridPos"]
        expect(place["x"] + place["w"] <= COLUMNS, f"{name} is wider than the page")
        for other in panels[:number]:
            expect(not overlap(place, other["gridPos"]), f"{name} lies on {other['title']!r}")
        if panel["type"] == "row":
            continue
        expect(panel["description"], f"{name} has no description")
        references = [target["refId"] for target in panel["targets"]]
        expect(references and len(set(references)) == len(references), f"{name}: refIds {references}")
        for source in (panel, *panel["targets"]):
            failures.equal(source["datasource"], {"type": "prometheus", "uid": "${datasource}"},
                           f"{name}: data source")
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([dashboard["panels"], dashboard["templating"]])))
    builtin = {"__rate_interval", "__range", "__interval", "__all"}
    failures.equal(used - builtin - known, set(), "variables that are not defined")


class Variables:
    """Fills in the variables as Grafana does when "All" is chosen."""

    def __init__(self, dashboard, prometheus, failures):
        self.values = {"__rate_interval": "8s", "__range": "20s", "__interval": "2s"}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                values = self.ask(prometheus, variable["query"]["query"])
                failures.expect(values, f"the variable {variable['name']} has no values")
                self.values[variable["name"]] = variable["allValue"] or "(" + "|".join(
                    re.escape(value) for value in values) + ")"

    def fill(self, text):
        # In a PromQL string a backslash is doubled.
        return re.sub(r"\$\{?(\w+)\}?", lambda found: self.values[found[1]].replace("\\", "\\\\"), text)

    def ask(self, prometheus, query):
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        return prometheus.api(f"label/{found[2]}/values", **{"match[]": self.fill(found[1])})


def ask_target(prometheus, target, expression):
    """(labels, values) of each series of the answer, as the panel would ask."""
    now = time.time()
    if target.get("instant"):
        result = prometheus.api("query", query=expression, time=now)["result"]
        return [(each["metric"], [each["value"][1]]) for each in result]
    result = prometheus.api("query_range", query=expression, start=now - 10, end=now, step=2)["result"]
    return [(each["metric"], [value for _, value in each["values"]]) for each in result]


def columns_of(panel, answers):
    """The columns that Grafana makes of the answers of a table's queries."""
    columns = {"Time"}
    for target, series in zip(panel["targets"], answers):
        columns |= {name for labels, _ in series for name in labels}
        columns.add("Value" if len(panel["targets"]) == 1 else f"Value #{target['refId']}")
    return columns


def check_panel(panel, prometheus, variables, failures):
    answers = []
    for target in panel["targets"]:
        name = f"{panel['title']!r} {target['refId']}"
        expression = variables.fill(target["expr"])
        try:
            series = ask_target(prometheus, target, expression)
        except ValueError as error:
            failures.expect(False, f"{name}: {error}")
            series = []
        answers.append(series)
        failures.expect(any(math.isfinite(float(value)) for _, values in series for value in values),
                        f"{name} has no data: {expression}")
        for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
            failures.expect(all(label in labels for labels, _ in series),
                            f"{name}: the legend's label {label} is not in the answer")
    for transformation in panel.get("transformations", []):
        for names in transformation["options"].values():
            failures.equal(set(names) - columns_of(panel, answers) - {"__name__"}, set(),
                           f"{panel['title']!r}: columns that are not there")


def check_queries(dashboard, prometheus, failures):
    """Returns how many queries were asked."""
    variables = Variables(dashboard, prometheus, failures)
    count = 0
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            check_panel(panel, prometheus, variables, failures)
            count += len(panel["targets"])
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            failures.expect(prometheus.query(variables.fill(annotation["expr"])),
                            f"the annotation {annotation['name']} has no data")
    return count
