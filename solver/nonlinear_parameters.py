"""Parameters of the nonlinear phase-field model, what they mean at a sharp interface, published sets.

With the barrier g = xi^2 (1 - xi)^2, the profile at rest is xi = 1/(1 + exp(d/w)) with

    w = sqrt(kappa/(2 W)),     gamma = sqrt(2 kappa W)/6,     integral of (d xi/dx)^2 dx = 1/(6 w),

and a front of curvature K (positive on a tip) moves, if the driving force does not distort the profile, at

    v = 6 w L_eta [(c/c0) exp(-alpha n F eta/RT) - exp((1 - alpha) n F eta/RT)] - L_sigma kappa K.

A metal that deposits by Butler-Volmer kinetics, with gamma K V_m/(nF) added to its overpotential, moves near
equilibrium at v = V_m i0/(nF) [...] - S gamma (V_m/nF)^2 K with S = di/d eta = n F i0/RT. The two agree if

    i0 = 6 w L_eta n F/V_m    and    L_sigma kappa = S gamma (V_m/nF)^2 = 6 w L_eta gamma V_m/RT.

Since 6 w gamma = kappa, the second says L_sigma/L_eta = V_m/RT, whatever the width and the surface energy.
The derivation is in docs/nonlinear-phase-field.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from .constants import FARADAY, GAS, thermal_voltage

MAY_BE_ANY = {"anisotropy_angle"}
MAY_BE_ZERO = {"anisotropy", "folds", "diffusivity_metal", "barrier_mobility"}


@dataclass(frozen=True)
class Parameters:
    """The model's numbers, SI.

    Attributes:
        barrier_mobility: L_sigma, m^3/(J s).
        reaction_rate: L_eta, 1/s.
        barrier: W, height of the double well W xi^2 (1 - xi)^2, J/m^3.
        gradient: kappa_0, J/m.
        density_metal: c_s, atoms in the metal, mol/m^3.
        concentration: c_0 of the electrolyte, mol/m^3.
        diffusivity, diffusivity_metal: of the cation, m^2/s.
        conductivity, conductivity_metal: S/m.
        transfer: alpha, the cathodic one.
        electrons: n.
        anisotropy: delta of kappa = kappa_0 (1 + delta cos(folds (theta - angle))).
        folds: number of preferred directions; 0 for none.
        anisotropy_angle: of one of them, in rad from the x axis (in two dimensions).
        temperature: K.

    Raises:
        ValueError: a value out of range, with its name.
    """

    barrier_mobility: float
    reaction_rate: float
    barrier: float
    gradient: float
    density_metal: float
    concentration: float
    diffusivity: float
    diffusivity_metal: float
    conductivity: float
    conductivity_metal: float
    transfer: float = 0.5
    electrons: int = 1
    anisotropy: float = 0.0
    folds: int = 0
    anisotropy_angle: float = 0.0
    temperature: float = 298.15

    def __post_init__(self) -> None:
        """Reject what has no meaning."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in MAY_BE_ANY and math.isfinite(value):
                continue
            least = 0.0 if field.name in MAY_BE_ZERO else math.ulp(0.0)
            if not least <= value < math.inf:
                raise ValueError(f"{field.name} is {value:g}, expected a positive number")
        if self.transfer >= 1.0:
            raise ValueError(f"transfer is {self.transfer:g}, expected less than 1")
        if self.anisotropy >= 1.0:
            raise ValueError(f"anisotropy is {self.anisotropy:g}, expected less than 1")

    @property
    def width(self) -> float:
        """W of the profile at rest, m."""
        return math.sqrt(self.gradient / (2.0 * self.barrier))

    @property
    def surface_energy(self) -> float:
        """gamma, J/m^2."""
        return math.sqrt(2.0 * self.gradient * self.barrier) / 6.0

    @property
    def molar_volume(self) -> float:
        """V_m = 1/c_s, m^3/mol."""
        return 1.0 / self.density_metal

    @property
    def thermal(self) -> float:
        """RT/(nF), V."""
        return thermal_voltage(self.temperature) / self.electrons

    @property
    def kinetic_speed(self) -> float:
        """6 w L_eta, the speed that the exchange current alone would give, m/s."""
        return 6.0 * self.width * self.reaction_rate

    @property
    def exchange_current_density(self) -> float:
        """What L_eta stands for at a sharp interface, A/m^2."""
        return self.kinetic_speed * self.electrons * FARADAY * self.density_metal

    @property
    def capillary_speed(self) -> float:
        """L_sigma kappa: speed per curvature in this model, m^2/s."""
        return self.barrier_mobility * self.gradient

    def consistent_capillary_speed(self, overpotential: float = 0.0, activity: float = 1.0) -> float:
        """S gamma (V_m/nF)^2, what L_sigma kappa should be, m^2/s.

        Args:
            overpotential: eta in V at which the slope S = di/d eta is taken; negative deposits.
            activity: c/c0 at the electrode.
        """
        u = overpotential / self.thermal
        slope = (1.0 - self.transfer) * math.exp((1.0 - self.transfer) * u)
        slope += self.transfer * activity * math.exp(-self.transfer * u)
        length = self.surface_energy * self.molar_volume / (GAS * self.temperature)
        return self.kinetic_speed * slope * length

    def capillary_excess(self, overpotential: float = 0.0, activity: float = 1.0) -> float:
        """By what factor the model's capillarity exceeds the consistent one."""
        return self.capillary_speed / self.consistent_capillary_speed(overpotential, activity)

    def speed(self, overpotential: float, activity: float = 1.0) -> float:
        """Speed of a flat front whose profile is not distorted, m/s; see the module."""
        u = overpotential / self.thermal
        cathodic, anodic = activity * math.exp(-self.transfer * u), math.exp((1.0 - self.transfer) * u)
        return self.kinetic_speed * (cathodic - anodic)

    def consistent(self) -> Parameters:
        """The same with L_sigma as capillarity near equilibrium asks for."""
        return replace(self, barrier_mobility=self.consistent_capillary_speed() / self.gradient)


UNIT_ENERGY = 2.5e6
"""J/m^3, by which the sets of Hong, Viswanathan and Ahmad are made dimensionless: RT times 1 mol/L, rounded.
Their kappa and W then stand for a surface energy of 0.50 and 0.55 J/m^2, near that of lithium. What the
model computes does not depend on it, since L_sigma W and L_sigma kappa are products;
the consistent L_sigma does."""
MICRON = 1e-6

HONG_2018 = Parameters(
    barrier_mobility=6.25 / UNIT_ENERGY,
    reaction_rate=0.001,
    barrier=2.4 * UNIT_ENERGY,
    gradient=0.3 * UNIT_ENERGY * MICRON**2,
    density_metal=0.0074e12 / FARADAY,
    concentration=1000.0,
    diffusivity=317.9e-12,
    diffusivity_metal=0.0,
    conductivity=1.19,
    conductivity_metal=1e6,
    temperature=FARADAY / (38.69 * GAS),
)
"""Lithium, Z. Hong and V. Viswanathan, ACS Energy Lett. 3 (2018) 1737: numbers of the input file published
with it (kappa 0.3, W 2.4, L 6.25, L_eta 0.001, M 317.9, sigma 1.19 and 1e6, nF/RT 38.69, nF c_s 0.0074 per
um^2; unit length 1 um, unit time 1 s). There, the balance of the cations has 5.5 x 14.89 = 81.9 mol/L of
metal, 7 % above the 76.7 mol/L of the balance of charge that stand here for both."""

HONG_COSINE = replace(HONG_2018, gradient=0.09 * UNIT_ENERGY * MICRON**2, anisotropy=0.08, folds=4)
"""The same with fourfold anisotropy, as in the open input files "enhenced_ani" of bdliangxy/dendrite: kappa =
0.3^2 (1 + 0.04 cos 4 theta)^2, to first order in 0.04 that of here."""

AHMAD_2020 = replace(
    HONG_2018,
    barrier_mobility=6.318 / UNIT_ENERGY,
    reaction_rate=0.1347,
    barrier=2.64 * UNIT_ENERGY,
    gradient=0.33 * UNIT_ENERGY * MICRON**2,
    diffusivity=319.7e-12,
    conductivity=1.19,
)
"""Lithium, Z. Ahmad, Z. Hong and V. Viswanathan, PNAS 117 (2020) 26672: kappa 0.33, W 2.64, L 6.318, L_eta
0.1347, M 319.7 of the input files published with it (BattModels/electrodep); the rest as in HONG_2018."""

PUBLISHED = {"Hong 2018": HONG_2018, "Hong 2018, fourfold": HONG_COSINE, "Ahmad 2020": AHMAD_2020}
"""Sets whose numbers were read in the sources named with them."""
