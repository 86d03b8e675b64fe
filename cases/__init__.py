"""Case files: their schema, their units, the loader, and the command line.

A case is read once, checked once and converted to SI once; what leaves this
package towards the solver is a frozen `cases.schema.Case` of plain SI floats.

    case.toml -> raw tables -> (--set overrides) -> Case -> solver
"""
