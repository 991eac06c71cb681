"""From a study and a data set to a plan in the store."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kvjob.data import dataset_hash, open_source, prepare, read_manifest, sizes_for, split
from kvjob.data.manifest import DatasetManifest
from kvjob.errors import ConfigurationError, StoreError
from kvjob.prepare.weights import upload_weights, weights_by_content
from kvjob.records import layout
from kvjob.records.document import write_document
from kvjob.records.study import StudyRecord, read_study
from kvjob.store import Store
from kvjob.study import Plan, Study, code_hash, configurations, plan

Progress = Callable[[int, int], None]


def foresee(store: Store, study: Study, data: Path | None, progress: Progress) -> Plan:
    """The plan of study, with nothing written.

    Args:
        store: tells the data set that the study was planned with, if data is not given.
        study: what is asked.
        data: folder or zip of the data set.
        progress: called with images read and images there are.

    Raises:
        ConfigurationError: a level is no configuration, or no data set is known.
        DataError: the data set or a file of weights cannot be read.
    """
    keyed, _ = weights_by_content(study)
    if data is None:
        return plan(keyed, _planned_before(store, study).plan.dataset, code_hash())
    with open_source(data) as source:
        progress(0, len(source.train) + len(source.test))
        return plan(keyed, dataset_hash(source), code_hash())


def prepare_study(store: Store, study: Study, data: Path | None, progress: Progress) -> StudyRecord:
    """Pack the data set at the sizes the study needs, bring its weights along, and write its plan.

    Arguments and errors are those of foresee; what is in the store already is not written again.

    Raises:
        ConfigurationError: also when a level leaves too few training images.
        DataError: also when the data set has errors.
        StoreError: also when a cleanup of the store removed them meanwhile.
    """
    keyed, files = weights_by_content(study)
    # a level that is no configuration must be told before minutes of decoding
    configs = configurations(keyed)
    sizes = sizes_for(configs)
    if data is None:
        manifest = read_manifest(store, _planned_before(store, study).plan.dataset)
        if sizes.lacking(manifest.files).files():
            raise ConfigurationError(
                f"study {study.name!r} asks for image sizes that the store does not hold",
                where="--data",
                fix="Name the data set's folder, so that they can be packed",
            )
    else:
        with open_source(data) as source:
            manifest = prepare(source, store, sizes, progress=progress)
    for protocol, fraction in sorted({(config.protocol, config.train_fraction) for config in configs}):
        split(manifest, protocol, fraction)
    upload_weights(store, files)
    record = _write(store, keyed, manifest)
    _require(store, layout.dataset(manifest.dataset, "manifest.json"), *files)
    return record


def _require(store: Store, *keys: str) -> None:
    """`kvjob gc` removes what no plan refers to; until just now this one did not."""
    for key in keys:
        if all(entry.key != key for entry in store.list(key)):
            raise StoreError(
                "removed by a `kvjob gc` while the study was planned",
                where=f"{store.url}/{key}",
                fix="Run the same command again, with --data",
            )


def _write(store: Store, study: Study, manifest: DatasetManifest) -> StudyRecord:
    record = StudyRecord(
        plan=plan(study, manifest.dataset, code_hash()),
        planned=datetime.now(UTC),
        image_counts=manifest.image_counts,
    )
    write_document(store, layout.study(study.name, "plan.json"), record)
    return record


def _planned_before(store: Store, study: Study) -> StudyRecord:
    try:
        return read_study(store, study.name)
    except ConfigurationError:
        raise ConfigurationError(
            f"study {study.name!r} has not been planned in this store, so its data set is not known",
            where="--data",
            fix="Name the data set's folder or zip",
        ) from None
