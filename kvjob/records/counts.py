"""`scores.csv`: TP, FP, FN and TN of each test image, as a finished run left them."""

from io import BytesIO

import numpy as np
import pandas as pd

from kvjob.errors import DataError
from kvjob.study.scores import COUNTS


def parse_counts(data: bytes, where: str, fix: str) -> pd.DataFrame:
    """Pixels of each test image: index the image's name, columns tp, fp, fn, tn, int64.

    Args:
        data: the file.
        where: names it in errors.
        fix: what to do if it is damaged.

    Raises:
        DataError: it is no such table.
    """
    try:
        # Image names stay text: "007" is not 7, and an image may be called "NA".
        frame = pd.read_csv(BytesIO(data), dtype={"image": str}, keep_default_na=False).set_index("image")
        return frame[list(COUNTS)].astype(np.int64)
    except (ValueError, KeyError, OverflowError, TypeError):
        raise DataError("damaged: not a table of image, tp, fp, fn, tn", where=where, fix=fix) from None
