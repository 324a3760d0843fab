"""``python -m equieval``: the command line on machines without make."""

from equieval.cli import main

if __name__ == "__main__":
    main()
