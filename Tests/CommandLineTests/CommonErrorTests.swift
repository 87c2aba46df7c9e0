import Foundation
import TestSupport
import Testing

/// Whole messages about common errors of newcomers.
@Suite struct CommonErrorTests {
  private static let experiment = """
    name: m
    data: {generated: {type: moons, samples: 60}, split: {validation: 0.2}}
    model: [{type: dense, units: 4, name: hidden}, tanh, {type: dense, units: 2}]
    loss: cross_entropy
    train: {optimizer: adam, epochs: 3, batch_size: 16}

    """

  private func errors(
    _ arguments: String..., text: String = experiment, files: [String: String] = [:],
    code: Int32 = 2
  ) throws -> String {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(text, to: "m.yaml")
    for (name, text) in files { try tool.write(text, to: name) }
    let result = try tool.run(arguments)
    #expect(result.code == code)
    #expect(!tool.exists("results") || code == 0)
    return result.errors
  }

  /// The answer to the experiment with one text replaced.
  private func answer(_ old: String, _ new: String) throws -> String {
    try errors("validate", "m.yaml", text: Self.experiment.replacing(old, with: new))
  }

  @Test func boundsMustBeQuoted() throws {
    #expect(
      try errors(
        "validate", "m.yaml", text: Self.experiment + "expect:\n  train_accuracy: >= 0.9\n") == """
          m.yaml:7:19: error: a text that begins with '>' must be quoted: ">= 0.9"
              train_accuracy: >= 0.9
                              ^

          """)
    #expect(
      try errors(
        "validate", "m.yaml", text: Self.experiment + "expect: {train_accuracy: >= 0.9}\n") == """
          m.yaml:6:26: error: a plain text cannot begin with '>'; quote it
              expect: {train_accuracy: >= 0.9}
                                       ^

          """)
    #expect(
      try errors("validate", "m.yaml", text: Self.experiment + "expect: {train_loss: 0.9}\n") == """
        m.yaml:6:22: error: train_loss must be a bound such as "< 0.01" or ">= 0.9", found the \
        number 0.9
            expect: {train_loss: 0.9}
                                 ^

        """)
  }

  @Test func aTypeIsNotAKey() throws {
    #expect(
      try answer("tanh", "dropout: 0.5") == """
        m.yaml:3:48: error: missing 'type': which layer?
            model: [{type: dense, units: 4, name: hidden}, dropout: 0.5, {type: dense, units: 2}]
                                                           ^
        note: write {type: dropout, rate: 0.5}

        """)
    #expect(
      try answer("{type: dense, units: 2}", "linear: {units: 2, name: z}") == """
        m.yaml:3:54: error: missing 'type': which layer?
            model: [{type: dense, units: 4, name: hidden}, tanh, linear: {units: 2, name: z}]
                                                                 ^
        note: write {type: dense, units: 2, name: z}

        """)
  }

  @Test func initialValuesAreOfAParameter() throws {
    #expect(
      try answer("units: 4", "units: 4, initial: he_normal") == """
        m.yaml:3:42: error: initial must be a mapping from parameters to initial values, found the \
        text 'he_normal'
            model: [{type: dense, units: 4, initial: he_normal, name: hidden}, tanh, {type: dense, units: 2}
                                                     ^
        note: write initial: {weight: he_normal}

        """)
  }

  @Test func earlyStoppingHasAPatience() throws {
    for (value, kind, patience) in [("true", "the boolean true", 10), ("5", "the number 5", 5)] {
      #expect(
        try answer("epochs: 3", "epochs: 3, early_stopping: \(value)") == """
          m.yaml:5:53: error: early_stopping must be a mapping, found \(kind)
              train: {optimizer: adam, epochs: 3, early_stopping: \(value), batch_size: 16}
                                                                  ^
          note: write early_stopping: {patience: \(patience)}, in epochs without an improvement

          """)
    }
    #expect(
      try answer("epochs: 3", "epochs: 3, early_stopping: {monitor: val_loss}") == """
        m.yaml:5:63: error: unknown column 'val_loss'; did you mean 'validation_loss'?
            train: {optimizer: adam, epochs: 3, early_stopping: {monitor: val_loss}, batch_size: 16}
                                                                          ^
        note: the columns are: train_loss, validation_loss, train_accuracy, validation_accuracy

        """)
  }

  @Test(arguments: [
    ("epochs=10", "the file has no 'epochs'", 1, "did you mean train.epochs=…?"),
    ("record_every=2", "the file has no 'record_every'", 1, "did you mean +train.record_every=…?"),
    (
      "train.lr=2", "the file has no 'train.lr'", 7,
      "did you mean +train.optimizer.learning_rate=…?"
    ),
    (
      "units=2", "the file has no 'units'", 1,
      "known keys: base, blocks, data, dtype, expect, gradient_check, loss, metrics, model, name, "
        + "notation, plugins, predictions, seed, start_from, sweep, train"
    ),
    (
      "train.record_every=2", "the file has no 'train.record_every'", 7,
      "keys there: optimizer, epochs, batch_size\nnote: write +train.record_every=2 to add it"
    ),
  ])
  func overridesNameTheRightKey(_ override: String, _ fact: String, _ column: Int, _ note: String)
    throws
  {
    #expect(
      try errors("run", "m.yaml", override) == """
        command line:1:\(column): error: \(fact)
            \(override)
            \(String(repeating: " ", count: column - 1))^
        note: \(note)

        """)
  }

  /// `optimizer: adam` is short for `optimizer: {type: adam}`.
  @Test func overridesReachIntoShortForms() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(Self.experiment, to: "m.yaml")
    #expect(
      try tool.run(
        "run", "m.yaml", "-q", "train.optimizer.learning_rate=0.5", "loss.from=logits",
        "+train.schedule=constant"
      ).errors == "")
    #expect(try tool.read("results/m/latest/metrics.csv").contains("\n1,3,0.5,"))
    #expect(
      try tool.run("run", "m.yaml", "-q", "train.optimizer.beta=0.5").errors == """
        command line:1:17: error: unknown key 'beta'; did you mean 'beta1'?
            train.optimizer.beta=0.5
                            ^

        """)
    #expect(
      try tool.run("run", "m.yaml", "-q", "name.first=a").errors == """
        command line:1:6: error: 'name' is the text 'm'; it has no 'first'
            name.first=a
                 ^

        """)
  }

  @Test func anOverrideOfASweptPathWins() throws {
    let sweep = Self.experiment + "seed: 1\nsweep: {grid: {seed: [0, 1], train.epochs: [2, 3]}}\n"
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(sweep, to: "m.yaml")
    let plan = try tool.run("sweep", "m.yaml", "train.epochs=9", "--dry-run")
    #expect(
      plan.output == """
        trial  seed  parameters   cost
            1  0             22  28512
            2  1             22  28512
        2 trials; estimated cost 57024 multiplications

        """)
    #expect(
      try errors("sweep", "m.yaml", "train={epochs: 1}", text: sweep) == """
        command line:1:1: error: the sweep sets 'train.epochs', which would replace this override
            train={epochs: 1}
            ^
        note: override 'train.epochs', or leave it out of the sweep

        """)
  }

  @Test func otherFilesAreRecognized() throws {
    #expect(
      try errors("run", "s.yaml", files: ["s.yaml": "base: m.yaml\nsweep: {seed: [0, 1]}\n"]) == """
        s.yaml:1:1: error: 's.yaml' is a sweep of the experiment 'm.yaml', not an experiment
            base: m.yaml
            ^
        note: run it with nnexp sweep s.yaml

        """)
    #expect(
      try errors("run", "d.csv", files: ["d.csv": "a,b,y\n1,2,0\n2,3,1\n"]) == """
        d.csv:1:1: error: 'd.csv' looks like a table, not like an experiment
            a,b,y
            ^
        note: an experiment is a YAML file that names it: data: {csv: {path: d.csv, targets: COLUMN}}

        """)
  }

  @Test(arguments: [("rn", "run"), ("train", "run"), ("fit", "run"), ("predct", "predict")])
  func commandsGetASuggestion(_ word: String, _ command: String) throws {
    #expect(
      try errors(word, "m.yaml") == """
        error: unknown command '\(word)'; did you mean '\(command)'?
        note: commands: init, run, resume, sweep, collect, validate, test, gradcheck, lr, \
        evaluate, predict, runs, compare, plot, report, watch, serve, export, explain, types, \
        plugin, schema, lsp

        """)
  }

  @Test func aFileIsNotACommand() throws {
    #expect(
      try errors("m.yaml") == """
        error: 'm.yaml' is not a command
        note: to train an experiment: nnexp run m.yaml

        """)
  }

  @Test func imagesNeedChannels() throws {
    let images = """
      name: m
      data:
        inline: {inputs: [[1, 2, 3, 4], [1, 2, 3, 5]], targets: [[0], [1]]}
        shape: [2, 2]
      model: [{type: convolution, channels: 2, window: 2}, flatten, {type: dense, units: 1}]
      loss: squared_error
      train: {epochs: 1}

      """
    #expect(
      try errors("validate", "m.yaml", text: images) == """
        m.yaml:5:16: error: 'convolution' (convolution): the input [2, 2] has one axis after the \
        channels; write window: [2] if this is meant; for images of one channel write data: \
        {shape: [1, 2, 2]}
            model: [{type: convolution, channels: 2, window: 2}, flatten, {type: dense, units: 1}]
                           ^
        note: the data are [2, 2] per sample

        """)
  }

  /// Losses that read the outputs as something else than they are.
  @Test func misleadingSetupsAreAnnounced() throws {
    let cases: [(old: String, new: String, message: String)] = [
      (
        "units: 2}]", "units: 2}, softmax]",
        """
        m.yaml:3:79: warning: the loss 'cross_entropy' requires logits, but the outputs of \
        'softmax' are already between 0 and 1; leave 'softmax' out, or write from: probabilities
        """
      ),
      (
        "loss: cross_entropy", "loss: {type: cross_entropy, from: probabilities}",
        """
        m.yaml:3:61: warning: the loss 'cross_entropy' requires probabilities, but the outputs of \
        'dense' are not limited to 0 to 1
        """
      ),
      (
        ", split: {validation: 0.2}", "",
        "m.yaml:5:8: warning: early stopping has no validation data; it monitors train_loss"
      ),
      (
        "tanh,", "batch_normalization,",
        """
        m.yaml:3:48: warning: the last batch would contain one sample, too few for \
        'batch_normalization'; it is merged into the one before
        """
      ),
    ]
    for (old, new, message) in cases {
      let text = Self.experiment.replacing(
        "epochs: 3", with: "epochs: 3, early_stopping: {patience: 3}"
      )
      .replacing(
        "batch_size: 16", with: new.contains("batch") ? "batch_size: 47" : "batch_size: 16")
      let found = try errors(
        "validate", "m.yaml", text: text.replacing(old, with: new), code: 0)
      #expect(found.split(separator: "\n").first.map(String.init) == message, "\(found)")
    }
  }
}
