"""What the answers mean. Pure: no clock, no environment; reads rules/ only."""
