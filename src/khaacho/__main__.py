"""`python -m khaacho`: the command line, for those who have an interpreter at hand rather than a script."""

from khaacho.cli import main

main()
