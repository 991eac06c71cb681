import numpy as np

from kvjob.report.figures import Drawing
from kvjob.report.figures.style import new_figure, style


def test_a_picture_of_noise_is_drawn():
    """Its JPEG is larger than its pixels, for which an encoder that optimises its tables has no room."""
    noise = np.random.default_rng(0).integers(0, 255, (240, 240, 3), dtype=np.uint8)
    with style():
        figure = new_figure(2.0, 2.0)
        figure.add_axes((0, 0, 1, 1)).imshow(noise, interpolation="none")
    assert b"data:image/jpeg;base64," in Drawing("noise", "Figure 1", "", "", figure).svg()
