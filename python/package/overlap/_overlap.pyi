"""The compiled part; docstrings are those of the objects themselves."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from ._results import Estimate

__version__: str

class OverlapError(Exception): ...
class UsageError(OverlapError): ...
class InputError(OverlapError): ...
class IncomparableError(OverlapError): ...
class OutputError(OverlapError): ...
class LimitError(OverlapError): ...

class Sketch:
    @staticmethod
    def from_blobs(
        hll: bytes | None, sample: bytes | None, rows: int | None = None, nulls: int | None = None
    ) -> Sketch: ...
    def users(self, confidence: float = 0.95) -> Estimate: ...
    def merge(self, other: Sketch) -> Sketch: ...
    def __or__(self, other: Sketch) -> Sketch: ...
    def __eq__(self, other: object) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    @property
    def hll(self) -> bytes | None: ...
    @property
    def sample(self) -> bytes | None: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def nulls(self) -> int | None: ...
    @property
    def column(self) -> str | None: ...
    @property
    def passed_over(self) -> list[str]: ...
    @property
    def hash(self) -> Literal["xxh3", "murmur3", "murmur3-utf16", "siphash-2-4"]: ...
    @property
    def key_fingerprint(self) -> str | None: ...
    @property
    def id_type(self) -> Literal["integer", "string", "binary"] | None: ...
    @property
    def precision(self) -> int | None: ...
    @property
    def k(self) -> int | None: ...
    @property
    def theta(self) -> float | None: ...
    @property
    def is_exact(self) -> bool: ...
    def _repr_html_(self) -> str: ...

class SketchTable:
    @staticmethod
    def from_arrow(
        table: Any, theta_column: str | None = None, hll_column: str | None = None
    ) -> SketchTable: ...
    @staticmethod
    def of(sketch: Sketch) -> SketchTable: ...
    def to_arrow(self) -> Any: ...
    def write(self, path: str | os.PathLike[str], key_file: str | os.PathLike[str] | None = None) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def column(self) -> str | None: ...
    @property
    def passed_over(self) -> list[str]: ...
    @property
    def sketches(self) -> list[Sketch]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Sketch]: ...
    def __getitem__(self, segment: int | str) -> Sketch: ...
    def merge(self, by: str | Iterable[str] | None = None) -> SketchTable: ...
    def _repr_html_(self) -> str: ...

class Sketcher:
    def __new__(
        cls,
        id: str = "user_id",
        by: str | Iterable[str] | None = None,
        *,
        precision: int = 16,
        k: int = 65_536,
        hash: Literal["xxh3", "murmur3", "murmur3-utf16"] = "xxh3",
        cast: Literal["integer", "string", "binary"] | None = None,
        max_segments: int = 10_000,
        normalize: str | None = None,
        region: str | None = None,
        digest: str | None = None,
        digested: str | None = None,
        key_file: str | os.PathLike[str] | None = None,
    ) -> Sketcher: ...
    def update(self, data: Any) -> Sketcher: ...
    @property
    def rows(self) -> int: ...
    @property
    def nulls(self) -> int: ...
    @property
    def by(self) -> list[str]: ...
    def finish(self) -> Any: ...
    def finish_table(self) -> SketchTable: ...

def sketch_paths(
    paths: Sequence[str],
    id: str | None = None,
    by: str | Iterable[str] | None = None,
    *,
    precision: int = 16,
    k: int = 65_536,
    hash: str = "xxh3",
    cast: str | None = None,
    max_segments: int = 10_000,
    threads: int | None = None,
    max_page: int | None = None,
    max_ratio: int | None = None,
    max_value: int | None = None,
    require_checksums: bool = False,
    files: bool = False,
    as_of: str | None = None,
    input_format: str | None = None,
    delimiter: str | None = None,
    no_header: bool = False,
    null: Sequence[str] | None = None,
    where: str | None = None,
    normalize: str | None = None,
    region: str | None = None,
    digest: str | None = None,
    digested: str | None = None,
    key_file: str | os.PathLike[str] | None = None,
) -> SketchTable: ...
def estimate_paths(
    a: Sequence[str],
    b: Sequence[str],
    confidence: float = 0.95,
    *,
    id: str | None = None,
    precision: int | None = None,
    k: int | None = None,
    cast: str | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: str | None = None,
    threads: int | None = None,
    key_file: str | os.PathLike[str] | None = None,
) -> dict[str, Any]: ...
def diagnose_paths(
    sides: Sequence[tuple[str, Sequence[str | os.PathLike[str]]]],
    id: str | None = None,
    confidence: float = 0.95,
    threads: int | None = None,
    show_values: bool = False,
) -> str: ...
def list_files(paths: Sequence[str]) -> list[Path]: ...
def set_store_options(options: Sequence[tuple[str, str]]) -> None: ...
def read_sketches(
    path: str | os.PathLike[str], key_file: str | os.PathLike[str] | None = None
) -> SketchTable: ...
def estimate(a: Sketch, b: Sketch, confidence: float) -> dict[str, Any]: ...
def probability_of_gain(a: Sketch, b: Sketch, more_than: int) -> float: ...
def regions(sketches: Sequence[Sketch], confidence: float, top: int) -> list[tuple[list[int], Estimate]]: ...
def matrix(sketches: Sequence[Sketch], confidence: float) -> list[tuple[int, int, list[Estimate]]]: ...
def reach(
    sketches: Sequence[Sketch], greedy: bool, base: int | None, confidence: float
) -> list[tuple[int, list[Estimate], float]]: ...
def report(names: Sequence[str], sketches: Sequence[Sketch], confidence: float) -> str: ...
def page(json: str) -> str: ...
def pictures(json: str) -> list[str]: ...
def picture(json: str, name: str, width: float, height: float) -> str | None: ...
def private_offer(
    sketch: Sketch | SketchTable,
    output: str | os.PathLike[str],
    name: str,
    secret: str | os.PathLike[str] | None = None,
    min_users: int = 1_000,
    epsilon: float | None = None,
) -> str: ...
def private_answer(
    offer: str | os.PathLike[str],
    sketch: Sketch | SketchTable,
    output: str | os.PathLike[str],
    name: str,
    secret: str | os.PathLike[str] | None = None,
    min_users: int = 1_000,
    epsilon: float | None = None,
) -> str: ...
def private_finish(
    message: str | os.PathLike[str],
    secret: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    confidence: float = 0.95,
) -> str: ...
def noisy_sketch(
    paths: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    epsilon: float,
    *,
    grid: int = 18,
    id: str | None = None,
    cast: str | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: str | None = None,
    threads: int | None = None,
    budget_file: str | os.PathLike[str] | None = None,
    budget: float | None = None,
) -> str: ...
def estimate_noisy(a: str | os.PathLike[str], b: str | os.PathLike[str], confidence: float) -> str: ...
def exact_noisy(
    sides: Sequence[str],
    epsilon: float,
    *,
    id: str | None = None,
    cast: str | None = None,
    where: str | None = None,
    normalize: str | None = None,
    digest: str | None = None,
    threads: int | None = None,
    confidence: float = 0.95,
    budget_file: str | os.PathLike[str] | None = None,
    budget: float | None = None,
) -> str: ...
def run_program(arguments: Sequence[str]) -> int: ...
