"""What other processes do: the runner gives waiting runs to an engine's workers, and a worker does one job at a time.

In the order of reading: `runner`, `engines`, `worker`; then the jobs, `training_job` and `dream_job`, with what they
use. Only the jobs need torch; they are imported by a worker, when it works.
"""
