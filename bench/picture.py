"""Draws what bench/compare has measured: picture.py COMPARISON.json PICTURE.svg

How many times as long as mdgps each peer takes per condition, a panel for each operation and a line for each shape and
number of conditions (of which NumPy solves one): medians, with the quartiles as bars. Needs matplotlib, which
`bench/compare --picture` brings.
"""

import json
import sys

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

TITLES = {"backward": "backward pass", "forward": "forward pass", "passes": "backward and forward", "c_step": "C-step",
          "regression": "regression with prior"}
LABELS = {"numpy": "NumPy, the authors' way", "jax": "jax", "crocoddyl": "crocoddyl", "mpc": "mpc.pytorch",
          "hpipm": "HPIPM and BLASFEO"}
LOOKS = {"numpy": ("#7f7f7f", "s"), "jax": ("#d95f02", "^"), "crocoddyl": ("#7570b3", "D"), "mpc": ("#e7298a", "v"),
         "hpipm": ("#1b6ca8", "o")}


def points_of(report):
    """(operation, line, peer, result) of every peer whose result is ours: the times of others do not compare."""
    for measurement in report["measurements"]:
        for peer, result in measurement.get("peers", {}).items():
            if not result["disagreement"]:
                n, m, T = measurement["shape"].split(",")
                yield measurement["operation"], f"({n}, {m}, {T}), N = {measurement['conditions']}", peer, result


def draw(report, path):
    points = list(points_of(report))
    if not points:
        sys.exit("nothing to draw: nothing was measured beside a peer that agrees")
    operations = list(dict.fromkeys(operation for operation, *_ in points))
    lines = list(dict.fromkeys(line for _, line, *_ in points))
    figure = Figure(figsize=(1.6 + 2.1 * len(operations), 1.2 + 0.3 * len(lines)), layout="constrained")
    panels = dict(zip(operations, figure.subplots(1, len(operations), sharey=True, squeeze=False)[0]))
    shown = {}
    for operation, line, peer, result in points:
        (colour, marker), y = LOOKS[peer], lines.index(line)
        panels[operation].plot(result["quartiles"], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
        shown[LABELS[peer]], = panels[operation].plot(result["median"], y, marker, color=colour, markersize=5)
    for operation, panel in panels.items():
        panel.axvline(1, color="black", linewidth=1)
        panel.set_xscale("log")
        low, high = panel.get_xlim()
        panel.set_xlim(min(low, 0.5), max(high, 10))
        panel.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.grid(color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.set_title(TITLES[operation], fontsize=10)
    first = panels[operations[0]]
    first.set_yticks(range(len(lines)), lines)
    first.invert_yaxis()
    threads = report["threads"]
    figure.supxlabel(f"times as long as mdgps per condition; {threads} thread{'s' if threads > 1 else ''}, "
                     f"{report['processor']}", fontsize=9)
    figure.legend(shown.values(), shown.keys(), loc="outside upper center", ncols=len(shown), frameon=False)
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "mdgps", "font.size": 9})
    with open(sys.argv[1]) as file:
        draw(json.load(file), sys.argv[2])
