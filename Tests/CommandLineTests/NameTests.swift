import Foundation
import TestSupport
import Testing

/// Names of experiments, and paths that are not UTF-8.
@Suite struct NameTests {
  private static let unnamed = """
    data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
    model: [{type: dense, units: 1, name: out}]
    loss: squared_error
    train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 3, batch_size: full}
    gradient_check: false

    """

  private func withTool(_ body: (Tool) throws -> Void) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try body(tool)
  }

  /// Faults 18, 49: otherwise the results would be in another folder.
  @Test func aSlashBeforeACombiningMarkIsASlash() throws {
    try withTool { tool in
      try tool.write("name: \"victim/\u{301}x\"\n" + NameTests.unnamed, to: "x.yaml")
      let result = try tool.run("run", "x.yaml")
      #expect(result.code == 2)
      #expect(
        result.errors == """
          x.yaml:1:7: error: the name 'victim/\u{301}x' has '/' at position 7; it names a single \
          folder under results; use --output for another location
              name: "victim/\u{301}x"
                    ^

          """)
      #expect(!tool.exists("results"))
    }
  }

  @Test func anInvalidFileNameNeedsANameInTheFile() throws {
    try withTool { tool in
      try tool.write(NameTests.unnamed, to: "my net.yaml")
      let result = try tool.run("run", "my net.yaml")
      #expect(result.code == 2)
      #expect(
        result.errors == """
          my net.yaml:1:1: error: the file name 'my net' has ' ' at position 3, so it cannot name \
          the results; add the line 'name: my-net'
              data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
              ^

          """)
      #expect(!tool.exists("results"))
      try tool.write("name: my-net\n" + NameTests.unnamed, to: "my net.yaml")
      #expect(try tool.run("run", "my net.yaml", "-q").code == 0)
      #expect(tool.exists("results/my-net/run-0001"))
    }
  }

  @Test func aSweepOfAnInvalidFileNameNeedsANameInTheFile() throws {
    try withTool { tool in
      try tool.write("name: x\n" + NameTests.unnamed, to: "x.yaml")
      try tool.write("base: x.yaml\nsweep: {grid: {+seed: [1, 2]}}\n", to: "two seeds.yaml")
      #expect(try tool.run("sweep", "two seeds.yaml", "-q").code == 0)
      #expect(tool.exists("results/x/sweep"))
      try tool.write(NameTests.unnamed, to: "x.yaml")
      #expect(
        try tool.run("sweep", "two seeds.yaml", "--output", "s").errors == """
          two seeds.yaml:1:1: error: the file name 'two seeds' has ' ' at position 4, so it cannot \
          name the results; add the line 'name: two-seeds'
              base: x.yaml
              ^

          """)
      try tool.write(
        "base: x.yaml\nsweep: {name: 'a$(id)', grid: {+seed: [1, 2]}}\n", to: "two seeds.yaml")
      #expect(
        try tool.run("sweep", "two seeds.yaml", "--output", "s").errors == """
          two seeds.yaml:2:15: error: the name 'a$(id)' has '$' at position 2; use letters, digits, \
          '.', '-' and '_'
              sweep: {name: 'a$(id)', grid: {+seed: [1, 2]}}
                            ^

          """)
      #expect(!tool.exists("s"))
    }
  }

  /// Earlier versions accepted names with spaces, quotes and marks. Their runs can be read.
  @Test func aRunWithANameOfAnEarlierVersionIsRead() throws {
    try withTool { tool in
      try tool.write("name: old\n" + NameTests.unnamed, to: "old.yaml")
      try tool.run("run", "old.yaml", "-q")
      try tool.run("run", "old.yaml", "-q")
      let name = "it's o\u{301}ld"
      try FileManager.default.moveItem(
        at: tool.folder.appendingPathComponent("results/old"),
        to: tool.folder.appendingPathComponent("results/\(name)"))
      let runs = ["results/\(name)/run-0001", "results/\(name)/latest"]
      for run in ["results/\(name)/run-0001", "results/\(name)/run-0002"] {
        for file in ["resolved.yaml", "experiment.yaml"] {
          let text = try tool.read("\(run)/\(file)")
          #expect(text.contains("name: old\n"))
          try tool.write(
            text.replacing("name: old\n", with: "name: \"\(name)\"\n"), to: "\(run)/\(file)")
        }
        for file in ["run.json", "summary.json"] {
          let text = try tool.read("\(run)/\(file)")
          try tool.write(text.replacing("\"old\"", with: "\"\(name)\""), to: "\(run)/\(file)")
        }
      }
      try tool.write("input_0,input_1\n0,1\n", to: "new.csv")
      let commands = [
        ["evaluate", runs[0]], ["evaluate", runs[1], "--weights", "last"],
        ["predict", runs[0], "--input", "new.csv", "--output", "out.csv"],
        ["resume", runs[0]], ["compare", runs[0], runs[1]],
        ["compare", "--exact", runs[0], runs[1]],
        ["gradcheck", "old.yaml", "--checkpoint", runs[0]],
        ["explain", "old.yaml", "--checkpoint", runs[1]],
      ]
      for command in commands {
        let result = try tool.run(command)
        #expect(result.code == 0, "\(command): \(result.errors)")
      }
      #expect(try tool.run("resume", runs[0]).output == "'\(runs[0])' is already complete\n")
    }
  }

  @Test func aSweepWithANameOfAnEarlierVersionIsRead() throws {
    try withTool { tool in
      try tool.write("name: old\n" + NameTests.unnamed, to: "old.yaml")
      try tool.run("sweep", "old.yaml", "+seed=1,2", "-q")
      let folder = "results/it's old/sweep"
      try FileManager.default.moveItem(
        at: tool.folder.appendingPathComponent("results/old"),
        to: tool.folder.appendingPathComponent("results/it's old"))
      let plan = try tool.read("\(folder)/plan.json")
      try tool.write(
        plan.replacing("\"name\": \"old\"", with: "\"name\": \"it's old\""),
        to: "\(folder)/plan.json")
      let table = try tool.read("\(folder)/sweep.csv")
      _ = try tool.shell("touch \"\(folder)/trials/\"$'\\377'")
      #expect(try tool.run("collect", folder).output == "2 trials in \(folder)/sweep.csv\n")
      #expect(
        try tool.read("\(folder)/sweep.csv")
          == table.replacing("results/old/", with: "results/it's old/"))
      let compared = try tool.run("compare", folder)
      #expect(compared.code == 0, "\(compared.errors)")
    }
  }

  // MARK: Paths that are not UTF-8

  @Test(arguments: [
    "run $'x\\377.yaml'", "validate $'x\\377.yaml'", "sweep x.yaml $'seed=\\3771,2'",
    "evaluate $'\\377'", "plugin test $'\\377'", "run x.yaml --output $'\\377'",
  ])
  func anArgumentThatIsNotUTF8IsRefused(_ command: String) throws {
    try withTool { tool in
      try tool.write("name: x\n" + NameTests.unnamed, to: "x.yaml")
      // The name after replacing invalid bytes.
      try tool.write("name: x\n" + NameTests.unnamed, to: "x\u{FFFD}.yaml")
      let before = tool.contents
      let result = try tool.shell("nnexp \(command)")
      #expect(result.code == 2)
      #expect(result.errors.hasPrefix("error: argument "), "\(result.errors)")
      #expect(tool.contents == before)
    }
  }

  @Test func anArgumentThatIsNotUTF8IsShownEscaped() throws {
    try withTool { tool in
      let result = try tool.shell("nnexp run x.yaml $'a\\377\\tb'")
      #expect(
        result.errors
          == "error: argument 3 is not UTF-8: 'a\\xFF\\tb'; if it names a file, rename it\n")
      #expect(result.code == 2)
    }
  }

  @Test func aPluginFileWhoseNameIsNotUTF8IsRefused() throws {
    try withTool { tool in
      let result = try tool.shell(
        "mkdir P && touch P/A.swift $'P/B\\377.swift' && nnexp plugin build P")
      #expect(result.code == 2)
      #expect(
        result.errors == "error: 'P' contains 'B\\xFF.swift', a name that is not UTF-8; rename it\n"
      )
    }
  }

  @Test func aRunFileWhoseNameIsNotUTF8IsRefused() throws {
    try withTool { tool in
      try tool.write("name: x\n" + NameTests.unnamed, to: "x.yaml")
      try tool.run("run", "x.yaml", "-q")
      try tool.run("run", "x.yaml", "-q")
      let result = try tool.shell(
        "touch $'results/x/run-0001/\\377.csv' && "
          + "nnexp compare --exact results/x/run-0001 results/x/run-0002")
      #expect(result.code == 2)
      #expect(
        result.errors
          == "error: 'results/x/run-0001' contains '\\xFF.csv', a name that is not UTF-8; rename it\n"
      )
    }
  }

  @Test func aFolderWhosePathIsNotUTF8IsRefused() throws {
    try withTool { tool in
      try tool.write("name: x\n" + NameTests.unnamed, to: "x.yaml")
      let result = try tool.shell(
        "mkdir $'\\377' && cd $'\\377' && cp ../x.yaml . && nnexp run x.yaml")
      #expect(result.code == 2)
      #expect(result.errors.hasPrefix("error: 'x.yaml' is in a folder whose path is not UTF-8: '"))
      #expect(result.errors.hasSuffix("/\\xFF/x.yaml'; rename the folder\n"))
      #expect(try tool.shell("ls $'\\377'").output == "x.yaml\n")
    }
  }

  /// Fault 50: a file's name cannot control a terminal.
  @Test func aPathIsShownWithoutControlCharacters() throws {
    try withTool { tool in
      let file = "a\u{1B}[2J\n\u{202E}b.yaml"
      let shown = #"a\x1B[2J\n\u202Eb.yaml"#
      try tool.write("name: x\n" + NameTests.unnamed, to: file)
      let result = try tool.run("validate", file)
      #expect(result.code == 0)
      // Unchanged for programs, and escaped for a terminal, which `script` provides.
      #expect(result.output.hasPrefix("\(file): valid\n"))
      let seen = try runCommand(
        "/bin/bash", ["-c", #"script -qec '"$NNEXP" validate "$FILE"' /dev/null"#],
        in: tool.folder,
        environment: ["NNEXP": Tool.executable.path, "FILE": file, "PATH": "/usr/bin:/bin"])
      let output = seen.output.replacing("\r\n", with: "\n")
      #expect(output.hasPrefix("a\\x1B[2J\n\\u202Eb.yaml: valid\n"), "\(output)")
      try tool.write("name: x\nnam: x\n" + NameTests.unnamed, to: file)
      let errors = try tool.run("validate", file).errors
      #expect(errors.hasPrefix("\(shown):2:1: error: unknown key 'nam'"), "\(errors)")
    }
  }

  /// The command that a message suggests works for any paths.
  @Test func aSuggestedCommandIsQuoted() throws {
    try withTool { tool in
      let folder = "it's '\u{301}$(touch mine)\n"
      try tool.write(
        "name: x\n" + NameTests.unnamed + "expect: {metrics: golden.csv}\n", to: "\(folder)/x.yaml")
      try tool.write("epoch\n9\n", to: "\(folder)/golden.csv")
      let result = try tool.run("run", "\(folder)/x.yaml", "-q")
      #expect(result.code == 1)
      let last = String(try #require(result.errors.split(separator: "\n").last))
      let command = last.replacing("note: if the change is intended: ", with: "")
      #expect(
        command
          == "cp results/x/run-0001/metrics.csv $'it\\'s \\'\u{301}$(touch mine)\\012/golden.csv'")
      #expect(try tool.shell(command).code == 0)
      #expect(
        try tool.read("\(folder)/golden.csv") == tool.read("results/x/run-0001/metrics.csv"))
      #expect(!tool.exists("mine"))
      #expect(try tool.run("run", "\(folder)/x.yaml", "-q").code == 0)
    }
  }
}
