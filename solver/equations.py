r"""The weak equations of a Model, written once on an abstract mesh.

Unknowns come in blocks: the liquid (scaled concentrations, or their logarithms, and the potential F phi/RT;
interleaved), one potential per conductor, one scaled unknown per film or junction; and the potentials of
terminals as global scalars. Every equation has a stored part Q and a flowing part S,

    dQ/dt + S = 0

so that any linear multistep method takes the same form, with functionals of former steps as its memory. (.,.)
is an integral over a region, <.,.> over an interface, v a test function, i the current density from an
interface into the liquid, i_r that of its reactions, q = C (V_inner - drop - phi - V_pzc) the charge of the
double layer:

    species     Q = (eps c, v) - <q/(z F), v>     S = -(g N + c w, grad v) - (R, v) - sum <nu i_r/(n F), v>
    potential   Q = -<q, v>                       S = -(J, grad v) - <i, v>
      (charge resolved:                           S = -(J, grad v) - (rho, v) - <q, v>)
    conductor   Q = <q, v>                        S = (sigma grad U, grad v) + <i, v>
    film        Q = -<q, v>                       S = <current(s) - i, v>
    terminal    Q = <q, 1>                        S = <i, 1>

with w the velocity of a flow; z belongs to the ion that charges the double layer. Each row is divided by a
scale, so that unknowns and residuals are of order one. All physics is in SI; meshes are in units of L.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import basix.ufl
import numpy as np
import ufl

from .closures import Point, grad
from .constants import FARADAY, thermal_voltage
from .model import COUNTER, LIQUID, Interface, Model, Series
from .reaction import Site
from .symbols import Motion, Phase, Row, Surface, Tags, Weighted

POTENTIAL = "potential"
FILM = "film "
"""Begins the name of the block of a film or junction; the boundary follows."""


class Equations:
    """The rows of a model, as UFL forms over an abstract mesh.

    Attributes:
        names: of the blocks, in order.
        unknowns: ufl.Coefficient by block.
        spaces: ufl.FunctionSpace by block.
        rows: Row by block; terminal rows in `terminals`, by name.
        potentials: ufl.Constant (scaled potential) by terminal with an unknown potential.
        rate: ufl.Constant, factor a0/dt of Q.
        time: ufl.Constant, s.
        numbers: values of all other constants.
        currents: 0-forms in A by "interface/reaction" and "interface" (all of it without the double layer).
        surfaces: by growing boundary.
        motion: symbols of the motion of the mesh; None if nothing moves.
        phase: symbols of a surface that is spread over cells; None if there is none.
    """

    def __init__(self, model: Model, tags: Tags) -> None:
        """Write the equations of `model` for meshes with `tags`."""
        self.model, self.tags = model, tags
        k = model.degree
        self.mesh = ufl.Mesh(basix.ufl.element("Lagrange", tags.cell, 1, shape=(tags.dim,)))
        lagrange = basix.ufl.element("Lagrange", tags.cell, k)
        self.fields = (*model.closure.unknowns, POTENTIAL)
        liquid = basix.ufl.element("Lagrange", tags.cell, k, shape=(len(self.fields),))
        series = [i.boundary for i in model.interfaces if i.series is not None]
        self.names = (LIQUID, *(c.region for c in model.conductors), *(f"{FILM}{name}" for name in series))
        self.spaces = {
            name: ufl.FunctionSpace(self.mesh, liquid if name == LIQUID else lagrange) for name in self.names
        }
        self.unknowns = {name: ufl.Coefficient(space) for name, space in self.spaces.items()}
        self.tests = {name: ufl.TestFunction(space) for name, space in self.spaces.items()}
        self.rows = {name: Row() for name in self.names}
        self.terminals = {name: Row() for name in model.terminals}
        self.rate, self.time = ufl.Constant(self.mesh), ufl.Constant(self.mesh)
        self.potentials = {name: ufl.Constant(self.mesh) for name in model.terminals}
        self._variables = {name: ufl.variable(symbol) for name, symbol in self.potentials.items()}
        self.numbers: dict[Any, float] = {}
        self.currents: dict[str, Any] = {}
        self.surfaces: dict[str, Surface] = {}
        self.scalar = ufl.FunctionSpace(self.mesh, lagrange)
        self.motion: Motion | None = None
        if model.growing:
            vector = basix.ufl.element("Lagrange", tags.cell, 1, shape=(tags.dim,))
            space = ufl.FunctionSpace(self.mesh, vector)
            self.motion = Motion(
                ufl.Coefficient(space), ufl.Coefficient(space), ufl.Coefficient(self.spaces[LIQUID])
            )
        self._scales()
        self.phase = self._phase()
        self._liquid()
        for conductor in model.conductors:
            self._conductor(conductor.region, conductor.conductivity)
        for interface in model.interfaces:
            self._interface(interface)
        self._sources()

    # --- scales and measures

    def _scales(self) -> None:
        model, unit = self.model, self.tags.unit
        self.c0, self.vt = model.reference, thermal_voltage(model.temperature)
        kappa = model.closure.conductivity(model.temperature)
        self.kappa = kappa
        self.current_scale = kappa * self.vt / unit
        self.scale = {s.name: unit**2 / (s.diffusivity * self.c0) for s in model.closure.species}
        ohmic = unit**2 / (kappa * self.vt)
        self.scale[POTENTIAL] = 1.0 / (FARADAY * self.c0) if model.closure.resolves_charge else ohmic
        # Of a poor conductor by the electrolyte, or the currents into it would outweigh all other equations.
        self.scale |= {c.region: unit**2 / (max(c.conductivity, kappa) * self.vt) for c in model.conductors}
        self.area = self.tags.area / unit ** (self.tags.dim - 1)

    def _phase(self) -> Phase | None:
        diffuse = self.model.diffuse
        if diffuse is None:
            return None
        space = ufl.FunctionSpace(self.mesh, basix.ufl.element("Lagrange", self.tags.cell, 1))
        depth, curvature = ufl.Coefficient(space), ufl.Coefficient(space)
        width, floor = self.number(diffuse.width / self.tags.unit), self.number(diffuse.floor)
        return Phase.of(depth, width, curvature, floor, self.number(diffuse.leak))

    def number(self, value: float) -> Any:
        """A constant that is bound later, so that forms are compiled once for all its values."""
        symbol = ufl.Constant(self.mesh)
        self.numbers[symbol] = value
        return symbol

    def dx(self, region: str, degree: int | None = None) -> Any:
        """Measure of a region, in mesh units; exact for polynomial integrands if no `degree` is given."""
        model = self.model
        simple = model.closure.bilinear and model.flow is None
        simple = simple and not model.logarithmic and not model.conversions
        q = 2 * model.degree + (0 if simple else 2) if degree is None else degree
        return self._part(region, {"quadrature_degree": q})

    def _mass(self, region: str) -> Any:
        """Measure for stored amounts."""
        if not self.model.lumped:
            return self.dx(region)
        return self._part(region, {"quadrature_rule": "vertex", "quadrature_degree": 1})

    def _part(self, region: str, rule: Mapping[str, Any]) -> Any:
        """Measure of what a region has of its cells."""
        diffuse, phase = self.model.diffuse, self.phase
        if diffuse is None or phase is None or region not in (diffuse.medium, diffuse.metal):
            return ufl.Measure("dx", self.mesh, metadata=rule)(self.tags.regions[region])
        if "quadrature_rule" not in rule:
            rule = {"quadrature_degree": max(2 * self.model.degree + 2, rule["quadrature_degree"])}
        weight = phase.wet + phase.floor if region == diffuse.medium else phase.solid
        return Weighted(weight, ufl.Measure("dx", self.mesh, metadata=rule)(self.tags.regions[region]))

    def on(self, boundary: str, integrand: Any) -> Any:
        """Integral over a boundary in mesh units; fields are continuous, so either side of it will do."""
        q, diffuse, phase = 2 * self.model.degree + 2, self.model.diffuse, self.phase
        if diffuse is not None and phase is not None:
            if boundary == diffuse.interface:
                measure = ufl.Measure("dx", self.mesh, metadata={"quadrature_degree": q})
                return (phase.active * integrand) * measure(self.tags.regions[diffuse.medium])
            if boundary in diffuse.beds:
                integrand = phase.wet * integrand
        interior = boundary in self.tags.interior
        measure = ufl.Measure("dS" if interior else "ds", self.mesh, metadata={"quadrature_degree": q})
        return (integrand("+") if interior else integrand) * measure(self.tags.boundaries[boundary])

    # --- the fields in SI

    def concentrations(self) -> dict[str, Any]:
        """Of the species with unknowns, mol/m^3."""
        u, c0 = self.unknowns[LIQUID], self.number(self.c0)
        names = self.model.closure.unknowns
        scaled = [ufl.exp(u[i]) if self.model.logarithmic else u[i] for i in range(len(names))]
        return {name: c0 * value for name, value in zip(names, scaled, strict=True)}

    def phi(self) -> Any:
        """Potential of the liquid, V."""
        return self.number(self.vt) * self.unknowns[LIQUID][len(self.fields) - 1]

    def terminal(self, name: str | None) -> Any:
        """Potential of a terminal, V; 0 for the counter electrode and for what has none."""
        return 0.0 if name in (None, COUNTER) else self.number(self.vt) * self._variables[name]

    def side(self, name: str) -> Any:
        """Potential of one side of an interface, V."""
        if name == LIQUID:
            return self.phi()
        base = self.terminal(self.model.terminal_of(name))
        if self.model.conductor(name) is None:
            return base
        return base + self.number(self.vt) * self.unknowns[name]

    def test(self, name: str) -> Any:
        """Test function of a liquid field, or of a block."""
        if name in self.fields:
            return self.tests[LIQUID][self.fields.index(name)]
        return self.tests[name]

    # --- rows

    def _liquid(self) -> None:
        model, row, unit = self.model, self.rows[LIQUID], self.tags.unit
        closure, t = model.closure, self.number(model.temperature)
        c, phi = self.concentrations(), self.phi()
        gradients = {name: grad(value, unit) for name, value in c.items()}
        every = closure.concentrations(c)
        velocity = self._velocity()
        for region, medium in model.media.items():
            dx = self.dx(region)
            diffusivities = {
                s.name: self.number(medium.diffusivities.get(s.name, s.diffusivity)) for s in closure.species
            }
            factor = 1.0 if medium.factor == 1.0 else self.number(medium.factor)
            point = Point(c, gradients, grad(phi, unit), t, diffusivities, factor)
            fluxes = closure.fluxes(point)
            porosity = 1.0 if medium.porosity == 1.0 else self.number(medium.porosity)
            for name in closure.unknowns:
                v, scale = self.test(name), self.number(self.scale[name])
                flux = fluxes[name]
                row.store(scale * porosity * c[name] * v * self._mass(region))
                if self.motion is not None:
                    before = self.number(self.c0) * self.motion.change[self.fields.index(name)]
                    self.motion.carry(scale * porosity * v, c[name], before, dx)
                if velocity is not None:
                    flux = flux + c[name] * velocity
                row.run(-scale * self._flow(region, flux, grad(v, unit)))
                made = sum(
                    porosity * conversion.stoichiometry[name] * self._rate(conversion.rate, every, t)
                    for conversion in model.conversions
                    if name in conversion.stoichiometry
                )
                if not isinstance(made, int):
                    row.run(-scale * made * v * dx)
                if velocity is not None and model.flow is not None and model.flow.streamline:
                    weight = self._streamline(name, factor * diffusivities[name], velocity)
                    defect = ufl.inner(velocity, gradients[name]) - made
                    if name in model.source.volume:
                        x = unit * ufl.SpatialCoordinate(self.mesh)
                        defect = defect - model.source.volume[name](x, self.time)
                    if model.degree > 1:
                        defect = defect + ufl.div(fluxes[name]) / unit
                    row.store(scale * weight * porosity * c[name] * dx)
                    row.run(scale * weight * defect * dx)
            w, scale = self.test(POTENTIAL), self.number(self.scale[POTENTIAL])
            row.run(-scale * self._flow(region, closure.potential_flux(point), grad(w, unit)))
            if closure.resolves_charge:
                row.run(-scale * porosity * closure.space_charge(c) * w * dx)
        if velocity is not None and model.flow is not None:
            normal = ufl.FacetNormal(self.mesh)
            entering = {s.name: self.number(s.concentration) for s in closure.species}
            openings = [(boundary, c) for boundary in model.flow.outlets]
            openings += [(boundary, entering) for boundary in model.flow.inlets]
            for boundary, carried in openings:
                for name in closure.unknowns:
                    factor = self.number(self.scale[name] / unit)
                    through = carried[name] * ufl.inner(velocity, normal)
                    row.run(self.on(boundary, factor * through * self.test(name)))

    def _flow(self, region: str, flux: Any, slope: Any) -> Any:
        """Integral of flux . slope over what a region has of its cells."""
        diffuse, phase, dx = self.model.diffuse, self.phase, self.dx(region)
        if diffuse is None or phase is None or region != diffuse.medium:
            return ufl.inner(flux, slope) * dx
        return phase.flow(flux, slope) * dx.measure

    def _velocity(self) -> Any:
        flow = self.model.flow
        if flow is None or not self.model.closure.unknowns:
            return None
        place = self.place()
        return ufl.as_vector([f(**{n: place[n] for n in f.names}) * 1.0 for f in flow.velocity])

    def place(self) -> dict[str, Any]:
        """Coordinates x, y, z in m."""
        x = ufl.SpatialCoordinate(self.mesh)
        place: dict[str, Any] = dict.fromkeys("xyz", 0.0)
        return place | {"xyz"[i]: self.tags.unit * x[i] for i in range(self.tags.dim)}

    def _rate(self, rate: Any, c: Mapping[str, Any], t: Any) -> Any:
        values = {f"c_{name}": value for name, value in c.items()} | {"T": t}
        return rate(**{name: values[name] for name in rate.names})

    def _streamline(self, name: str, diffusivity: Any, velocity: Any) -> Any:
        """Weight tau v . grad w of the defect dc/dt + v . grad c + div N - R; div N of P1 is left out.

        tau = [4 k^2 v.G v + 144 k^4 D^2 G:G]^(-1/2), G the metric in which the edges of a regular cell are 1
        long, k the degree: in cells that are thin across the flow it falls with the square of their thickness
        (Shakib, Hughes and Johan, Comput. Methods Appl. Mech. Eng. 89, 141 (1991)).
        """
        unit, dim, k = self.tags.unit, self.tags.dim, self.model.degree
        inverse = ufl.JacobianInverse(self.mesh) / unit
        regular = ufl.as_matrix([[1.0 if i == j else 0.5 for j in range(dim)] for i in range(dim)])
        metric = ufl.dot(ufl.transpose(inverse), ufl.dot(regular, inverse))
        advection = 4.0 * k**2 * ufl.inner(velocity, ufl.dot(metric, velocity))
        diffusion = 144.0 * k**4 * diffusivity**2 * ufl.inner(metric, metric)
        return ufl.inner(velocity, grad(self.test(name), unit)) / ufl.sqrt(advection + diffusion)

    def _conductor(self, region: str, sigma: float) -> None:
        unit = self.tags.unit
        u, v = self.unknowns[region], self.test(region)
        factor = self.number(self.scale[region] * sigma * self.vt)
        dx = self.dx(region, 2 * self.model.degree)
        self.rows[region].run(factor * ufl.inner(grad(u, unit), grad(v, unit)) * dx)

    def _interface(self, interface: Interface) -> None:
        model, closure = self.model, self.model.closure
        name, unit = interface.boundary, self.tags.unit
        inner, outer = self.side(interface.inner), self.side(interface.outer)
        block = f"{FILM}{name}"
        activity, shift = 1.0, 0.0
        if interface.grows:
            surface = self._surface(name)
            vt = self.number(self.vt)
            inner = (1.0 - surface.floating) * inner + vt * surface.floating * surface.variable
            activity, shift = surface.activity, vt * surface.shift
        elif interface.graded:
            surface = self._graded(name)
            activity, shift = surface.activity, self.number(self.vt) * surface.shift
        if interface.series is not None:
            s, scale = self.unknowns[block], self.current_scale
            inner = inner - interface.series.drop(s, scale)
            if interface.grows:
                inner = inner - self._grown_drop(self.surfaces[name].film, interface.series, s)
        wet = interface.outer == LIQUID
        every = closure.concentrations(self.concentrations()) if wet else {}
        t = self.number(model.temperature)
        i: Any = 0.0
        for reaction in interface.reactions:
            eta = inner - outer - self.number(reaction.equilibrium_potential) + shift
            current = activity * reaction.current(Site(eta, every, t))
            self.currents[f"{name}/{reaction.name}"] = self.on(name, current * self._si_area)
            i = i + current
            for species, nu in reaction.stoichiometry.items():
                if wet and species in closure.unknowns:
                    factor = self.number(self.scale[species] * nu / (reaction.electrons * FARADAY * unit))
                    self.rows[LIQUID].run(self.on(name, -factor * current * self.test(species)))
        self.currents[name] = self.on(name, i * self._si_area)
        if name in self.surfaces:
            self.surfaces[name] = replace(self.surfaces[name], current=i / self.number(self.current_scale))
        charge: Any = None
        if interface.capacitance > 0.0:
            charge = self.number(interface.capacitance) * (inner - outer - self.number(interface.zero_charge))
        self._into(interface.outer, name, i, charge, -1.0)
        self._into(interface.inner, name, i, charge, 1.0)
        if charge is not None and interface.charging_species in closure.unknowns and wet:
            ion = next(s for s in closure.species if s.name == interface.charging_species)
            factor = self.number(self.scale[ion.name] / (ion.charge * FARADAY * unit))
            if not closure.resolves_charge:
                self.rows[LIQUID].store(self.on(name, -factor * charge * self.test(ion.name)))
        if interface.series is not None:
            factor, v = self.number(1.0 / self.current_scale), self.test(block)
            through = interface.series.current(self.unknowns[block], self.current_scale)
            self.rows[block].run(self.on(name, factor * (through - i) * v))
            if model.diffuse is not None and name == model.diffuse.interface:  # known everywhere, like c
                small = self.number(model.diffuse.floor * self.tags.unit / model.diffuse.width)
                self.rows[block].run(small * self.unknowns[block] * v * self._everywhere())
            if charge is not None:
                self.rows[block].store(self.on(name, -factor * charge * v))

    def _surface(self, name: str) -> Surface:
        """Symbols of the data on a growing boundary, which has a mesh of its facets."""
        facet = "interval" if self.tags.dim == 2 else "triangle"
        mesh = ufl.Mesh(basix.ufl.element("Lagrange", facet, 1, shape=(self.tags.dim,)))
        space = ufl.FunctionSpace(mesh, basix.ufl.element("DG", facet, 0))
        activity, floating, metal, film = (ufl.Coefficient(space) for _ in range(4))
        shift = ufl.Coefficient(self.scalar)
        self.surfaces[name] = Surface(activity, shift, floating, metal, film, ufl.variable(metal))
        return self.surfaces[name]

    def _graded(self, name: str) -> Surface:
        """Symbols of the data on the cells beside a boundary, or all over a spread one."""
        constant = ufl.FunctionSpace(self.mesh, basix.ufl.element("DG", self.tags.cell, 0))
        self.surfaces[name] = Surface(ufl.Coefficient(constant), ufl.Coefficient(self.scalar))
        return self.surfaces[name]

    def _everywhere(self) -> Any:
        """Measure of all cells of a medium and a metal that share them."""
        assert self.model.diffuse is not None
        rule = {"quadrature_degree": 2 * self.model.degree}
        tag = self.tags.regions[self.model.diffuse.medium]
        return ufl.Measure("dx", self.mesh, metadata=rule)(tag)

    def _grown_drop(self, film: Any, series: Series, s: Any) -> Any:
        """Potential lost in what has grown on the facets, V; see `film`."""
        current = series.current(s, self.current_scale)
        if series.growth > 0.0:
            film = film + self.number(series.growth) / self.rate * abs(current)
        return film * current

    @property
    def _si_area(self) -> float:
        return float(self.tags.unit ** (self.tags.dim - 1))

    def _into(self, side: str, boundary: str, i: Any, charge: Any, sign: float) -> None:
        """Current i and stored charge leave (sign 1) or enter (-1) the potential row of `side`."""
        model = self.model
        if side == LIQUID and model.closure.resolves_charge:
            if charge is not None:
                factor = self.number(sign * self.scale[POTENTIAL] / self.tags.unit)
                self.rows[LIQUID].run(self.on(boundary, factor * charge * self.test(POTENTIAL)))
        elif side == LIQUID or model.conductor(side) is not None:
            block, field = (LIQUID, POTENTIAL) if side == LIQUID else (side, side)
            factor = self.number(sign * self.scale[field] / self.tags.unit)
            if not isinstance(i, float):
                self.rows[block].run(self.on(boundary, factor * i * self.test(field)))
            if charge is not None:
                self.rows[block].store(self.on(boundary, factor * charge * self.test(field)))
        terminal = model.terminal_of(side)
        if terminal in self.terminals:
            factor = self.number(sign / (self.area * self.current_scale))
            row = self.terminals[terminal]
            if not isinstance(i, float):
                row.run(self.on(boundary, factor * i))
            if charge is not None:
                row.store(self.on(boundary, factor * charge))

    def _sources(self) -> None:
        source, unit = self.model.source, self.tags.unit
        if not source.volume and not source.boundary:
            return
        x = self.tags.unit * ufl.SpatialCoordinate(self.mesh)
        for name, f in source.volume.items():
            for region in self.model.media:
                factor = self.number(self.scale[name])
                dx = self.dx(region, 2 * self.model.degree + 4)
                self.rows[LIQUID].run(-factor * f(x, self.time) * self.test(name) * dx)
        for (boundary, name), f in source.boundary.items():
            factor = self.number(self.scale[name] / unit)
            self.rows[LIQUID].run(self.on(boundary, -factor * f(x, self.time) * self.test(name)))

    # --- what is compiled

    def residual(self, block: str) -> Any:
        """Q a0/dt + S of a block (without memory)."""
        return _sum(self.rows[block], self.rate)

    def terminal_residual(self, name: str) -> Any:
        """Current of a terminal, Q a0/dt + S, in units of the current scale times its area; a 0-form."""
        return _sum(self.terminals[name], self.rate)

    def by_terminal(self, form: Any, name: str) -> Any:
        """Derivative of a form by the scaled potential of a terminal."""
        return ufl.diff(form, self._variables[name])


def _sum(row: Row, rate: Any) -> Any:
    if row.stored is None:
        return row.flow
    return rate * row.stored if row.flow is None else rate * row.stored + row.flow


def empty(form: Any) -> bool:
    """Whether nothing is left of a form."""
    return form is None or not ufl.algorithms.expand_derivatives(form).integrals()


def as_array(value: float) -> Any:
    """A constant's value as DOLFINx wants it."""
    return np.asarray(value, dtype=np.float64)
