"""Proof: exact solutions, studies that compare the solver with them, and the report.

`verification.exact` holds closed forms and semi-analytic references. They need numpy and scipy only, and
share nothing with the solver but the physical constants. `verification.studies` holds the comparisons, each
a `Study`; `verification.report` prints and writes what they found. The command is `tertia verify`.
"""
