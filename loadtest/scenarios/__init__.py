"""One module for each thing that is measured; `run(bench)` measures it and writes its part of the report."""
