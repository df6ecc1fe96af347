from __future__ import annotations

import pytest

from callytics.errors import ConfigError
from callytics.settings import CPU_THREADS, cpu_threads


def test_cores_are_those_named_else_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CPU_THREADS, raising=False)
    assert cpu_threads() >= 1
    monkeypatch.setenv(CPU_THREADS, "3")
    assert cpu_threads() == 3


@pytest.mark.parametrize("named", ["two", "0", "-1", "1.5"])
def test_a_wrong_number_of_cores_is_named(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CPU_THREADS, named)
    with pytest.raises(ConfigError, match=CPU_THREADS):
        cpu_threads()
