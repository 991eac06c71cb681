"""How far a mean may lie from the truth when its error comes from two samples: many images and few seeds."""

from dataclasses import dataclass
from math import exp, log, sqrt

from scipy.optimize import brentq
from scipy.special import nctdtrinc, stdtrit

_SMALLEST = 1e-30
"""p-values are not told apart below this; far below, scipy's quantiles overflow."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The variance of a mean by where it comes from, each with its degrees of freedom.

    The critical value is Cochran's (1964): the mean of both Student quantiles, weighted with the variances.
    Satterthwaite's single number of degrees of freedom grows where three seeds happen to agree; corrected for
    a dozen comparisons it finds up to five times the differences by chance that it should
    (`docs/statistics.md`).
    """

    images: float
    """Variance from the choice of images."""
    images_freedom: int
    seeds: float
    """Variance from the luck of seeds; 0 if there is a single one, of which nothing is known."""
    seeds_freedom: int
    """0 with a single seed."""

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return sqrt(self.images + self.seeds)

    def critical(self, alpha: float) -> float:
        """Standard errors that the mean exceeds, to either side, with probability alpha if the truth is 0."""
        quantiles = sum(
            variance * -float(stdtrit(freedom, alpha / 2)) for variance, freedom in self._parts() if variance
        )
        return quantiles / (self.images + self.seeds)

    def p(self, mean: float) -> float:
        """The probability of a mean as far from zero as this if the truth is zero: critical, turned round."""
        if not self.error:
            return float(mean == 0)
        distance = abs(mean) / self.error
        if distance >= self.critical(_SMALLEST):
            return _SMALLEST
        return exp(brentq(lambda x: self.critical(exp(x)) - distance, log(_SMALLEST), 0.0, xtol=1e-9))

    def detectable(self, alpha: float, power: float) -> float:
        """The true mean that a study like this one tells from zero, at level alpha, with probability power.

        From the noncentral t with Satterthwaite's (1946) degrees of freedom.
        """
        if not self.error:
            return 0.0
        spread = sum(variance**2 / freedom for variance, freedom in self._parts() if variance)
        freedom = (self.images + self.seeds) ** 2 / spread
        return float(nctdtrinc(freedom, 1 - power, self.critical(alpha))) * self.error

    def _parts(self) -> tuple[tuple[float, int], tuple[float, int]]:
        return (self.images, self.images_freedom), (self.seeds, self.seeds_freedom)
