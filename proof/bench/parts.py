"""The parts of a run, in their order."""

from collections.abc import Mapping

from proof.bench.capacity import measure_capacity
from proof.bench.floors.measure import measure_floors
from proof.bench.growth.grown import measure_growth
from proof.bench.one_client import measure_one_client
from proof.bench.part import Part, PartAlone
from proof.bench.resolutions import measure_resolutions
from proof.bench.start import measure_start
from proof.bench.steady import measure_steady

ALONE: Mapping[str, PartAlone] = {"start": measure_start, "growth": measure_growth}
"""These start what they measure themselves, before the stack of the others is there."""

ON_STACK: Mapping[str, Part] = {
    "one-client": measure_one_client,
    "capacity": measure_capacity,
    "floors": measure_floors,
    "resolutions": measure_resolutions,
    "steady": measure_steady,
}
"""These share one running stack, warmed up once it was measured idle. Whatever fills it comes last."""
