"""Steady flow channel with an anode over a cathode, by finite volumes: a second opinion on Bortels' cells.

The channel is `entry` + `electrode` + `exit` long and `gap` high; the cathode lies at the bottom, the anode
at the top, at the same x. Electrolyte flows along x with the profile u(y). For species k

    div(N_k + u c_k) = 0,   N_k = -D_k (grad c_k + z_k c_k grad P),   P = F phi/RT
    inlet: (N_k + u c_k).n = u.n c_k,bulk,   outlet: (N_k + u c_k).n = u.n c_k,   insulator: N_k.n = 0
    electrode: N_1.n = -i/(nF), others 0,
               i = j0 [exp(a_a n F eta/RT) - (c_1/c_1,bulk) exp(-a_c n F eta/RT)],  eta = V - phi

with sum z_k c_k = 0 (the last species is eliminated) and div sum z_k N_k = 0. With a given conductivity this
last equation is Ohm's law instead, and the species move in its field without carrying current.

Nodes are cell centres along x and lie on the walls in y; faces in y are halfway. Diffusion and migration are
central, convection is upwind with linear extrapolation (second order), Newton's method solves all at once.
Nothing is shared with the engine of `solver`, by intention.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

FloatArray = npt.NDArray[np.float64]

FARADAY = 96485.33212
GAS = 8.31446261815324


@dataclass(frozen=True)
class Ion:
    """A dissolved species: charge number, diffusivity in m^2/s and inlet concentration in mol/m^3."""

    charge: float
    diffusivity: float
    bulk: float


@dataclass(frozen=True)
class FlowCell:
    """Cell of Bortels et al. (1996).

    Attributes:
        ions: the first reacts; empty for Ohm's law alone.
        conductivity: of Ohm's law in S/m, or None for the current carried by the ions.
        entry, electrode, exit, gap: lengths in m.
        mean_velocity: in m/s.
        sheared: replaces the parabola 6 u y (gap - y)/gap^2 by its tangent at the cathode, 6 u y/gap.
        exchange_current: j0 in A/m^2.
        alpha_a, alpha_c, electrons: of the rate law.
        voltage: anode minus cathode in V; the cathode is at 0.
        temperature: in K.
    """

    ions: tuple[Ion, ...]
    entry: float
    electrode: float
    exit: float
    gap: float
    mean_velocity: float
    exchange_current: float
    voltage: float
    alpha_a: float = 0.5
    alpha_c: float = 0.5
    electrons: int = 2
    temperature: float = 298.15
    conductivity: float | None = None
    sheared: bool = False

    @property
    def nernst_einstein(self) -> float:
        """Conductivity of the entering electrolyte in S/m: F^2/RT sum z^2 D c."""
        factor = FARADAY**2 / (GAS * self.temperature)
        return factor * sum(ion.charge**2 * ion.diffusivity * ion.bulk for ion in self.ions)


def stretched(length: float, cells: int, strength: float) -> FloatArray:
    """Ends of `cells` cells of [0, length], shape (cells + 1,), fine at 0: length sinh(b s)/sinh(b)."""
    return np.asarray(length * np.sinh(strength * np.linspace(0.0, 1.0, cells + 1)) / np.sinh(strength))


def symmetric(length: float, cells: int, strength: float) -> FloatArray:
    """Ends of 2 `cells` cells of [0, length], fine at both ends."""
    half = stretched(length / 2.0, cells, strength)
    return np.concatenate([half, length - half[-2::-1]])


class Grid:
    """Nodes and faces of the channel; node (i, j) has the number i ny + j.

    `level` cells from the middle of an electrode to its edge, from wall to middle, and along entry and exit.
    """

    def __init__(self, cell: FlowCell, level: int, wall: float = 6.0, along: float = 8.0) -> None:
        """Grade with strength `wall` to walls and edges on the electrodes, `along` in entry and exit."""
        before = cell.entry - stretched(cell.entry, level, along)[::-1]
        electrode = cell.entry + symmetric(cell.electrode, level, wall)
        after = cell.entry + cell.electrode + stretched(cell.exit, level, along)
        ends = np.concatenate([before, electrode[1:], after[1:]])
        self.x, self.width, self.ends = (ends[1:] + ends[:-1]) / 2.0, np.diff(ends), ends
        self.y = symmetric(cell.gap, level, wall)
        self.middles = np.concatenate([[0.0], (self.y[1:] + self.y[:-1]) / 2.0, [cell.gap]])
        self.height = np.diff(self.middles)
        self.nx, self.ny = len(self.x), len(self.y)
        self.numbers = np.arange(self.nx * self.ny).reshape(self.nx, self.ny)
        self.columns = np.arange(level, 3 * level)
        self.cathode, self.anode = self.numbers[self.columns, 0], self.numbers[self.columns, -1]

    @cached_property
    def faces(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix, FloatArray]:
        """Gradient and mean over every inner face (faces, nodes), and areas (faces,)."""
        n = self.numbers
        low = np.concatenate([n[:-1].ravel(), n[:, :-1].ravel()])
        high = np.concatenate([n[1:].ravel(), n[:, 1:].ravel()])
        gap_x, gap_y = np.diff(self.x), np.diff(self.y)
        distance = np.concatenate([np.repeat(gap_x, self.ny), np.tile(gap_y, self.nx)])
        area = np.concatenate([np.tile(self.height, self.nx - 1), np.repeat(self.width, self.ny - 1)])
        share_x = (self.ends[1:-1] - self.x[:-1]) / gap_x
        share = np.concatenate([np.repeat(share_x, self.ny), np.full(self.nx * (self.ny - 1), 0.5)])
        rows = np.arange(len(low))

        def pair(first: FloatArray, second: FloatArray) -> sparse.csr_matrix:
            entries = (np.concatenate([first, second]), (np.tile(rows, 2), np.concatenate([low, high])))
            return sparse.csr_matrix(entries, shape=(len(rows), n.size))

        return pair(-1.0 / distance, 1.0 / distance), pair(1.0 - share, share), area

    @cached_property
    def divergence(self) -> sparse.csr_matrix:
        """Net outflow of every node from the flux densities on inner faces, (nodes, faces)."""
        gradient, _, area = self.faces
        return -gradient.sign().T @ sparse.diags(area)

    def convection(self, cell: FlowCell) -> tuple[sparse.csr_matrix, FloatArray]:
        """Net outflow (nodes, nodes) per concentration, and (nodes,) per concentration of the inlet."""
        u, h = cell.mean_velocity, cell.gap
        y = self.middles
        primitive = 3.0 * u * y**2 / h if cell.sheared else u * (3.0 * y**2 / h - 2.0 * y**3 / h**2)
        volume_flow = np.diff(primitive)
        back = np.diff(np.concatenate([[self.ends[0]], self.x]))
        weight = (self.ends[1:] - self.x) / back
        face = sparse.diags([1.0 + weight, -weight[1:]], [0, -1])
        net = sparse.diags([np.ones(self.nx), -np.ones(self.nx - 1)], [0, -1])
        flow = sparse.diags(volume_flow)
        inlet = np.zeros(self.nx)
        inlet[0] = -1.0
        constant = net @ np.where(np.arange(self.nx) == 0, -weight, 0.0) + inlet
        return sparse.kron(net @ face, flow).tocsr(), np.outer(constant, volume_flow).ravel()


@dataclass(frozen=True)
class FlowResult:
    """Currents in A/m^2 along the electrodes, anodic positive, shape (columns,), and what was at the walls.

    `x` in m from the leading edge, `width` of the columns in m, `concentration_*` of ion 1 in mol/m^3.
    """

    x: FloatArray
    width: FloatArray
    cathode: FloatArray
    anode: FloatArray
    concentration_cathode: FloatArray
    concentration_anode: FloatArray

    @property
    def mean(self) -> float:
        """Mean current density of the anode in A/m^2."""
        return float(self.anode @ self.width / self.width.sum())

    @property
    def imbalance(self) -> float:
        """Sum of both currents over that of the anode; the scheme conserves charge."""
        return float((self.anode + self.cathode) @ self.width / (self.anode @ self.width))

    def at(self, position: float) -> tuple[float, float]:
        """Current densities of cathode and anode at `position` m from the leading edge (cubic through 4)."""
        start = int(np.clip(np.searchsorted(self.x, position) - 2, 0, len(self.x) - 4))
        near = slice(start, start + 4)
        nodes = self.x[near]
        ratio = (position - nodes[None, :]) / (nodes[:, None] - nodes[None, :] + np.eye(4))
        np.fill_diagonal(ratio, 1.0)
        lagrange = ratio.prod(axis=1)
        return float(lagrange @ self.cathode[near]), float(lagrange @ self.anode[near])


class Equations:
    """Residual and Jacobian over the unknowns (c_1/c_ref, ..., P), each with all nodes in turn."""

    def __init__(self, cell: FlowCell, grid: Grid) -> None:
        """Set up the constant operators of `cell` on `grid`."""
        self.cell, self.grid = cell, grid
        self.thermal = GAS * cell.temperature / FARADAY
        self.reference = cell.ions[0].bulk if cell.ions else 1.0
        self.scale = cell.ions[0].diffusivity if cell.ions else 1e-9
        carried = cell.conductivity is None
        self.solved = cell.ions[:-1] if carried else cell.ions
        # Concentrations of all ions from those of the solved ones.
        self.expand = np.eye(len(cell.ions), len(self.solved))
        if carried:
            self.expand[-1] = [-ion.charge / cell.ions[-1].charge for ion in self.solved]
        self.convection, self.inflow = grid.convection(cell)

    def initial(self) -> FloatArray:
        """The entering electrolyte at half the voltage, shape (unknowns, nodes)."""
        values = [ion.bulk / self.reference for ion in self.solved] + [self.cell.voltage / self.thermal / 2.0]
        return np.repeat(np.array(values)[:, None], self.grid.numbers.size, axis=1)

    def surface(
        self, state: FloatArray, nodes: npt.NDArray[np.int64], voltage: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Current density in A/m^2 at wall `nodes` and its derivatives by c_1/c_ref and P."""
        cell = self.cell
        eta = cell.electrons * (voltage / self.thermal - state[-1, nodes])
        forward, back = np.exp(cell.alpha_a * eta), np.exp(-cell.alpha_c * eta)
        ratio = state[0, nodes] if self.solved else np.ones(len(nodes))
        slope = -cell.electrons * (cell.alpha_a * forward + cell.alpha_c * ratio * back)
        j0 = cell.exchange_current
        return j0 * (forward - ratio * back), -j0 * back, j0 * slope

    def assemble(self, state: FloatArray) -> tuple[FloatArray, sparse.csc_matrix]:
        """Residual (unknowns * nodes,) and its Jacobian."""
        cell, grid = self.cell, self.grid
        gradient, mean, _ = grid.faces
        count, nodes = len(self.solved), grid.numbers.size
        field = gradient @ state[-1]
        residual = np.zeros((count + 1, nodes))
        blocks: list[list[sparse.spmatrix]] = [
            [sparse.csr_matrix((nodes, nodes)) for _ in range(count + 1)] for _ in range(count + 1)
        ]
        for k, ion in enumerate(cell.ions):
            d, z = ion.diffusivity / self.scale, ion.charge
            salt = self.expand[k] @ state[:-1]
            flux = -d * (gradient @ salt + z * (mean @ salt) * field)
            by_salt = grid.divergence @ (-d * (gradient + z * sparse.diags(field) @ mean))
            by_potential = grid.divergence @ (-d * z * sparse.diags(mean @ salt) @ gradient)
            if k < count:
                inlet = self.inflow * ion.bulk / self.reference
                residual[k] += grid.divergence @ flux + (self.convection @ salt + inlet) / self.scale
                blocks[k][k] += by_salt + self.convection / self.scale
                blocks[k][-1] += by_potential
            if cell.conductivity is None:
                residual[-1] += z * (grid.divergence @ flux)
                blocks[-1][-1] += z * by_potential
                for m in range(count):
                    blocks[-1][m] += z * self.expand[k, m] * by_salt
        unit = FARADAY * self.scale * self.reference
        if cell.conductivity is not None:
            ohm = -cell.conductivity * self.thermal / unit * (grid.divergence @ gradient)
            residual[-1] += ohm @ state[-1]
            blocks[-1][-1] += ohm
        for wall, voltage in ((grid.cathode, 0.0), (grid.anode, cell.voltage)):
            width = grid.width[grid.columns] / unit
            parts = [width * part for part in self.surface(state, wall, voltage)]
            rows = [(0, cell.electrons), (count, 1)] if count else [(0, 1)]
            for row, divisor in rows:
                residual[row, wall] -= parts[0] / divisor
                for column, part in ((0, parts[1]), (count, parts[2])) if count else ((0, parts[2]),):
                    entries = (-part / divisor, (wall, wall))
                    blocks[row][column] += sparse.csr_matrix(entries, shape=(nodes, nodes))
        return residual.ravel(), sparse.bmat(blocks, format="csc")


def solve(cell: FlowCell, level: int, iterations: int = 60, tolerance: float = 1e-9) -> FlowResult:
    """Solve `cell` on the grid of `level` until a Newton step changes nothing by more than `tolerance`.

    Raises:
        RuntimeError: Newton's method did not converge.
    """
    grid = Grid(cell, level)
    equations = Equations(cell, grid)
    state = equations.initial()
    for _ in range(iterations):
        residual, jacobian = equations.assemble(state)
        change = splu(jacobian).solve(-residual).reshape(state.shape)
        # The exponentials bear steps of a few RT/F; in the concentrations the equations are nearly linear.
        state = state + min(1.0, 3.0 / max(float(np.abs(change[-1]).max()), 1e-300)) * change
        if float(np.abs(change).max()) < tolerance:
            break
    else:
        raise RuntimeError(f"flow cell: no convergence in {iterations} Newton iterations at level {level}")
    first = state[0] * equations.reference if equations.solved else np.ones(state.shape[1])
    return FlowResult(
        x=grid.x[grid.columns] - cell.entry,
        width=grid.width[grid.columns],
        cathode=equations.surface(state, grid.cathode, 0.0)[0],
        anode=equations.surface(state, grid.anode, cell.voltage)[0],
        concentration_cathode=first[grid.cathode],
        concentration_anode=first[grid.anode],
    )
