import Datasets
import Engine
import NNExp
import TestSupport
import YAMLTree

/// Reads the sections `model`, `loss`, `metrics` and `train` of a text.
struct Declared {
  let model: ModelDeclaration
  let objective: Objective
  let training: TrainingDeclaration

  init(_ text: String) throws {
    var options = Options(try parseYAML(Array(text.utf8), name: "test.yaml"))
    model = ModelDeclaration(from: &options, registry: registry)
    let objective = Objective(from: &options, registry: registry)
    let training = TrainingDeclaration(from: &options, registry: registry)
    try options.finish()
    self.objective = objective!
    self.training = training!
  }
}

/// Plans the model of a text that holds nothing else.
func graph(_ model: String, input: Shape, registry: Registry = registry) throws -> Graph {
  var options = Options(try parseYAML(Array(model.utf8), name: "test.yaml"))
  let declaration = ModelDeclaration(from: &options, registry: registry)
  try options.finish()
  return try Graph(declaration, inputShape: input, registry: registry)
}

/// What planning the model complains of, as it is shown.
func errors(_ model: String, input: Shape) -> String {
  errorText { try graph(model, input: input) }
}
