"""The command `allmende`: one module per group of commands, found by `main.COMMANDS`."""
