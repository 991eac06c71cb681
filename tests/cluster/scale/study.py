"""A study of as many runs as asked for."""

from typing import Any

SHAPES = {200: (10, 2), 2000: (50, 4)}
"""Replicates of every configuration, and experiments of about ten levels, by number of runs."""

FACTORS = {"learning_rate": 1e-4, "weight_decay": 1e-3, "momentum": 0.5, "train_fraction": 0.5}
"""Fields of the configuration and where their levels start; the steps are a hundredth of that."""


def study_of(runs: int) -> dict[str, Any]:
    """A study whose plan has exactly that many runs."""
    seeds, count = SHAPES[runs]
    levels = runs // seeds - 1  # the baseline is a configuration of its own
    experiments = [
        {
            "name": factor,
            "levels": [round(start * (1 + step / 100), 12) for step in range(place, levels, count)],
        }
        for place, (factor, start) in enumerate(list(FACTORS.items())[:count])
    ]
    return {"name": f"scale-{runs}", "preset": "smoke", "seeds": seeds, "experiments": experiments}
