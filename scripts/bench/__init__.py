"""Measurements: speed, memory and recall, of faunalens and of what it is compared with."""
