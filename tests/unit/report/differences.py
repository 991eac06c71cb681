"""Differences as the bootstrap finds them."""

from kvjob.report.bootstrap import Difference


def difference(mean: float, low: float, high: float, adjusted_p: float | None = None) -> Difference:
    """Of 118 images and one seed; p follows from where zero lies unless the corrected one is given."""
    p = 0.001 if low > 0 or high < 0 else 0.4
    return Difference(
        mean=mean,
        low=low,
        high=high,
        p=p,
        adjusted_p=p if adjusted_p is None else adjusted_p,
        comparisons=1,
        detectable=high - low,
        images_error=(high - low) / 4,
        seeds_error=0.0,
        images=118,
        seeds=(1, 1),
        paired=True,
    )
