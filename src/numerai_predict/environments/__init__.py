"""The execution environments: what each one's directory has locked, and virtual environments made from that."""

REGISTRY = "ghcr.io/numerai"
"""Where their container images are published."""

IMAGE = "image:"
"""How the name of an environment begins that is a container image."""
