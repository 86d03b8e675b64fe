"""Cells of fixed shape as case files: chosen by `geometry.shape`; see docs/fixed-cells.md."""
