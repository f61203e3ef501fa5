"""Other comment systems on the same machine: installed, served, and opened by the same browser."""
