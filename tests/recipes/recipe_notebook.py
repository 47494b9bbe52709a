"""The notebook of the recipe runs in a real kernel, with both clients."""

from __future__ import annotations

import json

from recipes import Recipe

RECIPE = "notebook"


def outputs(recipe: Recipe) -> list[str]:
    """Give what the cells printed or showed, as text and as HTML."""
    cells = json.loads((recipe.folder / "sold.ipynb").read_text())["cells"]
    shown: list[str] = []
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        data = output.get("data", {})
        shown.append("".join(data.get("text/html") or data.get("text/plain") or output["text"]))
    return shown


def test_what_the_page_says(recipe: Recipe) -> None:
    recipe.follow_page()
    outcome, pending, enabled, found, page = outputs(recipe)

    assert "created\n" == outcome
    assert "<table" in pending
    assert "PENDING" in pending
    assert "ENABLED" in enabled
    assert "{'sub-41': False, 'sub-42': True, 'sub-43': False}" == found
    assert "<table" in page
    assert ["sub-42"] == recipe.sold()


def test_a_notebook_that_is_run_again_sells_nothing_again(recipe: Recipe) -> None:
    (command,) = [line for line in recipe.commands if line.startswith("jupyter")]
    runs = [recipe.run(command) for _ in range(2)]

    assert [0, 0] == [run.returncode for run in runs]
    assert "existing\n" == outputs(recipe)[0]
    assert 1 == recipe.asked("createPackageV2")
    assert ["sub-42"] == recipe.sold()


def test_a_notebook_whose_sale_loses_its_answer_sells_once(recipe: Recipe) -> None:
    (command,) = [line for line in recipe.commands if line.startswith("jupyter")]
    recipe.emulator.add_fault("drop_after_commit", operation="createPackageV2")
    run = recipe.run(command)

    assert 0 == run.returncode
    assert 1 == recipe.asked("createPackageV2")
    assert ["sub-42"] == recipe.sold()
