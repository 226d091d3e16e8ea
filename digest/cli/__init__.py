"""The command line: options, environment variables, what is printed, exit codes."""
