"""The front door: the `primum` command and the code that composes a run. Nothing imports this package."""
