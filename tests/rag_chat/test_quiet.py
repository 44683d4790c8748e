import gc

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
