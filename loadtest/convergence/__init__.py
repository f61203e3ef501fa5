"""What `./run chaos` is made of: writers, readers, faults, and the check that every reader has everything."""
