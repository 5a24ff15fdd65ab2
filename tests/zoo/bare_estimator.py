# The fitted estimator itself instead of a function that calls it.
# Seen: not_callable, with the remedy to wrap it.
import numpy as np
from sklearn.linear_model import Ridge

predict = Ridge().fit(np.eye(3), [0, 1, 2])
