"""Two processes and the wall between them: the supervisor outside, the worker with the user's model inside."""
