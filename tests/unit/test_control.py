"""The section `control`: what a user writes, the program it becomes, and what is refused with which words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cases.control import Control, program
from cases.messages import sentences
from cases.section import Section
from cases.units import read, write
from cases.waveforms import RESISTANCE, SWEEP_RATE
from solver.program import Current, Limit, Load, Potential, Segment, symmetric

DOCS = Path(__file__).parents[2] / "docs" / "control.md"
INF = float("inf")


class Case(Section):
    """The part of a case that is looked at here."""

    control: Control


def parse(text: str) -> Control:
    return Case.model_validate(tomllib.loads(text if "[control]" in text else f"[control]\n{text}")).control


def segments(text: str) -> list[Segment]:
    return list(program(parse(text)))


def complaints(text: str) -> list[str]:
    tables = tomllib.loads(f"[control]\n{text}")
    with pytest.raises(ValidationError) as caught:
        Case.model_validate(tables)
    return sentences(caught.value, Case, tables)


def test_a_constant_voltage_lasts_for_ever_and_is_there_for_others() -> None:
    control = parse('voltage = "-0.1 V"')
    assert control.voltage == -0.1
    assert list(program(control)) == [Segment("hold at -0.1 V", Potential(), -0.1, 0.0, INF)]


def test_a_constant_current() -> None:
    assert segments('current = "-0.5 mA/cm^2"') == [
        Segment("current -0.5 mA/cm^2", Current(), -5.0, 0.0, INF)
    ]


def test_an_external_resistance() -> None:
    (segment,) = segments('voltage = "-0.5 V"\nresistance = "10 ohm cm^2"')
    assert (segment.mode, segment.start, segment.duration) == (Load(1e-3), -0.5, INF)


def test_cycling() -> None:
    listed = segments(
        'cycle = { current = "0.5 mA/cm^2", capacity = "0.5 mAh/cm^2", cycles = 10, '
        'voltage_limit = "1 V", rest = "1 min" }'
    )
    assert len(listed) == 40
    assert listed[:4] == [
        Segment("plate 1/10", Current(), -5.0, 0.0, 3600.0, symmetric(1.0)),
        Segment("rest after plate 1/10", Current(), 0.0, 0.0, 60.0),
        Segment("strip 1/10", Current(), 5.0, 0.0, 3600.0, symmetric(1.0)),
        Segment("rest after strip 1/10", Current(), 0.0, 0.0, 60.0),
    ]
    stripped = segments('cycle = { current = "1 A/m^2", time = "1 h", cycles = 1, first = "strip" }')
    assert [(s.name, s.start, s.duration) for s in stripped] == [
        ("strip 1/1", 1.0, 3600.0),
        ("plate 1/1", -1.0, 3600.0),
    ]


def test_a_sweep() -> None:
    listed = segments(
        'sweep = { start = "0 V", vertices = ["-0.3 V", "0.3 V"], rate = "10 mV/s", cycles = 3 }\n'
        'resistance = "1 ohm cm^2"'
    )
    assert [s.start for s in listed] == [0.0, -0.3, 0.3] * 3
    assert [s.duration for s in listed] == pytest.approx([30.0, 60.0, 30.0] * 3)
    assert {s.mode for s in listed} == {Load(1e-4)}


def test_pulses() -> None:
    plain = parse('pulse = { current = "-2 mA/cm^2", on = "10 ms", off = "90 ms", count = 1_000_000 }')
    assert program(plain).segments_total() == 2_000_000
    assert program(plain).duration() == pytest.approx(1e5)
    listed = segments(
        'pulse = { current = "-2 mA/cm^2", on = "10 ms", off = "90 ms", '
        'reverse_current = "1 mA/cm^2", reverse = "2 ms", count = 1 }'
    )
    assert [(s.name, s.start, s.duration) for s in listed] == [
        ("pulse 1/1", -20.0, 0.01),
        ("reverse 1/1", 10.0, 0.002),
        ("off 1/1", 0.0, 0.09),
    ]


PROGRAM = """
program = [
    { current = "-1 mA/cm^2", time = "1 h", capacity = "0.5 mAh/cm^2", voltage_limit = "1 V" },
    { rest = "10 s" },
    { voltage = "-0.1 V", time = "1 h", current_limit = "0.01 mA/cm^2", capacity = "1 mAh/cm^2" },
    { ramp = ["0 V", "-0.2 V"], rate = "5 mV/s", resistance = "10 ohm cm^2" },
    { repeat = 2, steps = [
        { current = "-1 mA/cm^2", time = "1 min", voltage_limit = ["-0.2 V", "0.5 V"] },
        { repeat = 2, steps = [{ rest = "10 min" }] },
    ] },
    { cycle = { current = "1 mA/cm^2", time = "1 h", cycles = 1 } },
    { pulse = { current = "-1 mA/cm^2", on = "1 s", off = "2 s", count = 1 } },
    { sweep = { start = "0 V", vertices = ["-0.1 V", "0 V"], rate = "0.1 V/s" } },
    { voltage = "0 V", resistance = "1 ohm cm^2" },
]
"""


def test_a_program_of_steps() -> None:
    window = (Limit("voltage", -0.2, "below"), Limit("voltage", 0.5, "above"))
    hold = (Limit("capacity", 36_000.0, "above"), Limit("current", 0.1, "below"))
    listed = segments(PROGRAM)
    assert listed[:3] == [
        Segment("current -1 mA/cm^2", Current(), -10.0, 0.0, 1800.0, symmetric(1.0)),
        Segment("rest", Current(), 0.0, 0.0, 10.0),
        Segment("hold at -0.1 V", Potential(), -0.1, 0.0, 3600.0, hold),
    ]
    assert (listed[3].mode, listed[3].start, listed[3].rate) == (Load(1e-3), 0.0, -0.005)
    assert listed[3].duration == pytest.approx(40.0)
    assert listed[4] == Segment("current -1 mA/cm^2, repeat 1/2", Current(), -10.0, 0.0, 60.0, window)
    assert [s.name for s in listed[5:7]] == ["rest, repeat 1/2, repeat 1/2", "rest, repeat 2/2, repeat 1/2"]
    assert [s.name for s in listed[10:]] == [
        "plate 1/1", "strip 1/1", "pulse 1/1", "off 1/1",
        "sweep to -0.1 V, cycle 1/1", "sweep to 0 V, cycle 1/1", "hold at 0 V behind 1 ohm cm^2",
    ]  # fmt: skip


def test_what_was_read_is_written_and_read_again() -> None:
    control = parse(PROGRAM)
    written = control.model_dump(exclude_none=True)
    assert Control.model_validate(written) == control
    assert Control.model_validate_json(control.model_dump_json(exclude_none=True)) == control
    assert written["program"][0]["voltage_limit"] == ("-1 V", "1 V")
    assert written["program"][3] == {"resistance": "10 ohm cm^2", "ramp": ("0 V", "-0.2 V"), "rate": "5 mV/s"}


def test_a_section_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        parse('voltage = "-0.1 V"').voltage = 0.0


@pytest.mark.parametrize("dimension", [RESISTANCE, SWEEP_RATE])
@pytest.mark.parametrize("value", [1e-3, 0.0, 12.5, -3e-7, 1e80])
def test_new_quantities_are_written_without_loss(dimension: Any, value: float) -> None:
    assert read(write(value, dimension), dimension) == value
    assert read(dimension.example, dimension) == {RESISTANCE: 1e-3, SWEEP_RATE: 0.01}[dimension]


WAYS = "expected exactly one of voltage, current, cycle, sweep, pulse and program"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"control: {WAYS}; none is given"),
        ('voltage = "1 V"\ncurrent = "1 A/m^2"', f"control: {WAYS}; voltage and current are given"),
        ('voltage = "1"', 'control.voltage = "1": the unit is missing, expected a voltage such as "-0.1 V"'),
        ('volts = "1 V"', 'control.volts: unknown key, did you mean "voltage"?'),
        (
            'current = "1 A/m^2"\nresistance = "10 ohm cm^2"',
            'control.resistance = "10 ohm cm^2": does not go with current, expected beside voltage or sweep',
        ),
        (
            'voltage = "1 V"\nresistance = "10 ohm"',
            'control.resistance = "10 ohm": "ohm" is not a unit of resistance times area, '
            'expected a resistance times area such as "10 ohm cm^2"',
        ),
        (
            'voltage = "1 V"\nresistance = "-1 ohm cm^2"',
            'control.resistance = "-1 ohm cm^2": expected a resistance times area of more than 0 ohm cm^2',
        ),
        (
            'cycle = { current = "-0.5 mA/cm^2", time = "1 h", cycles = 1 }',
            'control.cycle.current = "-0.5 mA/cm^2": expected a current density of more than 0 mA/cm^2',
        ),
        (
            'cycle = { current = "0.5 mA/cm^2", time = "1 h", cycles = 0 }',
            "control.cycle.cycles = 0: expected a whole number from 1 to 1000000000",
        ),
        (
            'cycle = { current = "0.5 mA/cm^2", time = "1 h", cycles = 2.5 }',
            "control.cycle.cycles = 2.5: expected a whole number from 1 to 1000000000",
        ),
        (
            'cycle = { current = "0.5 mA/cm^2", time = "1 h" }',
            "control.cycle.cycles: missing, expected a whole number",
        ),
        (
            'cycle = { current = "0.5 mA/cm^2", cycles = 1 }',
            "control.cycle: expected exactly one of capacity and time; neither is given",
        ),
        (
            'cycle = { current = "1 A/m^2", cycles = 1, time = "1 h", capacity = "1 C/m^2" }',
            "control.cycle: expected exactly one of capacity and time; both are given",
        ),
        (
            'cycle = { current = "1 A/m^2", cycles = 1, time = "1 h", first = "plating" }',
            'control.cycle.first = "plating": did you mean "plate"?',
        ),
        (
            'sweep = { start = "1 V", vertices = ["-0.3 V", "0.3 V"], rate = "10 mV/s" }',
            'control.sweep.start = "1 V": expected a voltage between the vertices, from "-0.3 V" to "0.3 V"',
        ),
        (
            'sweep = { start = "0 V", vertices = ["0 V", "0 V"], rate = "10 mV/s" }',
            "control.sweep.vertices: expected two different voltages",
        ),
        (
            'sweep = { start = "0 V", vertices = "-0.3 V", rate = "10 mV/s" }',
            'control.sweep.vertices = "-0.3 V": expected two voltages such as ["0 V", "-0.3 V"]',
        ),
        (
            'sweep = { start = "0 V", vertices = ["-0.3 V", "0.3 s"], rate = "10 mV/s" }',
            'control.sweep.vertices.1 = "0.3 s": this is a time, expected a voltage such as "-0.1 V"',
        ),
        (
            'sweep = { start = "0 V", vertices = ["-0.3 V", "0.3 V"], rate = "10 mV" }',
            'control.sweep.rate = "10 mV": this is a voltage, expected a sweep rate such as "10 mV/s"',
        ),
        (
            'pulse = { current = "0 A/m^2", on = "1 s", off = "1 s", count = 2 }',
            'control.pulse.current = "0 A/m^2": expected a current other than 0',
        ),
        (
            'pulse = { current = "-1 A/m^2", on = "1 s", count = 2 }',
            "control.pulse: nothing between the pulses, expected off, or reverse_current and reverse",
        ),
        (
            'pulse = { current = "-1 A/m^2", on = "1 s", off = "1 s", reverse = "1 s", count = 2 }',
            "control.pulse.reverse_current: missing, expected a current density because reverse is given",
        ),
        (
            'pulse = { current = "-1 A/m^2", on = "1 s", reverse_current = "1 A/m^2", count = 2 }',
            "control.pulse.reverse: missing, expected a time because reverse_current is given",
        ),
        (
            'pulse = { current = "-1 A/m^2", on = "1 s", reverse = "1 s", reverse_current = "-2 A/m^2", '
            "count = 2 }",
            'control.pulse.reverse_current = "-2 A/m^2": expected the opposite sign of current = '
            '"-0.1 mA/cm^2"',
        ),
        ("program = []", 'control.program = a list: expected a list of steps such as [{ rest = "10 s" }]'),
        (
            'program = { rest = "10 s" }',
            'control.program = a table: expected a list of steps such as [{ rest = "10 s" }]',
        ),
        (
            'voltage = "1 V"\nresistance = "1 ohm m^2"\nprogram = [{ rest = "10 s" }]',
            "control: voltage, resistance and program are given, expected program alone",
        ),
        (
            "program = [{}]",
            "control.program.0: expected exactly one of voltage, current, cycle, sweep, pulse, rest, ramp "
            "and repeat; none is given",
        ),
        (
            'program = [{ rest = "10 s", time = "1 s" }]',
            "control.program.0.time: does not go with rest, expected beside voltage or current",
        ),
        (
            'program = [{ voltage = "0 V", time = "1 s", voltage_limit = "1 V" }]',
            "control.program.0.voltage_limit: does not go with voltage, expected beside current",
        ),
        (
            'program = [{ ramp = ["0 V", "1 V"] }]',
            "control.program.0.rate: missing, expected because ramp is given",
        ),
        (
            'program = [{ ramp = ["1 V", "1 V"], rate = "1 V/s" }]',
            "control.program.0.ramp: expected two different voltages",
        ),
        ("program = [{ repeat = 2 }]", "control.program.0.steps: missing, expected because repeat is given"),
        (
            'program = [{ repeat = 0, steps = [{ rest = "1 s" }] }]',
            "control.program.0.repeat = 0: expected a whole number from 1 to 1000000000",
        ),
        (
            "program = [{ repeat = 2, steps = [] }]",
            'control.program.0.steps = a list: expected a list of steps such as [{ rest = "10 s" }]',
        ),
        (
            'program = [{ current = "0 A/m^2", capacity = "1 C/m^2" }]',
            "control.program.0.capacity: no charge passes without current, expected time",
        ),
        (
            'program = [{ current = "1 A/m^2", voltage_limit = "-1 V" }]',
            'control.program.0.voltage_limit = "-1 V": expected a voltage of more than 0 V',
        ),
        (
            'program = [{ current = "1 A/m^2", voltage_limit = ["1 V", "-1 V"] }]',
            "control.program.0.voltage_limit: expected the lower voltage first",
        ),
        (
            'program = [{ voltage = "1 V" }, { rest = "1 s" }]',
            "control.program.0: never ends although more follows, expected time or capacity or current_limit",
        ),
        (
            'program = [{ repeat = 2, steps = [{ rest = "1 s" }, { current = "1 A/m^2" }] }]',
            "control.program.0.steps.1: never ends although more follows, expected time or capacity or "
            "voltage_limit",
        ),
        (
            'program = [{ rest = "1 s" }, { cycle = { current = "1 A/m^2", cycles = 1 } }]',
            "control.program.1.cycle: expected exactly one of capacity and time; neither is given",
        ),
    ],
)
def test_mistakes_name_the_key_the_value_and_what_was_expected(text: str, expected: str) -> None:
    (line,) = complaints(text)
    key, why = expected.split(": ", 1)
    assert line.startswith(key)  # inside lists a value may follow
    assert line.endswith(f": {why}")


def test_all_mistakes_are_told_at_once() -> None:
    found = complaints(
        'program = [{ voltage = "1 V" }, { rest = "1 s", rate = "1 V/s" }, { ramp = ["1 V", "1 V"] }]'
    )
    assert [re.split(" = |:", line)[0] for line in found] == [
        "control.program.0", "control.program.1.rate", "control.program.2.rate", "control.program.2.ramp",
    ]  # fmt: skip


def test_a_duration_that_rounds_to_nothing_is_a_mistake_too() -> None:
    (line,) = complaints('cycle = { current = "1e99 A/m^2", capacity = "1e-300 C/m^2", cycles = 1 }')
    assert line == "control: plate: expected a duration of more than 0 s, got 0.0"


def test_the_last_step_may_be_endless_even_in_a_single_round() -> None:
    assert program(parse('program = [{ rest = "1 s" }, { voltage = "1 V" }]')).endless()
    assert program(parse('program = [{ repeat = 1, steps = [{ current = "1 A/m^2" }] }]')).endless()


def test_every_field_is_described_for_editors() -> None:
    schema = Control.model_json_schema()
    for table in [schema, *schema["$defs"].values()]:
        for name, field in table["properties"].items():
            assert field.get("description"), name
    step = schema["$defs"]["Step"]["properties"]
    assert {"type": "string"} in step["voltage_limit"]["anyOf"]
    assert step["steps"]["anyOf"][0]["items"] == {"$ref": "#/$defs/Step"}


def test_every_example_of_the_documentation_is_read() -> None:
    blocks = DOCS.read_text(encoding="utf-8").split("```toml\n")[1:]
    examples = [block.split("```")[0] for block in blocks]
    assert len(examples) >= 7
    for text in examples:
        assert program(parse(text)).segments_total() >= 1
