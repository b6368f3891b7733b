"""The table of rhymes: names, numbers, files."""

import pytest

from kewen.errors import ConfigError
from kewen.poems import Rhymes

RHYMES = Rhymes(
    {"东": "东风中重", "冬": "冬重逢", "送": "送梦中"},
    {"东": "平", "冬": "平", "送": "去"},
)


def test_a_character_with_two_readings_has_two_rhymes():
    assert RHYMES.of("重") == ["东", "冬"]
    assert RHYMES.of("猫") == []


def test_the_common_rhyme_is_that_of_all():
    assert RHYMES.common("风中") == ["东"]
    assert RHYMES.common("风逢") == []
    assert RHYMES.common("重") == ["东", "冬"]


@pytest.mark.parametrize("name", ["东", "一东", "上平一东"])
def test_a_name_may_have_its_number(name):
    assert RHYMES.named(name) == "东"


@pytest.mark.parametrize("name", ["", "猫", "ong"])
def test_an_unknown_name_is_answered_with_the_known_ones(name):
    with pytest.raises(ConfigError, match=r"东冬.*or 送"):
        RHYMES.named(name)


def test_a_file_gives_the_same_table(tmp_path):
    RHYMES.save(tmp_path / "rhymes.txt")
    again = Rhymes.from_file(tmp_path / "rhymes.txt")
    assert (again.members, again.tones) == (RHYMES.members, RHYMES.tones)
