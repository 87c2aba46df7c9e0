import NNExp
import TestSupport
import Testing

/// Names of Keras, PyTorch and scikit-learn are not accepted: the error suggests nnexp's name.
@Suite struct ForeignNameTests {
  private func errors(_ text: String) -> String { errorText { try experiment(text) } }

  @Test func `a loss under another library's name gets a suggestion`() {
    #expect(
      errors("loss: mse") == """
        a.yaml:1:7: error: unknown loss type 'mse'; did you mean 'squared_error'?
            loss: mse
                  ^
        note: known types: absolute_error, binary_cross_entropy, binary_focal, contrastive, cosine, \
        cross_entropy, focal, formula, gaussian_nll, hinge, huber, kullback_leibler, log_cosh, \
        poisson, quantile, squared_error
        """)
  }

  @Test func `an optimizer's key under another library's name gets a suggestion`() {
    #expect(
      errors("train: {epochs: 1, optimizer: {type: sgd, lr: 0.1}}") == """
        a.yaml:1:43: error: unknown key 'lr'; did you mean 'learning_rate'?
            train: {epochs: 1, optimizer: {type: sgd, lr: 0.1}}
                                                      ^
        """)
  }

  @Test(arguments: [
    ("loss: MSELoss", "unknown loss type 'MSELoss'; did you mean 'squared_error'?"),
    ("loss: bce", "unknown loss type 'bce'; did you mean 'binary_cross_entropy'?"),
    (
      "loss: CrossEntropyLoss",
      "unknown loss type 'CrossEntropyLoss'; did you mean 'cross_entropy'?"
    ),
    (
      "loss: sparse_categorical_crossentropy",
      "unknown loss type 'sparse_categorical_crossentropy'; did you mean 'cross_entropy'?"
    ),
    ("loss: GaussianNLLLoss", "unknown loss type 'GaussianNLLLoss'; did you mean 'gaussian_nll'?"),
    (
      "loss: sigmoid_focal_loss",
      "unknown loss type 'sigmoid_focal_loss'; did you mean 'binary_focal'?"
    ),
    ("loss: FocalLoss", "unknown loss type 'FocalLoss'; did you mean 'focal'?"),
    ("model: [conv2d]", "unknown layer type 'conv2d'; did you mean 'convolution'?"),
    ("model: [Conv1d]", "unknown layer type 'Conv1d'; did you mean 'convolution'?"),
    (
      "model: [ConvTranspose2d]",
      "unknown layer type 'ConvTranspose2d'; did you mean 'transposed_convolution'?"
    ),
    (
      "model: [DepthwiseConv2D]",
      "unknown layer type 'DepthwiseConv2D'; did you mean 'depthwise_convolution'?"
    ),
    ("model: [GroupNorm]", "unknown layer type 'GroupNorm'; did you mean 'group_normalization'?"),
    ("model: [RMSNorm]", "unknown layer type 'RMSNorm'; did you mean 'rms_normalization'?"),
    ("model: [Dropout2d]", "unknown layer type 'Dropout2d'; did you mean 'spatial_dropout'?"),
    ("model: [AvgPool3d]", "unknown layer type 'AvgPool3d'; did you mean 'average_pooling'?"),
    (
      "model: [AdaptiveAvgPool2d]",
      "unknown layer type 'AdaptiveAvgPool2d'; did you mean 'adaptive_pooling'?"
    ),
    ("model: [interpolate]", "unknown layer type 'interpolate'; did you mean 'resize'?"),
    ("model: [Upsampling2D]", "unknown layer type 'Upsampling2D'; did you mean 'upsample'?"),
    ("model: [flip]", "unknown layer type 'flip'; did you mean 'slice'?"),
    ("model: [CircularPad2d]", "unknown layer type 'CircularPad2d'; did you mean 'pad'?"),
    (
      "model: [{type: resize, scale_factor: 2}]",
      "unknown key 'scale_factor'; did you mean 'factor'?"
    ),
    (
      "model: [{type: resize, size: 2, align_corners: true}]",
      "unknown key 'align_corners'; did you mean 'coordinates'?"
    ),
    ("model: [matmul]", "unknown layer type 'matmul'; did you mean 'matrix_product'?"),
    ("model: [Linear]", "unknown layer type 'Linear'; did you mean 'dense'?"),
    ("model: [MaxPool2d]", "unknown layer type 'MaxPool2d'; did you mean 'max_pooling'?"),
    (
      "model: [BatchNorm1d]",
      "unknown layer type 'BatchNorm1d'; did you mean 'batch_normalization'?"
    ),
    ("metrics: [acc]", "unknown metric type 'acc'; did you mean 'accuracy'?"),
    ("metrics: [rmse]", "unknown metric type 'rmse'; did you mean 'root_mean_squared_error'?"),
    ("metrics: [r2_score]", "unknown metric type 'r2_score'; did you mean 'r2'?"),
    (
      "model: [{type: dense, units: 1, initial: {weight: kaiming_normal}}]",
      "unknown initializer type 'kaiming_normal'; did you mean 'he_normal'?"
    ),
    (
      "train: {epochs: 1, schedule: ReduceLROnPlateau}",
      "unknown schedule type 'ReduceLROnPlateau'; did you mean 'plateau'?"
    ),
    ("data: {generated: make_moons}", "unknown generator type 'make_moons'; did you mean 'moons'?"),
    (
      "model: [{type: dense, units: 1, out_features: 3}]",
      "unknown key 'out_features'; did you mean 'units'?"
    ),
    (
      "model: [BatchNorm3d]",
      "unknown layer type 'BatchNorm3d'; did you mean 'batch_normalization'?"
    ),
    ("model: [ZeroPad1d]", "unknown layer type 'ZeroPad1d'; did you mean 'pad'?"),
    ("model: [Cropping1D]", "unknown layer type 'Cropping1D'; did you mean 'crop'?"),
    ("model: [GlobalMaxPool]", "unknown layer type 'GlobalMaxPool'; did you mean 'max_pooling'?"),
    (
      "model: [GlobalAveragePool]",
      "unknown layer type 'GlobalAveragePool'; did you mean 'average_pooling'?"
    ),
    ("model: [GlobalLpPool]", "unknown layer type 'GlobalLpPool'; did you mean 'lp_pooling'?"),
    ("model: [Gather]", "unknown layer type 'Gather'; did you mean 'embedding'?"),
    ("model: [Unsqueeze]", "unknown layer type 'Unsqueeze'; did you mean 'reshape'?"),
    (
      "model: [CrossMapLRN2d]",
      "unknown layer type 'CrossMapLRN2d'; did you mean 'local_response_normalization'?"
    ),
    ("loss: CategoricalHinge", "unknown loss type 'CategoricalHinge'; did you mean 'hinge'?"),
    (
      "loss: KullbackLeiblerDivergence",
      "unknown loss type 'KullbackLeiblerDivergence'; did you mean 'kullback_leibler'?"
    ),
    (
      "model: [{type: convolution, channels: 1, window: 1, dilation_rate: 2}]",
      "unknown key 'dilation_rate'; did you mean 'dilation'?"
    ),
    (
      "model: [{type: depthwise_convolution, window: 1, use_bias: false}]",
      "unknown key 'use_bias'; did you mean 'bias'?"
    ),
    (
      "model: [{type: max_pooling, window: 1, auto_pad: same}]",
      "unknown key 'auto_pad'; did you mean 'padding'?"
    ),
    (
      "model: [{type: average_pooling, window: 1, count_include_pad: true}]",
      "unknown key 'count_include_pad'; did you mean 'count_padding'?"
    ),
    (
      "model: [{type: lp_pooling, window: 1, norm_type: 3}]",
      "unknown key 'norm_type'; did you mean 'p'?"
    ),
    (
      "model: [{type: rms_normalization, elementwise_affine: false}]",
      "unknown key 'elementwise_affine'; did you mean 'affine'?"
    ),
    ("model: [{type: prelu, init: 0.1}]", "unknown key 'init'; did you mean 'slope'?"),
    (
      "model: [{type: pad, padding: 1, padding_mode: reflect}]",
      "unknown key 'padding_mode'; did you mean 'mode'?"
    ),
    (
      "loss: {type: kullback_leibler, from_logits: true}",
      "unknown key 'from_logits'; did you mean 'from'?"
    ),
    (
      "train: {epochs: 1, optimizer: {type: rmsprop, rho: 0.9}}",
      "unknown key 'rho'; did you mean 'alpha'?"
    ),
    (
      "train: {epochs: 1, schedule: {type: cosine_restarts, T_0: 1, eta_min: 0}}",
      "unknown key 'eta_min'; did you mean 'minimum'?"
    ),
    (
      "train: {epochs: 1, schedule: {type: polynomial, total_iters: 3}}",
      "unknown key 'total_iters'; did you mean 'length'?"
    ),
    (
      "train: {epochs: 1, schedule: {type: step, every: 2, gamma: 0.5}}",
      "unknown key 'gamma'; did you mean 'factor'?"
    ),
    ("train: {epochs: 1, clipnorm: 1}", "unknown key 'clipnorm'; did you mean 'clip'?"),
    ("train: {epochs: 1, ema_decay: 1}", "unknown key 'ema_decay'; did you mean 'average'?"),
    (
      "train: {epochs: 1, average: {ema_decay: 0.9}}",
      "unknown key 'ema_decay'; did you mean 'decay'?"
    ),
    // Keys of a mapping one level deeper.
    (
      "train: {epochs: 1, learning_rate: 3}",
      "unknown key 'learning_rate'; did you mean 'optimizer.learning_rate'?"
    ),
    ("train: {epochs: 1, lr: 3}", "unknown key 'lr'; did you mean 'optimizer.learning_rate'?"),
    ("data: {csv: a.csv, targets: y}", "unknown key 'targets'; did you mean 'csv.targets'?"),
    ("train: {epochs: 1, batch: 3}", "unknown key 'batch'; did you mean 'batch_size'?"),
    ("train: {epochs: 1, weight_decay: 3}", "unknown key 'weight_decay'; did you mean 'l2'?"),
    ("random_state: 3", "unknown key 'random_state'; did you mean 'seed'?"),
  ])
  func `every foreign name gets the name used here`(text: String, message: String) throws {
    #expect(errors(text).contains(": error: \(message)\n"), "\(errors(text))")
  }

  @Test func `no two components of a kind share a foreign name`() {
    func check<Kind: ComponentKind>(_ kind: Kind) {
      var owners: [String: String] = [:]
      for type in kind.all {
        for name in type.foreignNames {
          #expect(kind.ownName(of: name) == type.name, "\(kind.kind) \(name)")
          #expect(owners.updateValue(type.name, forKey: name) == nil, "\(kind.kind) \(name)")
          #expect(!kind.all.contains { $0.name == name }, "\(kind.kind) \(name)")
        }
      }
    }
    for kind in registry.kinds { check(kind) }
  }
}
