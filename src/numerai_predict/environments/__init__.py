"""The execution environments: what each one's directory has locked, and virtual environments made from that."""
