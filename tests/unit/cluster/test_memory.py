"""What a train pod asks for, and that it is enough for what was measured."""

import pytest

from kvjob.cluster.memory import KVASIR_IMAGES, MIB, memory_request, quantity
from kvjob.data.fetch import KVASIR_COUNTS
from kvjob.study import TrainConfig


def config(**fields: object) -> TrainConfig:
    return TrainConfig(encoder_weights="none", **fields)


@pytest.mark.parametrize(
    ("fields", "measured"),
    [
        ({"encoder": "resnet50", "input_size": 64, "batch_size": 8}, 1299),
        ({"encoder": "resnet50", "input_size": 128, "batch_size": 8}, 1573),
        ({"encoder": "resnet50", "input_size": 256, "batch_size": 8}, 2829),
        ({"encoder": "resnet50", "input_size": 512, "batch_size": 4}, 3961),
        ({"encoder": "resnet18", "input_size": 256, "batch_size": 8}, 1597),
        ({"encoder": "tu-mobilenetv3_small_100", "input_size": 512, "batch_size": 8}, 2979),
        ({"encoder": "tu-efficientnet_lite0", "input_size": 256, "batch_size": 8}, 2103),
    ],
)
def test_a_cpu_pod_gets_more_than_training_was_seen_to_take(fields, measured):
    """Peaks in MiB of two steps with Adam in float32; at 256 px, of an epoch and its checkpoint."""
    assert memory_request(config(**fields), images=590, gpus=0) > measured * MIB


@pytest.mark.parametrize("gpus", [0, 1])
def test_a_larger_input_asks_for_more(gpus):
    sizes = [
        memory_request(config(input_size=side, batch_size=16), 590, gpus) for side in (64, 128, 256, 512)
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


def test_the_data_set_that_is_assumed_is_the_one_that_is_downloaded():
    assert KVASIR_COUNTS[0] == KVASIR_IMAGES


def test_quantities_are_whole_mebibytes():
    assert quantity(memory_request(config(), 590, 1)) == "4608Mi"
    assert quantity(1) == "1Mi"
