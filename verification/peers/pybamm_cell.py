"""Binary electrolyte between two metal electrodes, in PyBaMM: its finite volumes, its DAE solver.

Stands alone, so that any interpreter with PyBaMM can run it: one cell as JSON on standard input, the result
as JSON on standard output. The working electrode is at x = 0, the counter electrode, at potential 0, at
x = L; a current is positive when metal dissolves at the working electrode.

Unknowns C = c/c0, P = F phi/RT over X = x/L, and the potential V of the working electrode in units of RT/F.

`dilute` (Nernst-Planck, electroneutral; phi is the electrostatic potential):

    dC/dt = D/L^2 C'',  D = 2 D+ D-/(D+ + D-),    0 = [(D+ - D-)/(D+ + D-) C' + C P']'
    C' = C P' = -i L/(2 F D+ c0)  at X = 0,       i = i0 [exp(eta/2) - C exp(-eta/2)],  eta = V - P

`concentrated` (Newman and Balsara, Electrochemical Systems, 4th ed., ch. 12; phi is that of a reference
electrode of the metal; b = 2 (1 - t+) (1 + dln f/dln c)):

    dC/dt = (D(C) C')'/L^2,                       0 = [kappa(C) (P' - b C'/C)]'
    -D C' = i (1 - t+) L/(F c0)  at X = 0,        i = 2 i0 sqrt(C) sinh(eta/2)

and at X = 1 with the opposite sign and the current of the counter electrode.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from collections.abc import Mapping
from typing import Any

FARADAY = 96485.33212
GAS = 8.31446261815324


def _polynomial(terms: Any, concentration: Any) -> Any:
    """Sum of a (c/1000)^p over the pairs (a, p) of `terms`."""
    reduced = concentration / 1000.0
    return sum(factor * reduced**power for factor, power in terms)


def build(pybamm: Any, cell: Mapping[str, Any]) -> Any:
    """Model of `cell` with the inputs `potentiostatic` (1 or 0), `V` (units of RT/F) and `i` (A/m^2)."""
    p = cell["parameters"]
    gap, c0, i0 = p["gap_m"], p["concentration_mol_m3"], p["exchange_current_A_m2"]
    thermal = GAS * p["temperature_K"] / FARADAY
    salt = pybamm.Variable("C", domain="electrolyte")
    potential = pybamm.Variable("P", domain="electrolyte")
    voltage = pybamm.Variable("V")
    at = {side: pybamm.boundary_value(salt, side) for side in ("left", "right")}
    drop = {
        "left": voltage - pybamm.boundary_value(potential, "left"),
        "right": -pybamm.boundary_value(potential, "right"),
    }
    gradient = {"left": -1.0, "right": 1.0}
    model = pybamm.BaseModel()
    slope, field = {}, {}
    if cell["model"] == "dilute":
        cation, anion = p["cation_diffusivity_m2_s"], p["anion_diffusivity_m2_s"]
        current = {s: i0 * (pybamm.exp(drop[s] / 2) - at[s] * pybamm.exp(-drop[s] / 2)) for s in at}
        ambipolar = 2 * cation * anion / (cation + anion)
        skew = (cation - anion) / (cation + anion)
        for s, sign in gradient.items():
            slope[s] = sign * current[s] * gap / (2 * FARADAY * cation * c0)
            field[s] = slope[s] / at[s]
        model.rhs = {salt: ambipolar / gap**2 * pybamm.div(pybamm.grad(salt))}
        charge = pybamm.div(skew * pybamm.grad(salt) + salt * pybamm.grad(potential))
    else:
        share = 1 - p["transference_number"]
        b = 2 * share * p["thermodynamic_factor"]

        def diffusivity(c: Any) -> Any:
            return _polynomial(p["diffusivity_m2_s"], c0 * c)

        def conductivity(c: Any) -> Any:
            return _polynomial(p["conductivity_S_m"], c0 * c)

        current = {s: 2 * i0 * pybamm.sqrt(at[s]) * pybamm.sinh(drop[s] / 2) for s in at}
        for s, sign in gradient.items():
            slope[s] = sign * current[s] * share * gap / (FARADAY * c0 * diffusivity(at[s]))
            field[s] = sign * current[s] * gap / (thermal * conductivity(at[s])) + b * slope[s] / at[s]
        model.rhs = {salt: pybamm.div(diffusivity(salt) * pybamm.grad(salt)) / gap**2}
        force = pybamm.grad(potential) - b * pybamm.grad(salt) / salt
        charge = pybamm.div(conductivity(salt) / conductivity(1.0) * force)
    wanted = pybamm.InputParameter("potentiostatic")
    control = wanted * (voltage - pybamm.InputParameter("V"))
    control += (1 - wanted) * (current["left"] - pybamm.InputParameter("i")) / i0
    model.algebraic = {potential: charge, voltage: control}
    model.initial_conditions = {
        salt: pybamm.Scalar(1),
        potential: pybamm.Scalar(0),
        voltage: pybamm.Scalar(0),
    }
    model.boundary_conditions = {
        salt: {s: (slope[s], "Neumann") for s in slope},
        potential: {s: (field[s], "Neumann") for s in field},
    }
    model.variables = {
        "voltage_V": thermal * voltage,
        "current_A_m2": current["left"],
        "counter_current_A_m2": current["right"],
        "concentration_working_mol_m3": c0 * at["left"],
        "concentration_counter_mol_m3": c0 * at["right"],
    }
    return model


def solve(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Run the program of `cell` in PyBaMM.

    `cell` has `model`, `parameters`, `program` (steps with `kind` current | voltage, `value` in A/m^2 or V,
    and `samples_s`, times since the start of the step whose last one ends it) and `numerics` (`cells`,
    `relative_tolerance`, `absolute_tolerance`). Returned: `time_s` since the start, and lists of the same
    length of what `build` calls its variables, and `versions`.
    """
    pybamm: Any = importlib.import_module("pybamm")
    pybamm.set_logging_level("ERROR")
    numerics = cell["numerics"]
    model = build(pybamm, cell)
    x = pybamm.SpatialVariable("x", domain="electrolyte")
    geometry = {"electrolyte": {x: {"min": pybamm.Scalar(0), "max": pybamm.Scalar(1)}}}
    mesh = pybamm.Mesh(geometry, {"electrolyte": pybamm.Uniform1DSubMesh}, {x: numerics["cells"]})
    pybamm.Discretisation(mesh, {"electrolyte": pybamm.FiniteVolume()}).process_model(model)
    thermal = GAS * cell["parameters"]["temperature_K"] / FARADAY
    result: dict[str, Any] = {"time_s": [], **{name: [] for name in model.variables}}
    solver = pybamm.IDAKLUSolver(
        rtol=numerics["relative_tolerance"],
        atol=numerics["absolute_tolerance"],
        root_method="casadi",
        root_tol=1e-11,
    )
    solution, start = None, 0.0
    for step in cell["program"]:
        samples = step["samples_s"]
        held = step["kind"] == "voltage"
        inputs = {
            "potentiostatic": float(held),
            "V": step["value"] / thermal if held else 0.0,
            "i": 0.0 if held else step["value"],
        }
        solution = solver.step(
            solution, model, samples[-1], t_interp=[0.0, *samples], inputs=inputs, save=False
        )
        result["time_s"] += [start + time for time in samples]
        for name in model.variables:
            values = solution[name](t=[start + time for time in samples])
            result[name] += [float(value) for value in values.ravel()]
        start += samples[-1]
    result["versions"] = {"pybamm": pybamm.__version__, "python": platform.python_version()}
    return result


if __name__ == "__main__":
    json.dump(solve(json.load(sys.stdin)), sys.stdout)
