# The model and its columns in a dictionary instead of a function.
# Seen: not_callable.
predict = {"model": None, "columns": ["feature_a"]}
