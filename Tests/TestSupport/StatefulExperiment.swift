/// An experiment that has every kind of state: moments, running means, dropout, a schedule that
/// watches the loss, batches that divide neither the data nor the rows, predictions, and a
/// gradient check. It writes a checkpoint every epoch.
package let statefulExperiment = """
  name: eventful
  seed: 3
  data:
    generated: {type: spirals, samples: 40}
    split: {validation: 0.3}
  model:
    - {type: dense, units: 4}
    - tanh
    - batch_normalization
    - {type: dropout, rate: 0.2}
    - {type: dense, units: 1}
  loss: binary_cross_entropy
  metrics: [accuracy]
  predictions: [validation, train]
  train:
    optimizer: {type: adam, learning_rate: 0.02}
    schedule: {type: plateau, patience: 1}
    batch_size: 12
    epochs: 100
    record_every: 2
    checkpoint: {every: 1 epoch}

  """
