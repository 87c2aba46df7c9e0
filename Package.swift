// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "nnexp",
  products: [
    .executable(name: "nnexp", targets: ["nnexp"]),
    .executable(name: "nnexp-serve", targets: ["nnexp-serve"]),
    .executable(name: "nnexp-onnx", targets: ["nnexp-onnx"]),
    .executable(name: "nnexp-mlflow", targets: ["nnexp-mlflow"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
  ],
  targets: [
    // Module maps of the system's libraries.
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas0-pthread"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // Loops over vectors, compiled for each instruction set.
    // Valgrind 3.19, which counts the instructions of runs, does not read DWARF 5.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-gdwarf-4"])]),

    // The C library of the system. Only this module names it.
    .target(name: "Platform"),

    // The module that plugins import, and its dependencies.
    .target(name: "NNExp", dependencies: ["Platform", "COpenBLAS", "CKernels"]),

    // Regular files, atomic writes, records, hashes, and the escaping of text.
    .target(name: "Files", dependencies: ["Platform", "NNExp", "CZlib"]),
    .target(name: "YAMLTree", dependencies: ["NNExp", "Files", "CYAML"]),
    .target(name: "Datasets", dependencies: ["Platform", "NNExp", "Files", "CZlib"]),
    .target(name: "Engine", dependencies: ["Platform", "NNExp", "Datasets"]),
    .target(name: "GradientCheck", dependencies: ["NNExp", "Datasets", "Engine", "Results"]),
    .target(name: "Conformance", dependencies: ["NNExp", "Datasets", "GradientCheck"]),
    .target(
      name: "Explanation",
      dependencies: ["NNExp", "Files", "Datasets", "Engine", "GradientCheck"]),
    .target(name: "Results", dependencies: ["Platform", "NNExp", "Files"]),
    // Files that other programs read and write: weights, and graphs of operators.
    .target(name: "Interchange", dependencies: ["NNExp", "Files"]),
    .target(name: "Charts", dependencies: ["Platform", "NNExp", "Files"]),
    // Event files of TensorBoard.
    .target(name: "Tracking", dependencies: ["Platform", "NNExp", "Files", "Charts", "Results"]),
    .target(
      name: "ExperimentFile",
      dependencies: [
        "NNExp", "Files", "YAMLTree", "Datasets", "Engine", "GradientCheck", "Explanation",
        "Plugins", "Results",
      ]),

    // Building and loading plugins at run time.
    .target(name: "CPlugins"),
    .target(name: "Plugins", dependencies: ["Platform", "NNExp", "Files", "CPlugins"]),

    .target(
      name: "Running",
      dependencies: [
        "Platform", "NNExp", "Files", "YAMLTree", "Datasets", "Engine", "GradientCheck",
        "Conformance",
        "Plugins", "Results", "Interchange", "Tracking", "ExperimentFile",
      ]),

    .target(
      name: "Sweeps",
      dependencies: [
        "Platform", "NNExp", "Files", "YAMLTree", "Datasets", "Engine", "Results", "Tracking",
        "ExperimentFile", "Running",
      ]),

    // Pictures and pages of results.
    .target(
      name: "Reports",
      dependencies: [
        "Platform", "NNExp", "Files", "Datasets", "Engine", "Charts", "Explanation", "Results",
        "ExperimentFile", "Running", "Sweeps",
      ]),

    // The keys of an experiment file, as a schema, help and the language server show them.
    .target(
      name: "Reference",
      dependencies: ["NNExp", "Files", "YAMLTree", "Datasets", "ExperimentFile", "Sweeps"]),

    // The answers of `nnexp lsp` to an editor.
    .target(
      name: "LanguageServer",
      dependencies: [
        "Platform", "NNExp", "Files", "YAMLTree", "Datasets", "Engine", "Plugins",
        "ExperimentFile", "Running", "Sweeps", "Reference",
      ]),

    // Live pages of results in a browser. The companion program has the HTTP library and
    // Foundation, so that `nnexp` starts without them.
    .target(
      name: "Serving",
      dependencies: ["Platform", "NNExp", "Files", "Charts", "Results", "Sweeps", "Reports"]),
    .executableTarget(
      name: "nnexp-serve",
      dependencies: [
        "NNExp", "Files", "Datasets", "Standard", "Serving",
        .product(name: "FlyingFox", package: "FlyingFox"),
      ]),

    // Models in the format of ONNX. The companion program has the library for Protocol Buffers
    // and Foundation, so that `nnexp` starts without them.
    .executableTarget(
      name: "nnexp-onnx",
      dependencies: [
        "Platform", "NNExp", "Files", "Interchange",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["onnx.proto"]),

    // Runs for an MLflow server. The companion program has Foundation's HTTP client.
    .executableTarget(name: "nnexp-mlflow"),

    // All shipped layers, losses and other components, written like a plugin but linked.
    .target(name: "Standard", dependencies: ["NNExp"], path: "plugins/Standard"),

    .executableTarget(
      name: "nnexp",
      dependencies: [
        "Platform", "NNExp", "Files", "Datasets", "Engine", "GradientCheck", "Conformance",
        "Explanation",
        "Results", "Interchange", "Tracking",
        "ExperimentFile", "Running", "Sweeps", "Charts", "Reports", "Reference", "Standard",
        "LanguageServer",
        "Plugins", "CPlugins",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      // The dynamic linker searches the libraries in the order in which they are linked.
      // libstdc++ contains a third of the symbols that a start looks up, so that it is
      // first, and libyaml is last. This saves 4% of the instructions of a start.
      swiftSettings: [
        .unsafeFlags(
          ["-Xfrontend", "-autolink-library", "-Xfrontend", "stdc++"], .when(platforms: [.linux]))
      ],
      // The symbols of NNExp are undefined in a plugin and resolved by this program, so
      // that both use the same types. A run records the build ID of the program, so that
      // only the same binary resumes it.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--export-dynamic", "-Xlinker", "--build-id=sha1"],
          .when(platforms: [.linux])),
        .unsafeFlags(["-Xlinker", "-export_dynamic"], .when(platforms: [.macOS])),
      ]),

    // Helpers for the tests of several modules.
    .target(
      name: "TestSupport", dependencies: ["Platform", "NNExp", "Files", "Datasets", "Standard"],
      path: "Tests/TestSupport"),
    // Random sound networks and wrong layers, for tests and for `make test-proof`.
    .target(
      name: "RandomNetworks",
      dependencies: [
        "NNExp", "Datasets", "Engine", "GradientCheck", "YAMLTree", "Standard", "TestSupport",
      ],
      path: "Tests/RandomNetworks"),
    .testTarget(name: "NNExpTests", dependencies: ["Platform", "NNExp", "TestSupport"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "NNExp", "TestSupport"]),
    .testTarget(name: "YAMLTreeTests", dependencies: ["YAMLTree", "NNExp", "TestSupport"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "NNExp", "TestSupport"]),
    .testTarget(
      name: "StandardTests",
      dependencies: ["Standard", "NNExp", "GradientCheck", "Conformance", "TestSupport"]),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Platform", "Engine", "NNExp", "Datasets", "YAMLTree", "TestSupport"]),
    .testTarget(
      name: "GradientCheckTests",
      dependencies: [
        "GradientCheck", "Conformance", "Engine", "Datasets", "NNExp", "YAMLTree", "RandomNetworks",
        "TestSupport",
      ]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["Conformance", "GradientCheck", "NNExp", "TestSupport"]),
    .testTarget(
      name: "ExplanationTests",
      dependencies: [
        "Explanation", "ExperimentFile", "Engine", "Datasets", "NNExp", "TestSupport",
      ]),
    .testTarget(name: "PluginsTests", dependencies: ["Plugins", "NNExp", "TestSupport"]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts", "NNExp", "TestSupport"]),
    .testTarget(
      name: "ServingTests",
      dependencies: ["Serving", "Reports", "Results", "Files", "NNExp", "TestSupport"]),
    .testTarget(name: "TrackingTests", dependencies: ["Tracking", "NNExp"]),
    .testTarget(
      name: "InterchangeTests", dependencies: ["Interchange", "Files", "NNExp", "TestSupport"]),
    .testTarget(name: "ResultsTests", dependencies: ["Results", "Files", "NNExp", "TestSupport"]),
    .testTarget(
      name: "ExperimentFileTests",
      dependencies: [
        "ExperimentFile", "NNExp", "YAMLTree", "Datasets", "Engine", "GradientCheck", "TestSupport",
      ]),
    .testTarget(
      name: "GuideTests",
      dependencies: ["ExperimentFile", "Reference", "Datasets", "NNExp", "TestSupport"]),
    .testTarget(
      name: "LanguageServerTests",
      dependencies: ["LanguageServer", "Reference", "Files", "NNExp", "TestSupport"]),
    .testTarget(
      name: "SweepsTests",
      dependencies: ["Sweeps", "NNExp", "Files", "Datasets", "Results", "nnexp", "TestSupport"]),
    .testTarget(
      name: "RunningTests",
      dependencies: [
        "Running", "ExperimentFile", "Results", "Files", "Engine", "NNExp", "YAMLTree",
        "TestSupport",
      ]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["nnexp", "TestSupport"],
      exclude: [
        "Faults", "LastVersion", "allocation_counter.c", "at_end.h", "fault_injector.c",
        "memory_refuser.c",
        "no_proc.c",
        "peak_memory.c", "time_machine.c",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzing target needs libFuzzer, so that only `make fuzz` includes it.
if Context.environment["NNEXP_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Platform", "NNExp", "Files", "YAMLTree", "Datasets", "ExperimentFile", "Results",
        "Interchange", "Tracking",
        "Sweeps", "LanguageServer",
        "Standard",
      ],
      path: "Tests/Fuzz", exclude: ["Seeds", "kernels.c", "seeds.py"],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}

// The complete test of the gradient check, which only `make test-proof` includes.
if Context.environment["NNEXP_PROOF"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Proof", dependencies: ["Platform", "RandomNetworks", "GradientCheck", "NNExp"],
      path: "Tests/Proof", swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}

// The tests train and check many networks, so that debug builds are optimized too. For a
// debugger, NNEXP_UNOPTIMIZED=1 turns this off.
if Context.environment["NNEXP_UNOPTIMIZED"] == nil {
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-O"], .when(configuration: .debug))]
    target.cSettings =
      (target.cSettings ?? []) + [.unsafeFlags(["-O2"], .when(configuration: .debug))]
  }
}
