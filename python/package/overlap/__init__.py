"""How many users do two platforms share, and how many do they reach together?

Sketches of user IDs from anything that speaks Arrow (pyarrow, polars, pandas, DuckDB) or from files, and
what they answer, each number with an interval:

>>> import pyarrow as pa, overlap
>>> shop = overlap.sketch(pa.table({"user_id": range(0, 150_000)}))
>>> pay = overlap.sketch(pa.table({"user_id": range(100_000, 200_000)}))
>>> pair = overlap.estimate(shop, pay)
>>> pair.overlap.lower <= 50_000 <= pair.overlap.upper
True
>>> everybody = (shop | pay).users()
>>> everybody.lower <= 200_000 <= everybody.upper
True
"""

from ._api import (
    diagnose,
    estimate,
    matrix,
    merge,
    probability_of_gain,
    reach,
    read_sketches,
    regions,
    report,
    set_store_options,
    sketch,
    write_sketches,
)
from ._noisy import estimate_noisy, exact_noisy, noisy_sketch
from ._overlap import (
    IncomparableError,
    InputError,
    LimitError,
    OutputError,
    OverlapError,
    Sketch,
    Sketcher,
    SketchTable,
    UsageError,
    __version__,
)
from ._private import private_answer, private_finish, private_offer
from ._report import Report
from ._results import Estimate, Pair, Records

__all__ = [
    "Estimate",
    "IncomparableError",
    "InputError",
    "LimitError",
    "OutputError",
    "OverlapError",
    "Pair",
    "Records",
    "Report",
    "Sketch",
    "SketchTable",
    "Sketcher",
    "UsageError",
    "__version__",
    "diagnose",
    "estimate",
    "estimate_noisy",
    "exact_noisy",
    "matrix",
    "merge",
    "noisy_sketch",
    "private_answer",
    "private_finish",
    "private_offer",
    "probability_of_gain",
    "reach",
    "read_sketches",
    "regions",
    "report",
    "set_store_options",
    "sketch",
    "write_sketches",
]
