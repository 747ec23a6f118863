"""A widget that a cell shows closes those of the cell's earlier runs, and no others; with a real kernel."""

import pytest
from jupyter_client.manager import start_new_kernel

from tests.processes import PATIENCE
from tests.small_panel import PANEL

COUNT = """from comm import get_comm_manager
print(len(get_comm_manager().comms))"""


@pytest.fixture(scope="module")
def run():
    """Run code as JupyterLab runs a cell; returns what it prints."""
    manager, client = start_new_kernel(startup_timeout=PATIENCE)
    try:

        def run_cell(cell, code):
            content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
            request = client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else None)
            client.shell_channel.send(request)
            said = ""
            while True:
                message = client.get_iopub_msg(timeout=PATIENCE)
                if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                    continue
                kind, told = message["header"]["msg_type"], message["content"]
                assert kind != "error", told
                said += told["text"] if kind == "stream" else ""
                if kind == "status" and told["execution_state"] == "idle":
                    return said

        run_cell("setup", PANEL)
        yield run_cell
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def open_widgets(run):
    return int(run("count", COUNT))


def test_running_a_cell_again_leaves_as_many_widgets_as_running_it_once(run):
    run("first", "panel()")
    once = open_widgets(run)
    for _ in range(3):
        run("first", "panel()")
    assert open_widgets(run) == once


def test_another_cells_widgets_stay_and_so_do_all_that_one_run_shows(run):
    before = open_widgets(run)
    run("second", "panel()")
    size = open_widgets(run) - before
    assert size > 3
    run("third", "for _ in range(2):\n    display(panel())")
    assert open_widgets(run) == before + 3 * size
    run("third", "display(panel())")
    assert open_widgets(run) == before + 2 * size


def test_a_widget_that_is_shown_again_lives_on(run):
    run("kept", "mine = panel()\nmine")
    run("again", "mine")
    before = open_widgets(run)
    run("again", "mine")
    assert open_widgets(run) == before
    assert run("print", "print(mine.box.comm is not None)") == "True\n"


def test_what_another_cell_shows_too_lives_on(run):
    run("made", "shared = panel()\nshared")
    run("elsewhere", "shared")
    run("made", "panel()")
    assert run("print", "print(shared.box.comm is not None)") == "True\n"


def test_where_no_cell_is_known_nothing_is_closed(run):
    run("", "panel()")
    before = open_widgets(run)
    run("", "panel()")
    assert open_widgets(run) > before
