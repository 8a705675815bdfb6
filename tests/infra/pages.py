"""What the dashboards show, read from their bodies."""

import json


def bodies(stacks):
    """By name: the page as CloudWatch reads it, references replaced by a word."""
    return {
        each["DashboardName"]: json.loads("".join(part if isinstance(part, str) else "x" for part in joined(each)))
        for each in stacks.properties("CloudWatch::Dashboard")
    }


def joined(dashboard):
    body = dashboard["DashboardBody"]
    return [body] if isinstance(body, str) else body["Fn::Join"][1]


def drawn_metrics(stacks, name=None):
    """Every metric of every graph, of one page or of all, in the words of an alarm."""
    pages = bodies(stacks)
    for page in [pages[name]] if name else pages.values():
        for widget in page["widgets"]:
            for line in widget["properties"].get("metrics", ()):
                words = [word for word in line if isinstance(word, str)]
                if words:
                    pairs = zip(words[2::2], words[3::2], strict=True)
                    dimensions = [{"Name": key, "Value": value} for key, value in pairs]
                    yield {"Namespace": words[0], "MetricName": words[1], "Dimensions": dimensions}
