"""`python -m toolkit.app`: the same as `primum`, where no script has been installed."""

from .cli import main

if __name__ == "__main__":
    main()
