"""What is measured: networks and sizes, from a phone's to the paper's."""

from dataclasses import dataclass

from kvjob.study import TrainConfig

BATCH = 8

WARM_UP = 2 * BATCH
"""Images trained before the clock starts."""


@dataclass(frozen=True)
class Case:
    name: str
    encoder: str
    side: int
    """Pixels."""
    images: int
    """Images of the timed epoch, a multiple of BATCH. Kvasir-Instrument's epoch has 400; where that takes
    minutes it is cut short, which makes its checkpoint weigh more than it would."""

    def config(self, precision: str, threads: int) -> TrainConfig:
        return TrainConfig(
            encoder=self.encoder,
            encoder_weights="none",
            input_size=self.side,
            batch_size=BATCH,
            precision=precision,
            cpu_threads=threads,
            learning_rate=1e-3,
            protocol="test-steered",
        )


CASES = {
    case.name: case
    for case in (
        Case("mobilenetv3-64", "tu-mobilenetv3_small_100", 64, 400),
        Case("resnet18-128", "resnet18", 128, 400),
        Case("resnet50-256", "resnet50", 256, 80),
    )
}
