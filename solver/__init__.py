"""Physics and time: everything between a mesh and a finished run."""
