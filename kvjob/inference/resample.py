"""OpenCV's resampling as tensor operations, so that it can be part of an exported graph.

Training resamples with OpenCV (`kvjob.data.image.to_square`), and a network sees the difference between two
resamplers. What is here has no branches: any height and width run through the same operations. It follows
modules/imgproc/src/resize.cpp of OpenCV 4 and 5, rounding and all. Numbers stand where they are used, because
TorchScript reads no constants of a module.
"""

import torch
from torch import Tensor


def to_square(frames: Tensor, size: int) -> Tensor:
    """As kvjob.data.image.to_square: a side that shrinks is averaged over area, one that grows is linear.

    Integer factors and growing give OpenCV's bytes; with other factors, sums that OpenCV rounds from exactly
    half may end one grey level off.

    Args:
        frames: shape (n, height, width, 3), uint8.
        size: side of the result in pixels.

    Returns:
        Shape (n, size, size, 3), uint8.
    """
    height, width = frames.shape[1], frames.shape[2]
    planes = frames.permute(0, 3, 1, 2).to(torch.float32)
    return _grow(_shrink(planes, height, width, size), height, width, size).permute(0, 2, 3, 1)


def resize_linear(values: Tensor, height: int, width: int) -> Tensor:
    """As cv2.resize with INTER_LINEAR: values of shape (n, h, w), float32, to (n, height, width)."""
    left, right, x = _neighbours(_side(values.shape[2], values), width)
    top, bottom, y = _neighbours(_side(values.shape[1], values), height)
    rows = values.index_select(2, left) * (1 - x) + values.index_select(2, right) * x
    y = y.unsqueeze(1)
    return rows.index_select(1, top) * (1 - y) + rows.index_select(1, bottom) * y


def _shrink(planes: Tensor, height: int, width: int, size: int) -> Tensor:
    """Average over area the sides longer than size; whole numbers 0 to 255, shape (n, 3, size, size).

    A shorter side stays as it is, at the beginning of the result.
    """
    down, cell_down, factor_down = _overlap(_side(height, planes), height, size)
    across, cell_across, factor_across = _overlap(_side(width, planes), width, size)
    # whole factors: sums of bytes, exact in any order, divided at the end; else: weights that sum to one
    whole = (factor_down == factor_down.round()) & (factor_across == factor_across.round())
    down = torch.where(whole, down, down / cell_down)
    across = torch.where(whole, across, across / cell_across)
    area = factor_down * factor_across
    share = torch.where(whole, 1 / area, torch.ones_like(area)).to(torch.float32)
    sums = torch.matmul(down, torch.matmul(planes, across.transpose(0, 1)))
    halves = (factor_down == 2) & (factor_across == 2)  # four bytes: rounded half up, all else half to even
    return torch.where(halves, torch.floor((sums + 2) * 0.25), torch.round(sums * share)).clamp(0, 255)


def _overlap(length: Tensor, side: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """How much of each source pixel each result pixel covers, shape (size, side); its extent; the factor."""
    factor = 1 / (length.clamp(max=size) / length)
    begin = torch.arange(size, dtype=torch.float64, device=length.device).unsqueeze(1) * factor
    pixel = torch.arange(side, dtype=torch.float64, device=length.device).unsqueeze(0)
    covered = torch.minimum(pixel + 1, begin + factor) - torch.maximum(pixel, begin)
    # less than a thousandth of a source pixel does not count (computeResizeAreaTab)
    covered = torch.where(covered > 1e-3, covered, torch.zeros_like(covered))
    cell = torch.minimum(factor, (length - begin).clamp(min=1e-3))
    return covered.to(torch.float32), cell.to(torch.float32), factor


def _grow(planes: Tensor, height: int, width: int, size: int) -> Tensor:
    """Interpolate the sides shorter than size; planes as _shrink returns them. Returns uint8.

    The products fill 31 bits, and OpenCV cuts them to 16 between: its bytes follow from its integers only.
    """
    left, right, x = _neighbours(_side(width, planes).clamp(max=size), size)
    top, bottom, y = _neighbours(_side(height, planes).clamp(max=size), size)
    # OpenCV takes the outermost column itself beyond the edge, but mixes the outermost row with itself
    x = torch.where(left == right, torch.zeros_like(x), x)
    near, far = _fixed(1 - x), _fixed(x)
    whole = planes.to(torch.int32)
    rows = (whole.index_select(3, left) * near + whole.index_select(3, right) * far) // 16
    above, below = _fixed(1 - y).unsqueeze(1), _fixed(y).unsqueeze(1)
    mixed = (rows.index_select(2, top) * above) // 65536 + (rows.index_select(2, bottom) * below) // 65536
    return ((mixed + 2) // 4).to(torch.uint8)


def _neighbours(length: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each of size result pixels the two source pixels beside it and the weight of the second."""
    factor = 1 / (size / length)
    centre = torch.arange(size, dtype=torch.float64, device=length.device) + 0.5
    place = (centre * factor - 0.5).to(torch.float32)
    low = torch.floor(place)
    last = (length - 1).to(torch.int64)
    first = torch.minimum(low.to(torch.int64).clamp(min=0), last)
    second = torch.minimum((low.to(torch.int64) + 1).clamp(min=0), last)
    return first, second, place - low


def _fixed(weight: Tensor) -> Tensor:
    """A weight of 0 to 1 in fixed point of 11 bits (INTER_RESIZE_COEF_BITS)."""
    return torch.round(weight * 2048).to(torch.int32)


def _side(pixels: int, like: Tensor) -> Tensor:
    """A side as a tensor, which stays a variable of the graph where a Python number would be fixed."""
    return torch.full((), pixels, dtype=torch.float64, device=like.device)
