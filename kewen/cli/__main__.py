"""`python -m kewen.cli`, for where the console script is not on the path."""

from kewen.cli.app import main

if __name__ == "__main__":
    main()
