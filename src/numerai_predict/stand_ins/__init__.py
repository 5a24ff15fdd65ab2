"""What stands in for Numerai and for S3: real protocols over real HTTP, on this machine, with faults to switch on."""
