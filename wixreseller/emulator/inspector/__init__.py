"""Show a person what their code did: the page at ``/_emulator/`` and what it asks for.

``page`` hands out the files of ``static`` (plain HTML, CSS and ES modules, nothing is built);
``live`` tells open pages what has changed; ``packages`` and ``requests`` list, filter and page on
this side, so that the page stays smooth however much there is; ``snippets`` writes a request as
curl and as Python; ``overview`` tells clock, limits and world; ``routes`` ties them together, and
is loaded when somebody first looks. ``watch`` is the same journal for a terminal.

What the page asks for is under ``/_emulator/inspector/``, and may change with it; everything that
it does goes through the control plane, so whatever can be clicked can be done by a test as well.
"""
