import gc
import importlib.util
import inspect
import sys

import pytest

from rag_chat import quiet


def test_while_a_library_loads_nothing_is_searched_for_garbage():
    with quiet.loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_while_it_loads_ends_that_too():
    with pytest.raises(ImportError), quiet.loading():
        raise ImportError
    assert gc.isenabled()


def test_whoever_does_not_want_it_searched_is_left_so():
    gc.disable()
    try:
        with quiet.loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_gradio_writes_no_stubs_beside_its_components(tmp_path, monkeypatch):
    gauge = tmp_path / "gauge.py"
    gauge.write_text("import gradio\n\n\nclass Gauge(gradio.HTML):\n    EVENTS = ['change']\n")
    spec = importlib.util.spec_from_file_location("gradio.gauge", gauge)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gradio.gauge", module)
    with quiet.no_stubs():
        spec.loader.exec_module(module)
        assert inspect.getfile(pytest.Item)
    assert module.Gauge.EVENTS
    assert not gauge.with_suffix(".pyi").exists()
    spec.loader.exec_module(module)  # as it does by itself
    assert gauge.with_suffix(".pyi").exists()
