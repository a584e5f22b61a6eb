"""The command line, one file per subject; `khaacho.cli` puts them together."""
