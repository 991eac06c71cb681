"""A trained run as files that anybody can run, checked against the trainer's own scores."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from kvjob import __version__
from kvjob.data import Pack, load, read_manifest
from kvjob.data.manifest import DatasetManifest
from kvjob.errors import ConfigurationError, DataError
from kvjob.folder import Kind, check_replaceable, replacing_folder
from kvjob.inference.agreement import agreement, find_test_set, require, tolerance
from kvjob.inference.card import model_card
from kvjob.inference.choose import TrainedRun
from kvjob.inference.onnx_model import OnnxModel
from kvjob.inference.onnx_write import OPSET, write_onnx
from kvjob.inference.origin import UNKNOWN, origin_of
from kvjob.inference.record import (
    CARD,
    ONNX,
    RECORD,
    TORCHSCRIPT,
    Agreement,
    DataFacts,
    ExportRecord,
    TensorSpec,
    Training,
)
from kvjob.inference.scored import Scored, interval_scores, read_scores
from kvjob.inference.torchscript_model import TorchScriptModel
from kvjob.inference.torchscript_write import write_torchscript
from kvjob.inference.trained import load_network
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import document_bytes
from kvjob.store import Store
from kvjob.study.code import code_hash
from kvjob.study.scores import THRESHOLD

EXPORT = Kind("an export", (RECORD,))
WORST = 5
"""Test images that the card names for their low IoU."""

LIBRARIES = ("torch", "onnx", "onnxscript", "onnxruntime", "segmentation-models-pytorch", "timm")

Say = Callable[[str], None]


def export_run(
    store: Store,
    run: TrainedRun,
    study: str | None,
    out: Path,
    cache: Path,
    say: Say,
    verify: bool = True,
) -> ExportRecord:
    """Write ONNX, TorchScript, model card and export.json of a run into a folder.

    Args:
        store: where the run lies.
        run: as choose_run found it.
        study: from which it was chosen, if one was named.
        out: the folder; an export in it is replaced.
        cache: folder for packs that the store does not hold on this machine.
        say: told what is done, as it begins.
        verify: whether both files must count the test set as the trainer did.

    Returns:
        What is in export.json.

    Raises:
        ConfigurationError: the run diverged, or out holds something else.
        DataError: weights, scores or test images are missing or damaged, or a file does not agree.
    """
    check_replaceable(out, EXPORT)
    if run.result.status == "diverged":
        raise ConfigurationError(
            f"run {run.record.key!r} diverged ({run.result.message}), and is no model to be used",
            where="--run",
            fix="Choose a finished run, or best",
        )
    scored = read_scores(store, run.record.key)
    torch.set_num_threads(run.record.config.cpu_threads)
    network = load_network(store, run)
    pack = _pack(store, run, scored, cache) if verify else None
    with replacing_folder(out, EXPORT) as folder:
        say(f"writing {TORCHSCRIPT}")
        write_torchscript(network, run.record.config, folder / TORCHSCRIPT)
        say(f"writing {ONNX}, which takes longest")
        write_onnx(network, run.record.config, folder / ONNX)
        found = {} if pack is None else _verify(folder, run, scored, pack, say)
        manifest = pack.manifest if pack else _manifest(store, run)
        record = _record(folder, run, study, scored, found, network, manifest)
        origin = origin_of(manifest) if manifest else UNKNOWN
        card = model_card(record, origin, scored.worst(WORST))
        (folder / CARD).write_text(card, encoding="utf-8")
        (folder / RECORD).write_bytes(document_bytes(record))
    return record


def _pack(store: Store, run: TrainedRun, scored: Scored, cache: Path) -> Pack:
    config = run.record.config
    try:
        pack = load(store, run.record.dataset, config.resolution, config.input_size, cache)
    except DataError as error:
        raise DataError(
            f"the test set cannot be read to verify the export: {error.what}",
            where=error.where,
            fix=f"{error.fix}; or export with --no-verify, which the card will say",
        ) from None
    if tuple(pack.manifest.names[index] for index in sorted(pack.manifest.test)) != scored.names:
        raise _not_of_this_run(store, run, "scores.csv names other test images than its data set")
    if scored.masks is not None and scored.masks.shape[1] != config.input_size:
        raise _not_of_this_run(store, run, "predictions.png has masks of another size than the network's")
    return pack


def _not_of_this_run(store: Store, run: TrainedRun, what: str) -> DataError:
    return DataError(
        f"the run's {what}",
        where=f"{store.url}/{layout.run(run.record.key)}",
        fix="Delete the run's result.json and run the study again",
    )


def _manifest(store: Store, run: TrainedRun) -> DatasetManifest | None:
    try:
        return read_manifest(store, run.record.dataset)
    except DataError:
        return None


def _verify(folder: Path, run: TrainedRun, scored: Scored, pack: Pack, say: Say) -> dict[str, Agreement]:
    allowed, found = tolerance(run), {}
    for name, load_model in (
        (TORCHSCRIPT, TorchScriptModel),
        (ONNX, lambda path: OnnxModel(path, run.record.config.cpu_threads)),
    ):
        say(f"scoring {len(scored.names)} test images with {name}")
        found[name] = agreement(find_test_set(load_model(folder / name), run, pack), scored, allowed)
        require(found[name], folder / name, run)
    return found


def _record(
    folder: Path,
    run: TrainedRun,
    study: str | None,
    scored: Scored,
    found: dict[str, Agreement],
    network: nn.Module,
    manifest: DatasetManifest | None,
) -> ExportRecord:
    record, result = run.record, run.result
    size = record.config.input_size
    return ExportRecord(
        inputs=(
            TensorSpec(name="images", dtype="uint8", shape=("images", "height", "width", 3), about="RGB"),
        ),
        outputs=(
            TensorSpec(
                name="mask",
                dtype="uint8",
                shape=("images", "height", "width"),
                about="1 where instrument is predicted, else 0",
            ),
            TensorSpec(
                name="probability",
                dtype="float32",
                shape=("images", size, size),
                about="probability of instrument, 0 to 1, at the size the network sees",
            ),
        ),
        threshold=THRESHOLD,
        opset=OPSET,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        files={name: _sum(folder / name) for name in (ONNX, TORCHSCRIPT)},
        run=Training(
            key=record.key,
            study=study,
            chosen=run.why,
            config=record.config,
            code=record.code,
            environment=run.environment,
            epochs=result.epochs,
            best_epoch=result.best_epoch,
            validation_iou=result.validation.mean_over_images.iou if result.validation else None,
            steered=record.config.protocol == "test-steered",
        ),
        data=DataFacts(
            dataset=record.dataset,
            origin=(origin_of(manifest) if manifest else UNKNOWN).kind,
            images={part: result.images.get(part, 0) for part in ("train", "validation", "test")},
        ),
        test=interval_scores(scored.counts),
        agreement=found,
        exporter={"kvjob": __version__, **{name: version(name) for name in LIBRARIES}},
        exporter_code=code_hash(),
    )


def _sum(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileSum(size=path.stat().st_size, sha256=digest)
