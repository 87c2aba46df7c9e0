"""W2 and W3 by scikit-learn's MLPClassifier; it has no sigmoid output with squared error for XOR."""
import warnings

import protocol
from protocol import batch, epochs, layers, load, momentum, rate, spec

import sklearn
from sklearn.neural_network import MLPClassifier


def network(x, t, initial):
    """A network with the initial weights, ready for `partial_fit`."""
    units = [layer["units"] for layer in layers if layer["type"] == "dense"][:-1]
    activation = {"sigmoid": "logistic", "relu": "relu"}[layers[1]["type"]]
    options = dict(
        hidden_layer_sizes=units, activation=activation, solver=spec["optimizer"]["type"],
        alpha=0.0, batch_size=batch, learning_rate_init=rate, momentum=momentum,
        nesterovs_momentum=False, shuffle=False)
    model = MLPClassifier(**options)
    # One step allocates the arrays; its result is overwritten.
    model.partial_fit(x[:batch], t[:batch], classes=range(10))
    for index, (weight, bias) in enumerate(zip(initial[::2], initial[1::2])):
        model.coefs_[index][...] = weight.T
        model.intercepts_[index][...] = bias
    del model._optimizer
    model.t_ = 0
    return model


def train(x, t, initial):
    model = network(x, t, initial)
    start = protocol.time.perf_counter()
    for _ in range(epochs):
        model.partial_fit(x, t)
    return protocol.time.perf_counter() - start, model.loss_


def main():
    warnings.filterwarnings("ignore")
    data = load()
    protocol.serve("scikit-learn " + sklearn.__version__, lambda: train(*data))


main()
