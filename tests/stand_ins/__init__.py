"""Servers that play Numerai and an object store for the tests, with their refusals and with faults."""
