public import NNExp

/// Registers every shipped layer.
public func registerLayers(in registry: inout Registry) {
  registry.register(Dense.self)
  registry.register(Convolution.self)
  let convolutions: [any Component<any Layer>.Type] = [
    DepthwiseConvolution.self, SeparableConvolution.self, TransposedConvolution.self,
  ]
  for layer in convolutions { registry.layers.add(ComponentType(layer)) }

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
  let activations: [any Component<any Layer>.Type] = [
    Silu.self, Mish.self, LogSigmoid.self, Softsign.self, Selu.self, HardSigmoid.self,
    HardSwish.self, HardTanh.self, Relu6.self, Prelu.self,
  ]
  for activation in activations { registry.layers.add(ComponentType(activation)) }

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

  let others: [any Component<any Layer>.Type] = [
    Subtract.self, Divide.self, Maximum.self, Minimum.self,
    Slice.self, Split.self, Transpose.self, Pad.self, Crop.self, Upsample.self,
    Resize.self,
    GroupNormalization.self, InstanceNormalization.self, RMSNormalization.self,
    LocalResponseNormalization.self, AdaptivePooling.self,
    MatrixProductLayer.self, Reduce.self, Glu.self, Maxout.self, SpatialDropout.self,
    GaussianNoise.self,
  ]
  for layer in others { registry.layers.add(ComponentType(layer)) }

  registry.register(FormulaLayer.self)
}
