"""The files with which a node is put on a machine: read strictly, and really run where the programs are there."""
