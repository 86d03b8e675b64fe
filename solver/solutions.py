"""Concentrated solutions of one salt: measured transport properties from the literature.

The theory of concentrated binary solutions needs the diffusivity of the salt, the conductivity, the
transference number of the cation relative to the solvent, and the thermodynamic factor 1 + dln f/dln c
(Newman and Balsara, Electrochemical Systems, 4th ed., ch. 12).

Where a source leaves something out, an assumption stands in; the notes say so. Properties keep their value at
the upper end of the range where c exceeds it. Below the range they follow the fit down to c = 0, where the
conductivity vanishes like c, so that a diffusing salt makes no more than the potential gradient of grad ln c.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .laws import Clamped, Constant, Formula, Law, Table

CELSIUS = 273.15


@dataclass(frozen=True)
class Solution:
    """A salt in a solvent.

    Attributes:
        name: salt, solvent and source, for instance "LiPF6 in EC:EMC 3:7 (Nyman 2008)".
        cation: its name, for instance "Li+".
        diffusivity: D of the salt in m^2/s, with respect to its concentration.
        conductivity: kappa in S/m.
        transference_number: t+ of the cation, relative to the solvent.
        thermodynamic_factor: 1 + dln f/dln c, f the mean molar activity coefficient.
        concentrations: least and largest c of the range of use, in mol/m^3.
        temperatures: least and largest T of the range of use, in K.
        source: citation with DOI.
        notes: assumptions and what to mind.
    """

    name: str
    cation: str
    diffusivity: Law
    conductivity: Law
    transference_number: Law
    thermodynamic_factor: Law
    concentrations: tuple[float, float]
    temperatures: tuple[float, float]
    source: str
    notes: str

    def outside(self, concentration: float, temperature: float) -> tuple[str, ...]:
        """What lies outside of the range of use, one sentence each; empty if nothing does."""
        found = []
        for what, value, unit, (least, most) in (
            ("concentration", concentration, "mol/m^3", self.concentrations),
            ("temperature", temperature, "K", self.temperatures),
        ):
            # A hundredth of a kelvin or of a mol/m^3 is no extrapolation.
            if not least - 0.01 <= value <= most + 0.01:
                found.append(
                    f"{what} {value:g} {unit} is outside of {least:g} to {most:g} {unit}, "
                    f"the range of use of {self.name}"
                )
        return tuple(found)


def find(name: str) -> Solution:
    """The solution called `name`, by short key or by full name; capitals do not matter.

    Raises:
        KeyError: there is none; the message lists those that exist.
    """
    wanted = name.strip().lower()
    for key, solution in SOLUTIONS.items():
        if wanted in {key, solution.name.lower()}:
            return solution
    near = difflib.get_close_matches(wanted, SOLUTIONS, 1, 0.5)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise KeyError(f"no solution is called {name!r}{hint}; there are {', '.join(SOLUTIONS)}")


def _nyman() -> Solution:
    m = "(c/1000)"
    clamp = (0.0, 2000.0)
    return Solution(
        name="LiPF6 in EC:EMC 3:7 (Nyman 2008)",
        cation="Li+",
        diffusivity=_fit(f"8.794e-11*{m}**2 - 3.972e-10*{m} + 4.862e-10", clamp),
        conductivity=_fit(f"0.1297*{m}**3 - 2.51*{m}**1.5 + 3.329*{m}", clamp),
        transference_number=_fit(f"0.4492 - 0.4717*{m} + 0.4106*{m}**2 - 0.1287*{m}**3", clamp),
        thermodynamic_factor=Constant(1.0),
        concentrations=(200.0, 2000.0),
        temperatures=(25.0 + CELSIUS, 25.0 + CELSIUS),
        source=(
            "A. Nyman, M. Behm, G. Lindbergh, Electrochim. Acta 53, 6356 (2008), "
            "doi:10.1016/j.electacta.2008.04.023. D and kappa as in PyBaMM's set Chen2020."
        ),
        notes=(
            "Ideal thermodynamic factor 1, assumed as in PyBaMM. At 1 mol/L the polynomial of t+ gives the "
            "0.2594 of Chen et al., J. Electrochem. Soc. 167, 080534 (2020), doi:10.1149/1945-7111/ab9050. "
            "25 degrees C; no dependence on temperature. The range was not checked against the paper."
        ),
    )


def _landesfeind(
    name: str,
    kappa: tuple[float, ...],
    diffusivity: tuple[float, ...],
    transference: tuple[float, ...],
    factor: tuple[float, ...],
    notes: str,
) -> Solution:
    """A solvent of Landesfeind and Gasteiger, by the coefficients p1, p2, ... of their fits (c in mol/L).

    kappa in mS/cm = p1 [1 + (T - p2)] c [1 + p3 c^0.5 + p4 (1 + p5 e^(1000/T)) c] / [1 + c^4 p6 e^(1000/T)]
    D in 1e-6 cm^2/s = p1 e^(p2 c) e^(p3/T) e^(p4 c/T)
    t+ and 1 + dln f/dln c = p1 + p2 c + p3 T + p4 c^2 + p5 c T + p6 T^2 + p7 c^3 + p8 c^2 T + p9 c T^2
    """
    m, e = "(c/1000)", "exp(1000/T)"
    clamp = (0.0, 3000.0)

    def polynomial(p: tuple[float, ...]) -> Law:
        powers = ("1", m, "T", f"{m}**2", f"{m}*T", "T**2", f"{m}**3", f"{m}**2*T", f"{m}*T**2")
        return _fit(" + ".join(f"({k})*{power}" for k, power in zip(p, powers, strict=True)), clamp)

    k1, k2, k3, k4, k5, k6 = kappa
    d1, d2, d3, d4 = diffusivity
    return Solution(
        name=f"LiPF6 in {name} (Landesfeind 2019)",
        cation="Li+",
        diffusivity=_fit(f"1e-10*{d1}*exp({d2}*{m} + ({d3})/T + ({d4})*{m}/T)", clamp),
        conductivity=_fit(
            # c^1.5 in place of c c^0.5, whose derivative is undefined at c = 0.
            f"0.1*{k1}*(1 + (T - {k2}))*({m} + ({k3})*{m}**1.5 + {k4}*(1 + ({k5})*{e})*{m}**2)"
            f"/(1 + {m}**4*({k6})*{e})",
            clamp,
        ),
        transference_number=polynomial(transference),
        thermodynamic_factor=polynomial(factor),
        concentrations=(100.0, 3000.0),
        temperatures=(-10.0 + CELSIUS, 50.0 + CELSIUS),
        source=(
            "J. Landesfeind, H. A. Gasteiger, J. Electrochem. Soc. 166, A3079 (2019), "
            "doi:10.1149/2.0571912jes. Coefficients as in PyBaMM."
        ),
        notes=f"{notes} The range was not checked against the paper.",
    )


def _chayambuka() -> Solution:
    # fmt: off
    concentrations = (
        1.131153, 124.121064, 249.37328, 387.618465, 538.734332, 741.699786, 1013.696117,
        1272.69948, 1514.27698, 1811.953531, 2113.940691, 2320.97218, 2471.904616,
    )
    diffusivities = (4.14, 3.87, 3.62, 3.33, 3.11, 2.81, 2.49, 2.25, 2.14, 1.99, 1.86, 1.79, 1.76)
    # fmt: on
    return Solution(
        name="NaPF6 in EC:PC 1:1 (Chayambuka 2022)",
        cation="Na+",
        diffusivity=Table(concentrations, tuple(1e-11 * value for value in diffusivities)),
        conductivity=Table(
            (0.0, 150.0, 500.0, 1000.0, 1500.0, 2000.0), (0.0, 0.404, 0.72, 0.883, 0.861, 0.76)
        ),
        transference_number=Constant(0.45),
        thermodynamic_factor=Constant(1.0),
        concentrations=(150.0, 2000.0),
        temperatures=(25.0 + CELSIUS, 25.0 + CELSIUS),
        source=(
            "K. Chayambuka, G. Mulder, D. L. Danilov, P. H. L. Notten, Electrochim. Acta 404, 139764 (2022), "
            "doi:10.1016/j.electacta.2021.139764. Points as digitised in PyBaMM's set Chayambuka2022."
        ),
        notes=(
            "Ideal thermodynamic factor 1, assumed as in PyBaMM. The point kappa = 0 at c = 0 is added. "
            "Another reading of the paper's figure A3 gives D within 2.2 %, but a lower kappa: by 4 to 6 % "
            "from 1 to 2 mol/L, 11 % at 0.5 mol/L, 36 % at 0.15 mol/L. 25 degrees C; no dependence on "
            "temperature."
        ),
    )


def _fit(text: str, clamp: tuple[float, float]) -> Law:
    return Clamped(Formula.parse(text), *clamp)


SOLUTIONS: Mapping[str, Solution] = MappingProxyType(
    {
        "lipf6_ec_emc_nyman2008": _nyman(),
        "lipf6_ec_dmc_landesfeind2019": _landesfeind(
            "EC:DMC 1:1",
            kappa=(7.98e-1, 2.28e2, -1.22, 5.09e-1, -4.0e-3, 3.79e-3),
            diffusivity=(1.47e3, 1.33, -1.69e3, -5.63e2),
            transference=(-7.91, 2.45e-1, 5.28e-2, 6.98e-1, -1.08e-2, -8.21e-5, 7.43e-4, -2.22e-3, 3.07e-5),
            factor=(-5.58, 7.17, 3.80e-2, 1.91, -6.65e-2, -5.08e-5, 1.1e-1, -6.10e-3, 1.51e-4),
            notes="t+ is negative in part of the range: up to 5 degrees C, above 0.8 mol/L.",
        ),
        "lipf6_ec_emc_landesfeind2019": _landesfeind(
            "EC:EMC 3:7",
            kappa=(5.21e-1, 2.28e2, -1.06, 3.53e-1, -3.59e-3, 1.48e-3),
            diffusivity=(1.01e3, 1.01, -1.56e3, -4.87e2),
            transference=(-1.28e1, -6.12, 8.21e-2, 9.04e-1, 3.18e-2, -1.27e-4, 1.75e-2, -3.12e-3, -3.96e-5),
            factor=(2.57e1, -4.51e1, -1.77e-1, 1.94, 2.95e-1, 3.08e-4, 2.59e-1, -9.46e-3, -4.54e-4),
            notes=(
                "t+ is negative in part of the range, up to 15 degrees C. "
                "Below the range the fit of the thermodynamic factor misses its limit 1."
            ),
        ),
        "lipf6_emc_fec_landesfeind2019": _landesfeind(
            "EMC:FEC 19:1",
            kappa=(2.51e-2, 1.75e2, 1.23, 2.05e-1, -8.81e-2, 2.83e-3),
            diffusivity=(5.86e2, 1.33, -1.38e3, -5.82e2),
            transference=(-1.22e1, -3.05, 8.38e-2, 1.78, 1.51e-3, -1.37e-4, -2.45e-2, -5.15e-3, 2.14e-5),
            factor=(3.22, -1.01e1, -1.58e-2, 6.12, 2.96e-2, 2.42e-5, -2.22e-1, -1.57e-2, 6.30e-6),
            notes="t+ is negative in part of the range, at all temperatures, above 0.3 mol/L.",
        ),
        "napf6_ec_pc_chayambuka2022": _chayambuka(),
    }
)
"""Solutions by short keys for case files."""
