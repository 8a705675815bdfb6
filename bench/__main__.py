"""`make bench`: every budget, measured and judged. Exits 1 when a fail line is crossed."""

import json
import os
import platform
import sys
from pathlib import Path

from bench import assets, cold, cost, exporting, pipeline, purge, rights
from bench.budget import Figure, show
from bench.process import METHOD

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Measure, print, judge. With `--json` the figures alone."""
    layer, functions = ROOT / "build" / "layer-host", ROOT / "build" / "functions-host"
    arm = ROOT / "build" / "layer-arm64", ROOT / "build" / "functions-arm64"
    figures = assets.figures([*arm, layer, functions], arm[0])
    figures += cold.figures(ROOT, layer, functions)
    counted = pipeline.figures(ROOT)
    figures += counted.figures
    figures += purge.figures()
    figures += rights.figures()
    figures += exporting.figures(ROOT)
    for region in ("eu-west-1", "eu-central-1", "eu-west-3"):
        bill = sum(cost.million(counted.per_message, region).values())
        recorded = cost.RECORDED[region]
        drift = abs(bill - recorded) / recorded * 100
        note = f"${bill:.2f}; recorded ${recorded:.2f}; against €75,000 that a carrier charges"
        figures.append(Figure("B19", f"cost of a million messages in {region}, drift", drift, 5, 10, "%", note))
    if "--json" in sys.argv:
        rows = [{"budget": f.budget, "what": f.what, "value": f.value, "unit": f.unit} for f in figures]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        machine = f"{os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}; ratios by {METHOD}"
        show(figures, machine)
    return int(any(figure.failed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
