"""`python -m node`: the same as the command `allmende`."""

from node.cli.main import main

if __name__ == "__main__":
    main()
