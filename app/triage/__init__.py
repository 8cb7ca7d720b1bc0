"""Ground floor: what the answers mean. Pure: no clock, no environment, no I/O but `load(folder)`."""
