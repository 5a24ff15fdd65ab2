# It uses a module of one's own, of which a pickle holds the name and nothing else.
import my_features

predict = my_features.predict

by_value = [my_features]
