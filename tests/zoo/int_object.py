# A number instead of a function.
# Seen: not_callable.
predict = 42
