"""Augmentations: what they do, how often, and that nothing but the seed decides."""

import subprocess
import sys

import numpy as np
import pytest

from kvjob.data import augmentation, draw_seed

IMAGE = np.random.default_rng(0).integers(40, 200, (48, 64, 3), dtype=np.uint8)
MASK = (IMAGE[..., 0] > 120).astype(np.uint8)
NAMES = ("horizontal-flip", "brightness-contrast", "gaussian-blur")


def test_none_returns_its_inputs():
    image, mask = augmentation("none")(IMAGE, MASK, 1, certain=True)
    assert image is IMAGE
    assert mask is MASK


@pytest.mark.parametrize(("name", "share"), list(zip(NAMES, (0.5, 0.2, 0.2), strict=True)))
def test_each_is_applied_about_as_often_as_the_paper_says(name, share):
    augment = augmentation(name)
    changed = sum(not np.array_equal(augment(IMAGE, MASK, draw_seed(0, 1, i))[0], IMAGE) for i in range(600))
    assert abs(changed / 600 - share) < 0.06


@pytest.mark.parametrize("name", NAMES)
def test_inputs_stay_and_outputs_have_their_shapes_and_types(name):
    before = IMAGE.copy(), MASK.copy()
    image, mask = augmentation(name)(IMAGE, MASK, 3, certain=True)
    assert np.array_equal(IMAGE, before[0])
    assert np.array_equal(MASK, before[1])
    assert (image.shape, image.dtype, mask.shape, mask.dtype) == (IMAGE.shape, "uint8", MASK.shape, "uint8")
    assert set(np.unique(mask)) <= {0, 1}


def test_a_flip_turns_image_and_mask_together():
    image, mask = augmentation("horizontal-flip")(IMAGE, MASK, 0, certain=True)
    assert np.array_equal(image, IMAGE[:, ::-1])
    assert np.array_equal(mask, MASK[:, ::-1])


@pytest.mark.parametrize("name", NAMES[1:])
def test_colour_and_blur_leave_the_mask_alone(name):
    for seed in range(5):
        image, mask = augmentation(name)(IMAGE, MASK, seed, certain=True)
        assert np.array_equal(mask, MASK)
        assert not np.array_equal(image, IMAGE)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_alone_decides_whatever_was_drawn_before(name):
    used, fresh = augmentation(name), augmentation(name)
    for i in range(20):
        used(IMAGE, MASK, i)
    for i in range(20):
        assert np.array_equal(used(IMAGE, MASK, 100 + i)[0], fresh(IMAGE, MASK, 100 + i)[0])


def test_read_only_images_of_a_pack_can_be_augmented():
    image, mask = IMAGE.copy(), MASK.copy()
    image.flags.writeable = mask.flags.writeable = False
    for name in NAMES:
        augmentation(name)(image, mask, 1, certain=True)


def test_draws_differ_between_seeds_epochs_and_images_and_never_between_processes():
    draws = {draw_seed(seed, epoch, index) for seed in range(5) for epoch in range(5) for index in range(50)}
    assert len(draws) == 1250
    assert (draw_seed(0, 1, 0), draw_seed(1, 0, 0)) == (3964924996, 1835504127)


def test_the_data_floor_needs_no_torch_and_imports_no_albumentations_early():
    program = (
        "import sys; sys.modules['torch'] = None; import kvjob.data; import numpy as np;"
        "assert 'albumentations' not in sys.modules;"
        "a = kvjob.data.augmentation('horizontal-flip'); i = np.zeros((8, 8, 3), np.uint8);"
        "a(i, i[..., 0], 1, certain=True); print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "fine\n", done.stderr
