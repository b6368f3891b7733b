"""The loss curve: points where the numbers are, axes with round numbers."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from kewen.analysis.report import svg_chart
from kewen.analysis.report.svg_chart import learning_section, loss_chart, ticks


def points(svg, css):
    found = re.search(rf'<polyline class="{css}" points="([^"]*)"', svg)
    return [tuple(map(float, pair.split(","))) for pair in found.group(1).split()]


def test_chart_is_well_formed_xml():
    losses = np.linspace(2, 0.1, 50)
    ElementTree.fromstring(loss_chart(losses, [{"val_loss": 0.5}] * 2))


def test_raw_curve_has_a_point_for_each_step_at_its_height():
    losses = np.array([2.0, 1.0, 0.5, 0.0])
    drawn = points(loss_chart(losses, []), "raw")
    heights = [y for _, y in drawn]
    floor = svg_chart.HEIGHT - svg_chart.BOTTOM
    rises = [floor - y for y in heights]
    assert rises[3] == 0
    assert rises[0] == pytest.approx(2 * rises[1], abs=0.2)
    assert rises[1] == pytest.approx(2 * rises[2], abs=0.2)


def test_validation_points_stand_at_the_ends_of_their_epochs():
    drawn = points(loss_chart(np.ones(100), [{"val_loss": 0.5}] * 2), "held-out")
    left, right = svg_chart.LEFT, svg_chart.WIDTH - svg_chart.RIGHT
    assert [x for x, _ in drawn] == [(left + right) / 2, right]


def test_a_long_run_is_drawn_with_few_points_that_keep_its_mean():
    losses = np.random.default_rng(0).random(10_000)
    svg = loss_chart(losses, [])
    assert len(points(svg, "raw")) == svg_chart.MOST_POINTS


def test_steps_without_a_number_are_left_out():
    losses = [1.0, math.nan, math.inf, 0.5]
    svg = learning_section({"loss": losses, "epochs": [{"val_loss": math.nan}]}).body
    assert len(points(svg, "raw")) == 2
    assert "nan" not in svg.split("</figure>")[0]


def test_one_single_wild_step_does_not_flatten_the_curve():
    losses = np.full(1000, 1.0)
    losses[500] = 1000.0
    heights = [y for _, y in points(loss_chart(losses, []), "smooth")]
    assert np.median(heights) < svg_chart.HEIGHT / 4


def test_an_all_zero_loss_is_drawn_without_dividing_by_zero():
    assert "<svg" in loss_chart(np.zeros(3), [])


@pytest.mark.parametrize(
    ("end", "most", "expected"),
    [
        (0.93, 5, [0, 0.2, 0.4, 0.6, 0.8]),
        (336, 10, [0, 50, 100, 150, 200, 250, 300]),
        (1.0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (1, 10, [0.1 * i for i in range(11)]),
    ],
)
def test_ticks_are_round_and_cover_the_axis(end, most, expected):
    assert ticks(end, most) == pytest.approx(expected)


def test_epoch_table_shows_only_what_was_recorded():
    body = learning_section({"loss": [1.0], "epochs": [{"epoch": 1, "loss": 0.5}]}).body
    assert "training loss" in body
    assert "validation accuracy" not in body
