import NNExp
import Testing

@Test func suggestionsCorrectTypos() {
  let layers = ["convolution", "dense", "lp_pooling", "relu", "sigmoid", "tanh"]
  for (slip, meant) in [
    ("sigmoyd", "sigmoid"), ("sigmod", "sigmoid"), ("sigmoidd", "sigmoid"), ("Dense", "dense"),
    ("desne", "dense"), ("lp-pooling", "lp_pooling"), ("lppooling", "lp_pooling"),
    ("convolutoin", "convolution"), ("rely", "relu"),
  ] {
    #expect(suggestion(for: slip, among: layers) == "; did you mean '\(meant)'?", "\(slip)")
  }
}

@Test func nothingIsSuggestedIfNoNameIsNear() {
  let layers = ["dense", "sigmoid"]
  for word in ["", "xyz", "softmax", "d", "x", String(repeating: "dense", count: 1000)] {
    #expect(suggestion(for: word, among: layers) == "", "\(word)")
  }
  #expect(suggestion(for: "dense", among: []) == "")
  #expect(suggestion(for: "m", among: ["n"]) == "")
  #expect(suggestion(for: "", among: ["n"]) == "")
}

@Test func `columns of other programs get the name used here`() {
  let columns = ["train_loss", "validation_loss", "validation_accuracy", "learning_rate"]
  for (foreign, own) in [
    ("val_loss", "validation_loss"), ("val_acc", "validation_accuracy"), ("lr", "learning_rate"),
    ("valid_accuracy", "validation_accuracy"),
  ] {
    #expect(suggestion(for: foreign, among: columns) == "; did you mean '\(own)'?")
  }
  #expect(suggestion(for: "val_loss", among: ["train_loss"]) == "")
}

@Test func suggestionsPreferTheNearestAndTheFirstOfEquals() {
  #expect(nearest(to: "beta", among: ["beta2", "beta", "beta1"]) == "beta")
  #expect(nearest(to: "beta3", among: ["beta1", "beta2"]) == "beta1")
  #expect(nearest(to: "units", among: ["unit", "units_"]) == "unit")
}
