"""Programs of the instrument: segments, limits, laziness; played on a cell with a closed form."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.program import (
    Current,
    Limit,
    Load,
    Observation,
    Potential,
    Program,
    Repeat,
    Segment,
    Sequence,
    Single,
    constant_current,
    cycle,
    cyclic_voltammetry,
    hold,
    pulse,
    ramp,
    repeat,
    rest,
    sequence,
    symmetric,
    window,
)

FAST = settings(max_examples=200, derandomize=True, deadline=None)
INF = math.inf


def seen(
    time: float = 1.0, voltage: float = 0.0, current: float = 0.0, charge: float = 0.0, total: float = 0.0
) -> Observation:
    return Observation(time, voltage, current, charge, total)


def test_modes_state_the_equation_of_the_instrument() -> None:
    assert Potential().coefficients == (1.0, 0.0)
    assert Current().coefficients == (0.0, 1.0)
    assert Load(1e-3).coefficients == (1.0, 1e-3)
    assert [Potential().write(-0.1), Current().write(-5.0), Load(1e-3).write(-0.5)] == [
        "-0.1 V", "-0.5 mA/cm^2", "-0.5 V behind 10 ohm cm^2",
    ]  # fmt: skip


@pytest.mark.parametrize("resistance", [-1e-9, INF, math.nan])
def test_a_resistance_is_finite_and_not_negative(resistance: float) -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        Load(resistance)


def test_hold_is_one_endless_segment() -> None:
    program = hold(-0.1)
    assert list(program) == [Segment("hold at -0.1 V", Potential(), -0.1, 0.0, INF, ())]
    assert (program.segments_total(), program.duration(), program.endless()) == (1, INF, True)
    assert program.describe() == "-0.1 V without end"


def test_hold_behind_a_resistance_is_a_load() -> None:
    (segment,) = hold(-0.5, time=10.0, resistance=1e-3)
    assert segment.mode == Load(1e-3)
    assert segment.duration == 10.0


def test_capacity_at_constant_current_is_a_duration() -> None:
    (segment,) = constant_current(-5.0, time=7200.0, capacity=18_000.0, limits=symmetric(1.0))
    assert segment.duration == 3600.0
    assert segment.limits == (Limit("voltage", -1.0, "below"), Limit("voltage", 1.0, "above"))
    assert next(iter(constant_current(-5.0, time=60.0, capacity=18_000.0))).duration == 60.0


def test_ramp_runs_from_value_to_value_either_way() -> None:
    for start, stop in [(0.0, -0.3), (-0.3, 0.2)]:
        (segment,) = ramp(start, stop, 0.01)
        assert segment.duration == pytest.approx(abs(stop - start) / 0.01, rel=1e-15)
        assert segment.value(0.0) == start
        assert segment.value(segment.duration) == pytest.approx(stop, abs=1e-15)
    assert next(iter(ramp(0.0, -10.0, 2.0, Current()))).name == "sweep to -1 mA/cm^2"


def test_cyclic_voltammetry_segment_by_segment() -> None:
    program = cyclic_voltammetry(0.0, -0.3, 0.2, 0.01, 2)
    assert [(s.name, s.start, s.rate) for s in program] == [
        ("sweep to -0.3 V, cycle 1/2", 0.0, -0.01),
        ("sweep to 0.2 V, cycle 1/2", -0.3, 0.01),
        ("sweep to 0 V, cycle 1/2", 0.2, -0.01),
        ("sweep to -0.3 V, cycle 2/2", 0.0, -0.01),
        ("sweep to 0.2 V, cycle 2/2", -0.3, 0.01),
        ("sweep to 0 V, cycle 2/2", 0.2, -0.01),
    ]
    assert program.duration() == pytest.approx(2 * (0.3 + 0.5 + 0.2) / 0.01)


def test_cyclic_voltammetry_from_a_vertex_has_two_pieces() -> None:
    assert [s.start for s in cyclic_voltammetry(0.2, -0.3, 0.2, 0.01, 1)] == [0.2, -0.3]
    assert [s.start for s in cyclic_voltammetry(-0.3, -0.3, 0.2, 0.01, 1)] == [-0.3, 0.2]


@FAST
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 1), st.floats(1e-4, 10), st.integers(1, 4))
def test_cyclic_voltammetry_has_no_jumps(v1: float, v2: float, where: float, rate: float, n: int) -> None:
    if abs(v1 - v2) < 1e-6:
        return
    start = min(max(v1 + where * (v2 - v1), min(v1, v2)), max(v1, v2))
    segments = list(cyclic_voltammetry(start, v1, v2, rate, n))
    for one, other in itertools.pairwise([*segments, segments[0]]):
        assert one.value(one.duration) == pytest.approx(other.start, abs=1e-12)
        assert abs(one.rate) == rate
    assert sum(s.duration for s in segments) == pytest.approx(n * 2 * abs(v1 - v2) / rate)


def test_pulse_reverse_segment_by_segment() -> None:
    program = pulse(-20.0, 0.01, 0.09, 2, reverse_current=10.0, reverse=0.002)
    assert [(s.name, s.start, s.duration) for s in program] == [
        ("pulse 1/2", -20.0, 0.01),
        ("reverse 1/2", 10.0, 0.002),
        ("off 1/2", 0.0, 0.09),
        ("pulse 2/2", -20.0, 0.01),
        ("reverse 2/2", 10.0, 0.002),
        ("off 2/2", 0.0, 0.09),
    ]
    assert all(s.mode == Current() and s.rate == 0.0 for s in program)
    without_pause = pulse(-20.0, 0.01, 0.0, 3, reverse_current=10.0, reverse=0.002)
    assert without_pause.segments_total() == len(list(without_pause)) == 6


def test_cycling_segment_by_segment() -> None:
    program = cycle(5.0, 2, capacity=18_000.0, voltage_limit=1.0, rest=60.0)
    both = (Limit("voltage", -1.0, "below"), Limit("voltage", 1.0, "above"))
    assert list(program) == [
        segment
        for k in (1, 2)
        for segment in (
            Segment(f"plate {k}/2", Current(), -5.0, 0.0, 3600.0, both),
            Segment(f"rest after plate {k}/2", Current(), 0.0, 0.0, 60.0),
            Segment(f"strip {k}/2", Current(), 5.0, 0.0, 3600.0, both),
            Segment(f"rest after strip {k}/2", Current(), 0.0, 0.0, 60.0),
        )
    ]
    assert program.duration() == 2 * (3600.0 + 60.0 + 3600.0 + 60.0)


def test_cycling_by_time_may_begin_with_stripping() -> None:
    program = cycle(5.0, 1, time=100.0, first="strip")
    assert [(s.name, s.start, s.duration) for s in program] == [
        ("strip 1/1", 5.0, 100.0),
        ("plate 1/1", -5.0, 100.0),
    ]


@FAST
@given(st.floats(1e-3, 1e4), st.floats(1.0, 1e6), st.integers(1, 20), st.floats(0, 100))
def test_cycling_passes_the_capacity_each_way(current: float, capacity: float, n: int, pause: float) -> None:
    charges = [s.start * s.duration for s in cycle(current, n, capacity=capacity, rest=pause)]
    assert math.fsum(charges) == pytest.approx(0.0, abs=1e-9 * capacity)
    assert math.fsum(map(abs, charges)) == pytest.approx(2 * n * capacity)
    assert math.fsum(q for q in charges if q < 0) == pytest.approx(-n * capacity)


def test_gitt_is_pulses_and_rests_repeated() -> None:
    program = sequence(
        rest(10.0), repeat(sequence(constant_current(-1.0, time=60.0), rest(600.0)), 3), hold(0.0)
    )
    assert [s.name for s in program] == [
        "rest",
        "current -0.1 mA/cm^2, repeat 1/3",
        "rest, repeat 1/3",
        "current -0.1 mA/cm^2, repeat 2/3",
        "rest, repeat 2/3",
        "current -0.1 mA/cm^2, repeat 3/3",
        "rest, repeat 3/3",
        "hold at 0 V",
    ]
    assert program.endless()
    assert program.describe() == (
        "rest for 10 s; 3 x (-0.1 mA/cm^2 for 1 min; rest for 10 min); 0 V without end"
    )


def test_descriptions_name_what_ends_a_segment() -> None:
    limits = (Limit("current", 0.1, "below"), Limit("capacity", 3600.0, "above"))
    assert hold(-0.1, 3600.0, limits=limits).describe() == (
        "-0.1 V for 1 h or until |current| below 0.01 mA/cm^2 or capacity above 0.1 mAh/cm^2"
    )
    assert hold(-0.1, limits=limits[:1]).describe() == "-0.1 V until |current| below 0.01 mA/cm^2"
    assert ramp(0.0, -0.2, 400.0).describe() == "0 V to -0.2 V in 500 us"
    charge = Single(Segment("strip all", Current(), 5.0, 0.0, INF, (Limit("charge", 0.0, "above"),)))
    assert charge.describe() == "0.5 mA/cm^2 until charge above 0 mAh/cm^2"


@pytest.mark.parametrize(
    ("limit", "before", "beyond"),
    [
        (Limit("voltage", 1.0, "above"), seen(voltage=0.9), seen(voltage=1.1)),
        (Limit("voltage", -1.0, "below"), seen(voltage=-0.9), seen(voltage=-1.1)),
        (Limit("voltage", 0.0, "above"), seen(voltage=-0.1), seen(voltage=0.1)),
        (Limit("current", 2.0, "below"), seen(current=-3.0), seen(current=-1.0)),
        (Limit("current", 2.0, "below"), seen(current=3.0), seen(current=1.0)),
        (Limit("current", 2.0, "above"), seen(current=-1.0), seen(current=-3.0)),
        (Limit("capacity", 10.0, "above"), seen(charge=-9.0, total=-99.0), seen(charge=-11.0)),
        (Limit("capacity", 10.0, "above"), seen(charge=9.0, total=99.0), seen(charge=11.0)),
        (Limit("charge", 0.0, "above"), seen(charge=99.0, total=-1.0), seen(total=1.0)),
        (Limit("charge", -5.0, "below"), seen(charge=-99.0, total=-4.0), seen(total=-6.0)),
    ],
)
def test_distance_changes_sign_where_the_limit_is(
    limit: Limit, before: Observation, beyond: Observation
) -> None:
    assert limit.distance(before) < 0.0 < limit.distance(beyond)
    segment = Segment("any", Potential(), 0.0, 0.0, INF, (limit,))
    assert segment.reached(before) is None
    assert segment.reached(beyond) is limit


def test_a_limit_is_reached_at_its_value() -> None:
    assert Limit("voltage", -1.0, "below").distance(seen(voltage=-1.0)) == 0.0
    assert hold(0.0, limits=symmetric(1.0)).segment.reached(seen(voltage=-1.0)) is not None


def test_distance_is_relative_to_the_value() -> None:
    assert Limit("capacity", 2e4, "above").distance(seen(charge=1e4)) == -0.5
    assert Limit("current", 1e-3, "below").distance(seen(current=1e-2)) == pytest.approx(-9.0)
    assert Limit("voltage", 0.0, "above").distance(seen(voltage=0.0256926)) == pytest.approx(1.0, rel=1e-5)


def test_the_limit_furthest_beyond_is_the_one_reached() -> None:
    near, far = Limit("capacity", 10.0, "above"), Limit("voltage", 1.0, "above")
    segment = Segment("any", Current(), 1.0, 0.0, INF, (near, far))
    assert segment.reached(seen(voltage=2.0, charge=11.0)) is far
    assert segment.reached(seen(voltage=1.01, charge=19.0)) is near


def test_limits_are_not_judged_at_the_beginning_of_a_segment() -> None:
    after_a_rest = hold(-0.1, limits=(Limit("current", 0.1, "below"),)).segment
    assert after_a_rest.reached(seen(time=0.0)) is None
    assert after_a_rest.reached(seen(time=1e-9)) is not None


@pytest.mark.parametrize("quantity", ["current", "capacity"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, INF])
def test_limits_on_magnitudes_are_positive(quantity: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"limit on {quantity}"):
        Limit(quantity, value, "above")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: hold(math.nan),
        lambda: hold(0.0, time=0.0),
        lambda: hold(0.0, time=math.nan),
        lambda: rest(-1.0),
        lambda: constant_current(0.0, capacity=1.0),
        lambda: constant_current(1.0, capacity=-1.0),
        lambda: ramp(0.1, 0.1, 1.0),
        lambda: ramp(0.0, 1.0, -1.0),
        lambda: Segment("up", Potential(), 0.0, 1.0, INF),
        lambda: cyclic_voltammetry(0.5, -0.3, 0.3, 0.1, 1),
        lambda: cyclic_voltammetry(0.3, 0.3, 0.3, 0.1, 1),
        lambda: cyclic_voltammetry(0.0, -0.3, 0.3, 0.1, 0),
        lambda: pulse(0.0, 1.0, 1.0, 1),
        lambda: pulse(-1.0, 0.0, 1.0, 1),
        lambda: pulse(-1.0, 1.0, -1.0, 1),
        lambda: pulse(-1.0, 1.0, 1.0, 0),
        lambda: pulse(-1.0, 1.0, 1.0, 1, reverse_current=-1.0, reverse=1.0),
        lambda: pulse(-1.0, 1.0, 1.0, 1, reverse_current=1.0),
        lambda: pulse(-1.0, 1.0, 1.0, 1, reverse=1.0),
        lambda: cycle(-1.0, 1, time=1.0),
        lambda: cycle(1.0, 1),
        lambda: cycle(1.0, 1, time=1.0, capacity=1.0),
        lambda: cycle(1.0, 0, time=1.0),
        lambda: cycle(1.0, 1, time=1.0, rest=-1.0),
        lambda: cycle(1.0, 1, time=1.0, voltage_limit=0.0),
        lambda: window(1.0, -1.0),
        lambda: sequence(),
        lambda: sequence(hold(0.1), rest(1.0)),
        lambda: repeat(rest(), 2),
        lambda: repeat(rest(1.0), 0),
    ],
)
def test_what_no_instrument_can_do_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"expected|never|no pulse|cannot|without end"):
        make()


def test_a_limit_makes_an_open_segment_end() -> None:
    cut_off = hold(-0.1, limits=(Limit("current", 0.1, "below"),))
    assert not cut_off.endless()
    assert sequence(cut_off, rest(1.0)).duration() == INF
    assert repeat(cut_off, 5).segments_total() == 5
    assert next(iter(ramp(0.0, 1.0, 0.1, limits=symmetric(0.5)))).limits == symmetric(0.5)


def test_programs_are_frozen_and_iterate_anew() -> None:
    program = cycle(5.0, 3, time=1.0)
    assert list(program) == list(program)
    assert program == cycle(5.0, 3, time=1.0)
    with pytest.raises(FrozenInstanceError):
        program.count = 4  # type: ignore[misc]


def test_a_long_train_is_never_a_list() -> None:
    tracemalloc.start()
    program = repeat(pulse(-20.0, 0.01, 0.09, 10**12), 10**6)
    assert program.segments_total() == 2 * 10**18
    assert program.duration() == pytest.approx(1e17)
    assert len(program.describe()) < 100
    last = next(itertools.islice(program, 9999, None))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last.name == f"off 5000/{10**12}, repeat 1/{10**6}"
    assert peak < 200_000


TIMES = st.floats(1e-6, 1e6)
LEAVES: st.SearchStrategy[Program] = st.one_of(
    st.builds(hold, st.floats(-5, 5), TIMES),
    st.builds(constant_current, st.floats(-1e3, 1e3), TIMES),
    st.builds(rest, TIMES),
    st.builds(ramp, st.just(0.0), st.floats(0.1, 2), st.floats(1e-3, 1e3)),
    st.builds(
        cyclic_voltammetry, st.just(0.0), st.floats(-2, -0.1), st.floats(0.1, 2), TIMES, st.integers(1, 3)
    ),
    st.builds(pulse, st.floats(1e-3, 1e3), TIMES, TIMES, st.integers(1, 4)),
    st.builds(cycle, st.floats(1e-3, 1e3), st.integers(1, 4), time=TIMES, rest=st.just(0.0) | TIMES),
)
PROGRAMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: sequence(*parts)),
        st.builds(repeat, inner, st.integers(1, 4)),
    ),
    max_leaves=6,
)


@FAST
@given(PROGRAMS)
def test_counts_and_durations_agree_with_iteration(program: Program) -> None:
    segments = list(program)
    assert len(segments) == program.segments_total()
    assert math.fsum(s.duration for s in segments) == pytest.approx(program.duration(), rel=1e-12)
    assert not program.endless()
    assert "\n" not in program.describe()


@FAST
@given(PROGRAMS, PROGRAMS, st.integers(1, 3))
def test_sequence_and_repeat_are_sums(one: Program, other: Program, n: int) -> None:
    both = Sequence((one, other))
    assert list(both) == [*one, *other]
    many = Repeat(both, n)
    assert [s.start for s in many] == [s.start for s in both] * n
    assert many.segments_total() == n * (one.segments_total() + other.segments_total())


def charged(
    segment: Segment, time: float, capacitance: float, series: float, before: Observation
) -> Observation:
    """Reading of a capacitor behind a series resistance, `time` after the segment began where `before` ended.

    The cell is V = u + r I, C du/dt = I, u = total charge/C. In a segment without ramp a V + b I = s gives
    I(t) = I(0) exp(-k t), I(0) = (s - a u(0))/(a r + b), k = a/((a r + b) C).
    """
    a, b = segment.mode.coefficients
    first = (segment.start - a * before.total_charge / capacitance) / (a * series + b)
    pace = a / ((a * series + b) * capacitance)
    current = first * math.exp(-pace * time)
    charge = first * (-math.expm1(-pace * time) / pace if pace else time)
    total = before.total_charge + charge
    return Observation(time, total / capacitance + series * current, current, charge, total)


def play(program: Program, capacitance: float, series: float) -> Iterator[Observation]:
    """Readings at the end of every segment, beginning with an empty capacitor; ends found by bisection."""
    now = Observation(0.0, 0.0, 0.0, 0.0, 0.0)
    for segment in program:
        assert segment.rate == 0.0
        read = partial(charged, segment, capacitance=capacitance, series=series, before=now)
        low, high = 0.0, min(segment.duration, 1e9)
        if segment.reached(read(high)):
            for _ in range(200):
                middle = (low + high) / 2
                low, high = (low, middle) if segment.reached(read(middle)) else (middle, high)
        now = read(high)
        yield now


def test_constant_current_then_constant_voltage_on_a_capacitor() -> None:
    capacitance, series, current, voltage, cut = 100.0, 0.02, 5.0, 1.0, 0.05
    program = sequence(
        constant_current(current, limits=symmetric(voltage)),
        hold(voltage, limits=(Limit("current", cut, "below"),)),
        rest(10.0),
        constant_current(-current, limits=(Limit("charge", 0.0, "below"),)),
    )
    charge, taper, pause, discharge = play(program, capacitance, series)
    assert charge.time == pytest.approx(capacitance * (voltage - series * current) / current, rel=1e-12)
    assert taper.time == pytest.approx(series * capacitance * math.log(current / cut), rel=1e-12)
    assert taper.current == pytest.approx(cut, rel=1e-12)
    assert (pause.time, pause.current) == (10.0, 0.0)
    assert discharge.charge == pytest.approx(-capacitance * (voltage - series * cut), rel=1e-12)
    assert discharge.total_charge == pytest.approx(0.0, abs=1e-9)


def test_a_load_shares_the_voltage_with_the_cell() -> None:
    capacitance, series, external, source = 100.0, 0.02, 0.03, -0.5
    half = 0.5 * capacitance * abs(source)
    program = hold(source, resistance=external, limits=(Limit("capacity", half, "above"),))
    (end,) = play(program, capacitance, series)
    assert end.time == pytest.approx((series + external) * capacitance * math.log(2.0), rel=1e-12)
    assert end.current == pytest.approx(0.5 * source / (series + external), rel=1e-12)
    assert end.voltage == pytest.approx(source - external * end.current, rel=1e-12)
