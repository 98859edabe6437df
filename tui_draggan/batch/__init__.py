"""Many edits, on this machine or on a cluster: jobs, what makes them, and the folder of results."""
