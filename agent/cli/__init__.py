"""The command line. Heavy imports come late, inside commands, so that help is there at once."""
