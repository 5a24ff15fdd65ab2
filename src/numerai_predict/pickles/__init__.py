"""Reading a pickle without running it: pure functions over bytes."""
