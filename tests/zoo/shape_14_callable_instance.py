# Shape 14: an instance of a class of the notebook that can be called; inside it, a bound method of another one.
import pandas as pd


class Momentum:
    def __init__(self, columns):
        self.columns = columns

    def score(self, frame):
        return frame[self.columns].mean(axis=1)


class HostedBlend:
    def __init__(self, score, weight):
        self.score = score
        self.weight = weight

    def __call__(self, live_features, live_benchmark_models):
        benchmark = live_benchmark_models["v53_lgbm_ender60"].reindex(live_features.index)
        blend = self.weight * self.score(live_features).rank(pct=True) + (1 - self.weight) * benchmark
        return blend.rank(pct=True).to_frame("prediction")


live = pd.read_parquet("live.parquet")
predict = HostedBlend(Momentum(list(live.filter(like="feature_").columns[:9])).score, 0.4)
