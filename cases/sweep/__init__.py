"""Many runs of one case: what is varied, the folder of the sweep, running it, and its table.

--vary -> axes -> Plan (points, checked) -> folder -> pool of workers, or a SLURM job array -> table
"""
