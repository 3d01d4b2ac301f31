"""Proves that a plan, flown in any way that a flight may take, breaks none of its promises.

Pure: a plan in, a proof or the shortest counter-examples out.
"""

from __future__ import annotations

from cockpit.core.prove.model import Model, model_of
from cockpit.core.prove.proof import Anchor, Proof, Violation
from cockpit.core.prove.prover import prove, prove_model, rule_statements

__all__ = [
    "Anchor",
    "Model",
    "Proof",
    "Violation",
    "model_of",
    "prove",
    "prove_model",
    "rule_statements",
]
