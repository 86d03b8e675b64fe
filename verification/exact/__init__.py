"""Closed forms and semi-analytic references, by numpy and scipy alone.

Each module opens with its mathematics. Units are SI. Currents of an electrode are anodic positive, cathodic
(deposition) negative, unless a function says that it returns a magnitude.
"""
