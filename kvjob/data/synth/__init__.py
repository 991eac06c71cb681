"""A data set like Kvasir-Instrument, made up: scenes of endoscopy with exact masks."""

from kvjob.data.synth.write import synthesize

__all__ = ["synthesize"]
