"""Ask questions of several ways of doing the same work, in turns, and show what came of it."""
