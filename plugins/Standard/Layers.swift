public import NNExp

/// Registers every layer that ships.
public func registerLayers(in registry: inout Registry) {
  let types: [any Component<any Layer>.Type] = [
    Dense.self, Convolution.self,
    LpPooling.self, MaxPooling.self, AveragePooling.self,
    Sigmoid.self, Tanh.self, Relu.self, LeakyRelu.self, Elu.self, Gelu.self, Softplus.self,
    Softmax.self, LogSoftmax.self,
    BatchNormalization.self, LayerNormalization.self, Dropout.self,
    Flatten.self, Reshape.self,
    Add.self, Multiply.self, Concatenate.self,
  ]
  for type in types { registry.register(type) }
}
