# Returns something that has a shape and a to_csv, but is no frame.
# Seen: wrong_output_type.


class Tensor:
    shape = (200, 1)

    def to_csv(self):
        return "id,prediction\n"


def predict(_live_features):
    return Tensor()
