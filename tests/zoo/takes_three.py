# Takes a third argument, which nobody gives it.
# Seen: wrong_signature.


def predict(live_features, live_benchmark_models, model):
    return model(live_features, live_benchmark_models)
