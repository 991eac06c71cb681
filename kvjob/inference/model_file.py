"""An export as a user names it: its folder, or one of its files."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from kvjob.errors import ConfigurationError, DataError
from kvjob.inference.record import ONNX, RECORD, TORCHSCRIPT, ExportRecord
from kvjob.inference.segment import ExportedModel
from kvjob.records.document import parse_document


def open_model(path: Path) -> ExportedModel:
    """The exported model at path.

    Args:
        path: a `.onnx` or `.pt` file, or the folder of an export, of which the ONNX model is taken if ONNX
            Runtime is installed, else the TorchScript model.

    Raises:
        ConfigurationError: path is nothing of the kind.
        DataError: it is damaged, or not what was exported.
        ModuleNotFoundError: what runs it is not installed.
    """
    file = _of_folder(path) if path.is_dir() else path
    if file.suffix not in (".onnx", ".pt"):
        raise ConfigurationError(
            "neither the folder of an export nor an .onnx or .pt file",
            where=f"--model {path}",
            fix="Name what `kvjob export` wrote",
        )
    if not file.is_file():
        raise DataError(
            "there is no such file", where=f"--model {file}", fix="Name what `kvjob export` wrote"
        )
    _check_sum(file)
    if file.suffix == ".onnx":
        from kvjob.inference.onnx_model import OnnxModel

        return OnnxModel(file)
    from kvjob.inference.torchscript_model import TorchScriptModel

    return TorchScriptModel(file)


def _of_folder(folder: Path) -> Path:
    if not (folder / RECORD).is_file():
        raise ConfigurationError(
            f"not the folder of an export (it has no {RECORD})",
            where=f"--model {folder}",
            fix="Name what `kvjob export` wrote, or one of its files",
        )
    runs_onnx = find_spec("onnxruntime") is not None or find_spec("torch") is None
    return folder / (ONNX if runs_onnx else TORCHSCRIPT)


def _check_sum(file: Path) -> None:
    """Compare a model with the record beside it, if there is one that names it."""
    path = file.with_name(RECORD)
    if not path.is_file():
        return
    known = parse_document(path.read_bytes(), ExportRecord, str(path)).files.get(file.name)
    if known is None:
        return
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != known.sha256:
        raise DataError(
            f"not the file that was exported: its checksum is not that in {RECORD}",
            where=f"--model {file}",
            fix="Export the run again",
        )
