# JAX: a compiled function.
import jax
import jax.numpy as jnp
import pandas as pd


def predict(live_features):
    score = jax.jit(lambda numbers: jnp.tanh(numbers @ jnp.linspace(-1, 1, numbers.shape[1])))
    values = score(live_features.filter(like="feature_").to_numpy("float32"))
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
