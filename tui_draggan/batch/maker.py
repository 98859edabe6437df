"""Whoever makes jobs, one after the other: a process on this machine, or a worker of a cluster."""

from __future__ import annotations

import json
import os
import platform
from contextlib import closing
from time import perf_counter

from tui_draggan import __version__
from tui_draggan.api import Model, open_model
from tui_draggan.batch.job import Failed, Job, Made, Outcome
from tui_draggan.edit import progress
from tui_draggan.edit.report import ending, provenance_of, step_line
from tui_draggan.edit.store import encode
from tui_draggan.errors import DragganError, EngineError, UsageError
from tui_draggan.notices import Notices, heard
from tui_draggan.pictures.png import encoded


class Maker:
    """Keeps the model of the last job, so that jobs of one model follow each other quickly. For one
    thread."""

    def __init__(self, engine: str, device: str) -> None:
        self._engine, self._device = engine, device
        self._model: tuple[str, Model] | None = None
        """Name, and the model under that name."""

    def made(self, job: Job) -> Outcome:
        """Never raises for what is wrong with a job, or happens to it."""
        worker = f"{platform.node()}:{os.getpid()}"
        notices = Notices()
        try:
            with heard(notices):
                return self._made(job, worker, notices)
        except DragganError as error:
            return Failed(job, str(error), worker)
        except Exception as error:  # a job must not end the others
            self._model = None
            return Failed(job, f"{type(error).__name__}: {error}", worker)

    def _made(self, job: Job, worker: str, notices: Notices) -> Made:
        """Raises UsageError, BundleError, EngineError."""
        model = self._opened(job)
        session = model.edit(job.document(model))
        lines: list[str] = []
        last = None
        began = ended = perf_counter()
        with closing(session.run()) as steps:
            for frame in steps:
                ended = perf_counter()
                began = began if lines else ended  # before it the engine starts
                lines.append(step_line(frame, session.document) + "\n")
                last = frame
        if session.status.outcome is progress.Outcome.FAILED or session.picture is None:
            raise EngineError(session.status.message)
        document = session.document
        return Made(
            job,
            ending(session, last, ended - began),
            encoded(session.picture, provenance_of(document, model.info)),
            "".join(lines),
            json.dumps(encode(document, model.info.name)) + "\n",
            worker,
            tuple(notices.taken()),
        )

    def _opened(self, job: Job) -> Model:
        """Raises UsageError where the job is meant for another program or model than are here."""
        if job.program != __version__:
            raise UsageError(
                f"the batch was started by tui-draggan {job.program}, and {platform.node()} has "
                f"{__version__}; install the same"
            )
        if self._model is None or self._model[0] != job.model:
            self._model = None  # two models may not fit into memory
            self._model = job.model, open_model(job.model, self._engine, self._device)
        model = self._model[1]
        if model.bundle.fingerprint != job.fingerprint:
            raise UsageError(
                f"the model {model.info.name} on {platform.node()} is another one than where the "
                "batch was started; copy its folder there"
            )
        return model
