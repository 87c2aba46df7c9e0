public import NNExp

/// Registers every shipped layer.
public func registerLayers(in registry: inout Registry) {
  registry.register(Dense.self)
  registry.register(Convolution.self)

  registry.register(LpPooling.self)
  registry.register(MaxPooling.self)
  registry.register(AveragePooling.self)

  registry.register(Sigmoid.self)
  registry.register(Tanh.self)
  registry.register(Relu.self)
  registry.register(LeakyRelu.self)
  registry.register(Elu.self)
  registry.register(Gelu.self)
  registry.register(Softplus.self)

  registry.register(Softmax.self)
  registry.register(LogSoftmax.self)

  registry.register(BatchNormalization.self)
  registry.register(LayerNormalization.self)
  registry.register(Dropout.self)

  registry.register(Flatten.self)
  registry.register(Reshape.self)
  registry.register(Embedding.self)

  registry.register(Add.self)
  registry.register(Multiply.self)
  registry.register(Concatenate.self)

  registry.register(FormulaLayer.self)
}
