"""Keras on TensorFlow: layers of every kind, sequential and functional, whole and as weights."""

import functools

import keras
import tensorflow
from keras import layers


def models(data):
    """Name every model with a function that fits it."""
    for name, inside in SEQUENTIAL.items():
        yield name, functools.partial(trained, data, inside)
    for fit in (functional, of_weights, of_json, of_tensors):
        yield fit.__name__.replace("_", "-"), functools.partial(fit, data)


SEQUENTIAL = {
    "linear": lambda: [],
    "perceptron": lambda: [layers.Dense(16, "relu"), layers.Dropout(0.1), layers.Dense(8, "gelu")],
    "normalized": lambda: [layers.BatchNormalization(), layers.Dense(16, "selu"), layers.LayerNormalization()],
    "regularized": lambda: [layers.Dense(16, "swish", kernel_regularizer="l2"), layers.GaussianNoise(0.1)],
    "convolution": lambda: [layers.Reshape((8, 1)), layers.Conv1D(4, 3, activation="relu"), layers.Flatten()],
    "pooling": lambda: [layers.Reshape((8, 1)), layers.SeparableConv1D(4, 3), layers.GlobalMaxPooling1D()],
    "lstm": lambda: [layers.Reshape((8, 1)), layers.LSTM(6)],
    "gru": lambda: [layers.Reshape((8, 1)), layers.Bidirectional(layers.GRU(4))],
    "embedding": lambda: [layers.Rescaling(4.0), layers.Embedding(5, 3), layers.Flatten()],
}


def fit(model, data):
    """Train a model for some epochs."""
    model.compile("adam", "mse")
    model.fit(data.features.to_numpy(), data.target.to_numpy(), epochs=2, verbose=0, shuffle=False)
    return model


def asking_model(model):
    """Return the function of a participant."""
    return lambda live: model.predict(live.to_numpy(), verbose=0).ravel()


def sequential(inside):
    """A model of layers in a row."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8,)), *inside(), layers.Dense(1)])


def trained(data, inside):
    """Hold the model itself."""
    return asking_model(fit(sequential(inside), data))


def functional(data):
    """A model of two branches, with attention."""
    keras.utils.set_random_seed(0)
    entry = keras.Input((8,))
    tokens = layers.Dense(4)(layers.Reshape((8, 1))(entry))
    attended = layers.MultiHeadAttention(2, 4)(tokens, tokens)
    both = layers.Concatenate()([layers.Flatten()(attended), layers.Dense(4, "relu")(entry)])
    return asking_model(fit(keras.Model(entry, layers.Dense(1)(both)), data))


def of_weights(data):
    """Hold the weights only, and make the model anew."""
    inside = SEQUENTIAL["perceptron"]
    weights = fit(sequential(inside), data).get_weights()

    def predict(live):
        model = sequential(inside)
        model.set_weights(weights)
        return asking_model(model)(live)

    return predict


def of_json(data):
    """Hold a model as JSON, and its weights."""
    model = fit(sequential(SEQUENTIAL["normalized"]), data)
    text, weights = model.to_json(), model.get_weights()

    def predict(live):
        again = keras.models.model_from_json(text)
        again.set_weights(weights)
        return asking_model(again)(live)

    return predict


def of_tensors(data):
    """Hold TensorFlow's tensors."""
    weights = tensorflow.linalg.lstsq(
        tensorflow.constant(data.features.to_numpy()),
        tensorflow.constant(data.target.to_numpy(dtype="float32")[:, None]),
    ).numpy()
    return lambda live: tensorflow.matmul(live.to_numpy(), weights).numpy().ravel()
