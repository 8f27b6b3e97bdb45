"""What is dropped into a folder is found there."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from xuliu.common.discovery import Misplaced, dropped_in


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "cupboard").mkdir()
    (tmp_path / "cupboard" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    import cupboard  # type: ignore[import-not-found]  # made above

    yield cupboard
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupboard"]:
        del sys.modules[name]


def put(folder: ModuleType, name: str, source: str) -> None:
    (Path(folder.__path__[0]) / f"{name}.py").write_text(source)


def test_each_file_is_found_by_its_code(folder: ModuleType) -> None:
    put(folder, "plates", 'class Thing:\n    code = "plates"\n')
    put(folder, "cups", 'class Thing:\n    code = "1-cup"\n')

    assert list(dropped_in(folder, "Thing")) == ["1-cup", "plates"]


def test_a_folder_of_tests_is_passed_over(folder: ModuleType) -> None:
    (Path(folder.__path__[0]) / "tests").mkdir()
    (Path(folder.__path__[0]) / "tests" / "__init__.py").write_text("")

    assert dropped_in(folder, "Thing") == {}


@pytest.mark.parametrize("source", ["", "class Thing:\n    pass\n", 'class Thing:\n    code = ""\n'])
def test_a_file_without_what_the_folder_is_for_is_said_by_name(folder: ModuleType, source: str) -> None:
    put(folder, "stray", source)

    with pytest.raises(Misplaced, match=r"cupboard\.stray"):
        dropped_in(folder, "Thing")


def test_two_of_one_code_are_not_told_apart(folder: ModuleType) -> None:
    put(folder, "one", 'class Thing:\n    code = "same"\n')
    put(folder, "two", 'class Thing:\n    code = "same"\n')

    with pytest.raises(Misplaced, match="same"):
        dropped_in(folder, "Thing")
