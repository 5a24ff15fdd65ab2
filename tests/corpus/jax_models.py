"""JAX: functions of arrays, plain and compiled."""

import functools

import jax
import jax.numpy


def models(data):
    """Name every model with a function that fits it."""
    for fit in (linear, descended, mapped):
        yield fit.__name__, functools.partial(fit, data)


def solved(data):
    """Weights by least squares."""
    rows, target = jax.numpy.asarray(data.features.to_numpy()), jax.numpy.asarray(data.target.to_numpy())
    return jax.numpy.linalg.lstsq(rows, target.astype("float32"))[0]


def linear(data):
    """Hold an array of JAX."""
    weights = solved(data)
    return lambda live: jax.numpy.asarray(live.to_numpy()) @ weights


def descended(data):
    """Weights by gradients, and a function that is compiled where it is loaded."""
    rows, target = data.features.to_numpy(), data.target.to_numpy(dtype="float32")
    gradient = jax.jit(jax.grad(lambda weights: ((jax.numpy.tanh(rows @ weights) - target) ** 2).mean()))
    weights = jax.numpy.zeros(8)
    for _ in range(20):
        weights -= 0.1 * gradient(weights)
    return lambda live: jax.jit(lambda rows: jax.numpy.tanh(rows @ weights))(live.to_numpy())


def mapped(data):
    """A function of one row, mapped over all."""
    weights = solved(data)
    return lambda live: jax.vmap(lambda row: jax.nn.sigmoid(row @ weights))(live.to_numpy())
