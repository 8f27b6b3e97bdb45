"""The fixture `sandbox`: one process per xdist worker, emptied before each test, on the test's own clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from xuliu.sandbox.testing import Sandbox, start


@pytest.fixture(scope="session")
def sandbox_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The process. Its clock file is a link that each test points at its own."""
    folder = tmp_path_factory.mktemp("sandbox")
    with start(folder, {"XULIU_CLOCK_FILE": str(folder / "clock")}) as running:
        yield running


@pytest.fixture
def sandbox(sandbox_of_worker: Sandbox, clock_file: Path) -> Sandbox:
    """A sandbox without SIMs, orders, payments and faults; `clock_file` moves it together with everything else."""
    link = sandbox_of_worker.data_dir / "clock"
    link.unlink(missing_ok=True)
    link.symlink_to(clock_file)
    sandbox_of_worker.control.reset()
    return sandbox_of_worker
