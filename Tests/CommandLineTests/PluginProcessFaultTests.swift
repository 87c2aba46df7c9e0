import Foundation
import TestSupport
import Testing

/// Fault 59: plugins that change the process, or how a run ends or computes.
@Suite struct PluginProcessFaultTests {
  private let bent = "x.yaml:10:12: error: 'bent' (square, of the plugin 'Square.c')"

  /// The result of an experiment with this layer: exit code and standard error.
  private func outcome(
    top: String = "", forward: String = "", _ body: (Tool) throws -> Void = { _ in }
  ) throws -> String {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare(top: top, forward: forward)
    try tool.writeExperiment(plugins: "[Square.c]")
    let result = try tool.runPlugin("run", "x.yaml", "--quiet")
    try body(tool)
    return "\(result.code): \(result.errors)"
  }

  /// Makes the text independent of the umask of the user who runs the tests.
  private func withoutMask(_ text: String) -> String {
    text.replacing(/from [0-7]{3} to/, with: "from MASK to")
  }

  @Test func aChangeOfTheArithmeticIsReported() throws {
    #expect(
      try outcome(forward: "fesetround(FE_UPWARD);")
        == "2: \(bent) changed the rounding mode in its forward pass\n")
    #expect(
      try outcome(forward: "if (calls == 9) fesetround(FE_TOWARDZERO);")
        == "2: \(bent) changed the rounding mode in its forward pass\n")
    // Status flags that computations set are not changes.
    #expect(
      try outcome(
        forward: "volatile float tiny = 1e-30f; tiny = tiny * tiny; feraiseexcept(FE_ALL_EXCEPT);")
        == "0: ")
    #if arch(x86_64)
      let top = "#include <xmmintrin.h>"
      #expect(
        try outcome(top: top, forward: "_mm_setcsr(_mm_getcsr() | 0x8000);")
          == "2: \(bent) changed the flush-to-zero mode in its forward pass\n")
      // Objects that are linked with -ffast-math do the same.
      #expect(
        try outcome(
          top: top
            + "\n__attribute__((constructor)) static void fast(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }"
        )
          == "2: error: the plugin 'Square.c' changed the flush-to-zero mode in its initialization\n"
      )
    #endif
  }

  @Test(arguments: [
    ("chdir(\"/\");", "changed the current folder"),
    ("umask(07);", "changed the umask from MASK to 007"),
    ("close(0);", "closed standard input (descriptor 0)"),
    ("close(1);", "closed standard output (descriptor 1)"),
    ("close(2);", "closed standard error (descriptor 2)"),
    (
      "close(1); open(\"taken\", O_WRONLY | O_CREAT, 0600);",
      "replaced standard output (descriptor 1)"
    ),
    (
      "close(2); open(\"taken\", O_WRONLY | O_CREAT, 0600);",
      "replaced standard error (descriptor 2)"
    ),
    ("signal(SIGTERM, SIG_IGN);", "changed the handler of signal 15 (Terminated)"),
    ("signal(SIGSEGV, SIG_DFL);", "changed the handler of signal 11 (Segmentation fault)"),
    ("signal(SIGINT, own);", "changed the handler of signal 2 (Interrupt)"),
  ])
  func aChangeOfTheProcessIsReported(_ change: (code: String, fact: String)) throws {
    let top = "__attribute__((unused)) static void own(int signal) {}"
    // Detected in the first pass, the earliest possible moment.
    #expect(
      withoutMask(try outcome(top: top, forward: change.code))
        == "2: \(bent) \(change.fact) in its forward pass\n")
    // Later changes are detected at the next row.
    let later = try outcome(top: top, forward: "if (calls == 9) { \(change.code) }") {
      (tool: Tool) throws in
      #expect(try tool.read("results/x/run-0001/metrics.csv").split(separator: "\n").count == 1)
      if tool.exists("taken") { #expect((try? tool.read("taken")) == "") }
    }
    #expect(withoutMask(later) == "2: \(bent) \(change.fact)\n")
    // Changes while the plugin is loaded.
    let loaded = try outcome(
      top: top + "\n__attribute__((constructor)) static void load(void) { \(change.code) }"
    ) { tool in #expect(!tool.exists("results")) }
    #expect(
      withoutMask(loaded)
        == "2: error: the plugin 'Square.c' \(change.fact) in its initialization\n")
  }

  @Test func aChangeBetweenTwoChecksNamesBothLayers() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare(forward: "if (calls == 19) chdir(\"/\");")
    try tool.writeExperiment(plugins: "[Square.c]")
    try tool.write(
      tool.read("x.yaml").replacingOccurrences(
        of: "  - {type: dense, units: 1", with: "  - {type: square}\n  - {type: dense, units: 1"),
      to: "x.yaml")
    let result = try tool.runPlugin("run", "x.yaml", "--quiet")
    #expect(result.code == 2)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.first == "error: the plugin 'Square.c' changed the current folder")
    #expect(
      Set(lines.dropFirst()) == [
        "note: x.yaml:10:12: 'bent' (square, of the plugin 'Square.c') was called since the last check",
        "note: x.yaml:11:12: 'square' (square, of the plugin 'Square.c') was called since the last check",
      ])
  }

  @Test func aChangedFolderDoesNotMoveTheResults() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("", to: "elsewhere/empty")
    // In its second pass, which is not followed by a check, before the run has its folder.
    try tool.writeCSquare(
      top: "static void move(void) { chdir(\"elsewhere\"); }",
      forward: "if (calls == 2 || calls == 9) move();")
    try tool.writeExperiment(plugins: "[Square.c]")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 2)
    try tool.writeCSquare(
      top: "static void move(void) { chdir(\"elsewhere\"); }", forward: "if (calls == 9) move();")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 2)
    #expect(tool.exists("results/x/run-0001/metrics.csv"))
    #expect(tool.contents.filter { $0.hasPrefix("elsewhere/") } == ["elsewhere/empty"])
  }

  @Test func exitHandlersDoNotRun() throws {
    for (handler, tail, code) in [
      ("for (;;) pause();", "", 0),
      ("_exit(0);", "expect: {train_loss: \"< -1\"}\n", 1),
      ("abort();", "", 0),
    ] {
      let tool = try Tool()
      defer { tool.remove() }
      try tool.writeCSquare(
        top: """
          static void handler(void) { \(handler) }
          __attribute__((destructor)) static void unload(void) { handler(); }
          """, forward: "if (calls == 9) { atexit(handler); at_quick_exit(handler); }")
      try tool.writeExperiment(plugins: "[Square.c]")
      try tool.write(tool.read("x.yaml") + tail, to: "x.yaml")
      let result = try tool.runPlugin("run", "x.yaml", "--quiet")
      #expect(result.code == code)
      #expect(!result.errors.contains("plugin"))
    }
  }

  @Test func aPluginThatEndsTheProcessIsNamed() throws {
    #expect(
      try outcome(forward: "if (calls == 9) _Exit(0);")
        == "2: \(bent) ended the process in its forward pass\n")
    // From a separate thread, at any time during the run.
    let thread = try outcome(
      top: """
        static void *end(void *nothing) { exit(0); }
        static void begin(void) { pthread_t thread; pthread_create(&thread, 0, end, 0); sleep(5); }
        """, forward: "if (calls == 9) begin();")
    #expect(thread == "2: \(bent) ended the process in its forward pass\n")
    let idle = try outcome(
      top: """
        static void *end(void *nothing) { exit(0); }
        __attribute__((constructor)) static void begin(void) {
          pthread_t thread;
          pthread_create(&thread, 0, end, 0);
          pthread_join(thread, 0);
        }
        """)
    #expect(idle == "2: error: the plugin 'Square.c' ended the process in its initialization\n")
  }

  @Test func aForkDoesNotDuplicateRows() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeCSquare()
    try tool.writeExperiment(plugins: "[Square.c]")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 0)
    let rows = try tool.read("results/x/run-0001/metrics.csv")
    for (index, when) in ["calls == 1", "calls == 9", "calls % 8 == 0"].enumerated() {
      try tool.writeCSquare(
        forward: "if (\(when)) { int child = fork(); if (child) waitpid(child, 0, 0); }")
      let result = try tool.runPlugin("run", "x.yaml", "--quiet")
      #expect(result.code == 0)
      #expect(
        result.errors
          == "x.yaml:10:12: warning: 'bent' (square, of the plugin 'Square.c') forked the process in "
          + "its forward pass, and the copy returned from it; copies that return are ended\n")
      let run = "results/x/run-000\(index + 2)"
      #expect(try tool.read("\(run)/metrics.csv") == rows)
      #expect(try tool.read("\(run)/summary.json").contains("\"completed\""))
    }
  }

  @Test func childProcessesThatEndDoNotDisturbTheRun() throws {
    for child in [
      "if (fork() == 0) _exit(7);", "if (fork() == 0) exit(7);", "if (fork() == 0) abort();",
      "if (vfork() == 0) _exit(7);", "if (system(\"exit 3\") != 3 << 8) abort();",
      "if (fork() == 0) { execlp(\"true\", \"true\", (char *)0); _exit(127); }",
    ] {
      #expect(try outcome(forward: "if (calls % 5 == 0) { \(child) }") == "0: ", "\(child)")
    }
  }
}
